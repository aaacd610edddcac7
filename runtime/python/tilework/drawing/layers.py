# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The nodes of the model with the most cycles, each with the units through which they went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from tilework import _native
from tilework._events import UNITS
from tilework.drawing import canvas

if TYPE_CHECKING:
    from tilework.layers import Layers

# Where the columns end; the bar begins and how long it is.
_NAME, _CYCLES, _SHARE, _BAR, _BAR_WIDTH, _ROW = 196, 480, 530, 204, 200, 20


def layer_table(
    layers: Layers,
    units: Sequence[Literal["systolic_array", "vector_unit", "load_dma", "store_dma"]],
) -> str:
    """The 25 largest rows; the bar of the first is as long as there is room."""
    total = max(layers.total, 1)
    rows = layers.top(25)
    scale = _BAR_WIDTH / max([row["cycles"] for row in rows[:1]] + [1])
    parts, y = [], 20
    for end, words in ((_NAME, "node"), (_CYCLES, "cycles"), (_SHARE, "share")):
        parts.append(canvas.text(end, 14, words, anchor="end", bold=True))
    for row in rows:
        fused = len(row["nodes"]) - 1
        more = f" +{fused}" if fused > 0 and row["op"] != row["node"] else ""
        name = canvas.shortened(row["node"], 27 - len(more)) + more
        parts.append(
            canvas.text(_NAME, y + 13, name, anchor="end", title=", ".join(row["nodes"][:40]))
        )
        parts.append(canvas.text(_CYCLES, y + 13, f"{row['cycles']:,}", anchor="end"))
        share = f"{100 * row['cycles'] / total:.1f} %"
        parts.append(canvas.text(_SHARE, y + 13, share, anchor="end"))
        idle = row["cycles"] - sum(row[unit] for unit in units)
        x: float = _BAR
        for unit in units:
            if row[unit]:
                cycles = _native.count_text(row[unit], "cycle")
                title = f"{row['node']}: {UNITS[unit]['title']}, {cycles}"
                colour = UNITS[unit]["colour"]
                parts.append(canvas.piece(x, y + 2, scale * row[unit], 14, colour, title))
                x += scale * row[unit]
        if idle:
            title = f"nothing in flight, {_native.count_text(idle, 'cycle')}"
            parts.append(canvas.piece(x, y + 2, scale * idle, 14, "", title, pattern="faint"))
        parts.append(canvas.frame(_BAR, y + 2, scale * row["cycles"], 14))
        y += _ROW
    rest = sum(row["cycles"] for row in layers.rows) - sum(row["cycles"] for row in rows)
    if rest:
        parts.append(canvas.text(_NAME, y + 13, "all others", anchor="end"))
        parts.append(canvas.text(_CYCLES, y + 13, f"{rest:,}", anchor="end"))
        parts.append(canvas.text(_SHARE, y + 13, f"{100 * rest / total:.1f} %", anchor="end"))
        y += _ROW
    entries: list[tuple[str, str, str]] = [
        (canvas.swatch(UNITS[u]["colour"]), UNITS[u]["title"], u) for u in units
    ]
    entries.append((canvas.swatch("", "faint"), "nothing in flight", "in none of the units"))
    return canvas.picture(repr(layers), parts, _SHARE + 8, y + 6, canvas.legend(entries))
