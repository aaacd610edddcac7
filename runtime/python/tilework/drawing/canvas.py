# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What every picture is made of: an SVG as wide as it is, which scrolls, between caption and legend.

Text, grids and outlines are painted in the colour of the text, which follows the theme of the
page: that of Jupyter, VS Code or Colab, or of a page of documentation, else the system's.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from html import escape

#: Width of bars and axes, and what stands left and right of them.
WIDTH, LEFT, RIGHT = 560, 8, 48

_THEMES = (
    # (selectors of a page that is light, of one that is dark)
    ('[data-jp-theme-light="true"]', '[data-jp-theme-light="false"]'),
    (".vscode-light", ".vscode-dark"),
    (".vscode-high-contrast-light", ".vscode-high-contrast:not(.vscode-high-contrast-light)"),
    ('[data-theme="light"]', '[data-theme="dark"]'),
    ('[data-bs-theme="light"]', '[data-bs-theme="dark"]'),
    ('[theme="light"]', '[theme="dark"]'),
)


def _scheme(dark: int, name: str) -> str:
    selectors = ",".join(f"{pair[dark]} .tw-picture" for pair in _THEMES)
    return f"{selectors}{{color-scheme:{name}}}"


_STYLE = (
    "<style>"
    ".tw-picture{color-scheme:light dark;color:light-dark(#1f2328,#e6e9ed);"
    "background:light-dark(#ffffff,#15181c);padding:8px;font:13px/1.45 sans-serif;text-align:left}"
    + _scheme(0, "light")
    + _scheme(1, "dark")
    + ".tw-picture p{margin:0 0 6px;overflow-wrap:anywhere}"
    ".tw-scroll{overflow-x:auto}"
    ".tw-picture svg{max-width:none;display:inline-block;vertical-align:middle}"
    ".tw-legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin-top:6px}"
    ".tw-legend svg{margin-right:6px}"
    ".tw-list{margin-top:8px}"
    ".tw-scroll table{min-width:820px}"
    ".tw-picture table{border-collapse:collapse;color:inherit;background:none;font-size:12px;"
    "margin:0}"
    ".tw-picture :is(td,th){text-align:left;vertical-align:top;padding:2px 12px 2px 0;"
    "color:inherit;background:none}"
    "</style>"
)


def text(
    x: float, y: float, words: str, *, anchor: str = "start", bold: bool = False, title: str = ""
) -> str:
    """Words on a line at `y`; `title` is read on pointing at them."""
    weight = ' font-weight="bold"' if bold else ""
    hover = f"<title>{escape(title)}</title>" if title else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{weight}>{hover}{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, *, width: float = 1, soft: bool = True) -> str:
    opacity = ' stroke-opacity="0.25"' if soft else ""
    return (
        f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" '
        f'stroke="currentColor" stroke-width="{width:g}"{opacity}/>'
    )


def frame(x: float, y: float, width: float, height: float, *, filled: bool = False) -> str:
    """The outline of a bar or a block; filled, with the faint tone of the page."""
    fill = 'fill="currentColor" fill-opacity="0.1"' if filled else 'fill="none"'
    return (
        f'<rect x="{x:.2f}" y="{y:g}" width="{width:.2f}" height="{height:g}" {fill} '
        'stroke="currentColor" stroke-opacity="0.4"/>'
    )


def _is_dark(colour: str) -> bool:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140


def piece(
    x: float,
    y: float,
    width: float,
    height: float,
    colour: str,
    title: str,
    *,
    pattern: str = "solid",
    opacity: float = 1,
) -> str:
    """A part of a bar, apart from the next one by a hair where there is room for it.

    `pattern`: solid, faint (the tone of the page), stripes or dots. Patterns are dashed
    lines: a shared definition would be lost where the picture that holds it is hidden.
    """
    shown = max(width - 0.7, 0) if width > 2.5 else width
    fill = f'fill="{colour}"' + (f' fill-opacity="{opacity:g}"' if opacity < 1 else "")
    if pattern == "faint":
        fill = 'fill="currentColor" fill-opacity="0.1"'
    parts = f'<rect x="{x:.2f}" y="{y:g}" width="{shown:.2f}" height="{height:g}" {fill}/>'
    if pattern in ("stripes", "dots"):
        thick, dash = (height, "2 4") if pattern == "stripes" else (2.5, "2.5 4")
        ink, opacity = ("#ffffff", 0.55) if _is_dark(colour) else ("#000000", 0.4)
        parts += (
            f'<line x1="{x + 1:.2f}" y1="{y + height / 2:g}" x2="{x + max(shown, 1):.2f}" '
            f'y2="{y + height / 2:g}" stroke="{ink}" stroke-opacity="{opacity:g}" '
            f'stroke-width="{thick:g}" stroke-dasharray="{dash}"/>'
        )
    return f"<g><title>{escape(title)}</title>{parts}</g>"


