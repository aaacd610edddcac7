# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures of results as inline SVG: no script, so they show wherever HTML does."""

from html import escape

_COLOURS = {
    "busy": "#2e7d32",
    "empty": "#eceff1",
    "memory": "#c62828",
    "weights": "#ef6c00",
    "scratchpad": "#6a1b9a",
    "accumulator": "#ad1457",
    "buffer": "#8d6e63",
    "latency": "#78909c",
    "wait_load": "#1565c0",
    "wait_store": "#0097a7",
    "wait_array": "#7cb342",
    "wait_vector": "#fbc02d",
}
_OTHER = "#b0bec5"
_WIDTH, _LEFT, _ROW = 640, 120, 26


def _rectangle(x, y, width, colour, title):
    return (
        f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{_ROW - 8}" fill="{colour}">'
        f"<title>{escape(title)}</title></rect>"
    )


def _legend(causes, y):
    parts = []
    for index, cause in enumerate(causes):
        x, line = _LEFT + 130 * (index % 4), y + 18 * (index // 4)
        parts.append(
            f'<rect x="{x}" y="{line}" width="10" height="10" '
            f'fill="{_COLOURS.get(cause, _OTHER)}" stroke="#90a4ae" stroke-width="0.5"/>'
            f'<text x="{x + 15}" y="{line + 9}">{escape(cause)}</text>'
        )
    return parts, y + 18 * ((len(causes) + 3) // 4)


def unit_bars(result):
    """One bar for each unit: what it did in the cycles of the run."""
    total = max(result.cycles, 1)
    parts, seen = [], []
    for row, (name, unit) in enumerate(result.units.items()):
        x, y = float(_LEFT), row * _ROW + 4
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        stalls = sorted(unit["stalls"].items(), key=lambda item: (item[0] == "empty", -item[1]))
        for cause, cycles in [("busy", unit["busy"]), *stalls]:
            width = _WIDTH * cycles / total
            title = f"{name}: {cause} {cycles:,} cycles, {100 * cycles / total:.1f} %"
            parts.append(_rectangle(x, y, width, _COLOURS.get(cause, _OTHER), title))
            x += width
            if cause not in seen:
                seen.append(cause)
        share = 100 * unit["busy"] / total
        parts.append(f'<text x="{_LEFT + _WIDTH + 8}" y="{y + 13}">{share:.0f} % busy</text>')
    legend, height = _legend(seen, len(result.units) * _ROW + 8)
    return (
        f"<div><p>{escape(repr(result))}</p>"
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 80}" '
        f'height="{height + 4}" font-family="sans-serif" font-size="12">'
        + "".join(parts + legend)
        + "</svg></div>"
    )