def swatch(colour: str, pattern: str = "solid") -> str:
    """A small square for a legend."""
    inner = piece(0, 0, 14, 12, colour, "", pattern=pattern).replace("<title></title>", "")
    return drawing(inner + frame(0.5, 0.5, 13, 11), 14, 12)


def drawing(inner: str, width: float, height: float, label: str = "") -> str:
    role = f' role="img" aria-label="{escape(label)}"' if label else ' aria-hidden="true"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="sans-serif" font-size="12" '
        f'fill="currentColor" style="max-width:none"{role}>{inner}</svg>'
    )


def legend(entries: Iterable[tuple[str, str, str]]) -> str:
    """Entries of (swatch, words, sentence read on pointing at them); they wrap."""
    items = (
        f'<span title="{escape(sentence)}">{mark}{escape(words)}</span>'
        for mark, words, sentence in entries
    )
    return f'<div class="tw-legend">{"".join(items)}</div>'


def paragraph(words: str) -> str:
    return f"<p>{escape(words)}</p>"


def listed(heading: str, lines: Sequence[str]) -> str:
    """Lines of text under a heading; nothing where there are none."""
    if not lines:
        return ""
    items = "".join(f"<div>{escape(words)}</div>" for words in lines)
    return f'<div class="tw-list"><b>{escape(heading)}</b>{items}</div>'


def page(caption: str, *parts: str) -> str:
    """A block of HTML in the page's theme; `parts` are HTML already."""
    return f'<div class="tw-picture">{_STYLE}{paragraph(caption)}{"".join(parts)}</div>'


def scrolled(html: str, label: str) -> str:
    """HTML that is as wide as it is, in a box that is as wide as the page."""
    return (
        f'<div class="tw-scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f"{html}</div>"
    )


def picture(
    caption: str, parts: Sequence[str], width: float, height: float, *below: str, above: str = ""
) -> str:
    """A drawing of that size between its caption and HTML below it."""
    svg = drawing("".join(parts), width, height, caption)
    return page(caption, above, scrolled(svg, caption), *below)


def ticks(largest: float, count: int = 5) -> list[float]:
    """Round numbers from 0 to `largest`, about `count` of them: multiples of 1, 2 or 5."""
    if largest <= 0:
        return [0]
    rough = largest / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return [step * i for i in range(int(largest / step + 1e-9) + 1)]


def axis(y: float, largest: float, words: str, *, write: object = None) -> str:
    """A scale from 0 to `largest` under bars that end at `y`; 30 high. `write` writes a number."""
    parts = [line(LEFT, y, LEFT + WIDTH, y, soft=False)]
    for value in ticks(largest):
        x = LEFT + WIDTH * value / max(largest, 1e-300)
        label = write(value) if callable(write) else f"{value:,.0f}"
        parts.append(line(x, y, x, y + 4, soft=False))
        parts.append(text(x, y + 16, label, anchor="middle" if value else "start"))
    parts.append(text(LEFT + WIDTH, y + 30, words, anchor="end"))
    return "".join(parts)


def columns(words: str) -> int:
    """How many columns the words take, wide characters two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in words)


def shortened(words: str, most: int) -> str:
    """The words, or their beginning and end where they take more than `most` columns."""
    if columns(words) <= most:
        return words
    head = tail = ""
    for character in words:
        if columns(head + character) > most // 3:
            break
        head += character
    for character in reversed(words):
        if columns(tail + character) > most - most // 3 - 1:
            break
        tail = character + tail
    return f"{head}…{tail}"
