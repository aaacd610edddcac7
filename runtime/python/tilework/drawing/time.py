# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The chip over the cycles of a run: what was in flight, and how full the scratchpad was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tilework import _native
from tilework._events import UNITS
from tilework.drawing import canvas
from tilework.drawing.canvas import LEFT, RIGHT, WIDTH

if TYPE_CHECKING:
    from tilework.reports import InFlight
    from tilework.views import ScratchpadUse, Timeline

_SLICES = 280


def _shares(columns: InFlight, cycles: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The share of each of _SLICES equal slices of the run with something in flight."""
    start, end = columns["start"].astype(np.int64), columns["end"].astype(np.int64)
    edges = np.linspace(0, cycles, _SLICES + 1)
    if not len(end):
        return np.zeros(_SLICES), edges
    begin = np.maximum(start, np.concatenate([[0], end[:-1] + 1]))
    length = np.maximum(end + 1 - begin, 0)
    ends = begin + length
    # Cycles in flight before each edge: whole spans, and the part of the one it cuts.
    done = np.concatenate([[0], np.cumsum(length)])
    index = np.searchsorted(ends, edges, side="left")
    cut = np.where(index < len(ends), edges - begin[np.minimum(index, len(ends) - 1)], 0)
    return np.diff(done[index] + np.maximum(cut, 0)) * _SLICES / cycles, edges


def timeline(line: Timeline) -> str:
    """A row for each unit, darker where more of the time something was in flight."""
    parts, y = [], 0
    cycles = max(line.cycles, 1)
    for unit, columns in line.units.items():
        share = f"in flight {100 * line.in_flight(unit) / cycles:.0f} %"
        parts.append(canvas.text(LEFT, y + 14, unit, bold=True))
        parts.append(canvas.text(LEFT + 130, y + 14, share))
        shares, edges = _shares(columns, cycles)
        levels = np.round(shares * 8).astype(int)
        changes = np.flatnonzero(np.diff(levels)) + 1
        for a, b in zip([0, *changes], [*changes, _SLICES]):
            if levels[a]:
                parts.append(
                    f'<rect x="{LEFT + WIDTH * a / _SLICES:g}" y="{y + 20}" '
                    f'width="{WIDTH * (b - a) / _SLICES:g}" height="16" '
                    f'fill="{UNITS[unit]["colour"]}" fill-opacity="{0.2 + 0.1 * levels[a]:g}"><title>'
                    f"{unit}: cycles {edges[a]:,.0f} to {edges[b]:,.0f}, in flight "
                    f"{100 * shares[a:b].mean():.0f} %</title></rect>"
                )
        parts.append(canvas.frame(LEFT, y + 20, WIDTH, 16))
        y += 42
    parts.append(canvas.axis(y, cycles, "cycles"))
    return canvas.picture(repr(line), parts, LEFT + WIDTH + RIGHT, y + 36)


def _fullest(use: ScratchpadUse) -> NDArray[np.int64]:
    """The moment of most bytes in each of _SLICES equal slices of the run."""
    total, cycles = use.total_bytes, use.cycles.astype(np.int64)
    edges = np.linspace(0, use.run_cycles, _SLICES + 1)
    # What a slice begins with was in use before it.
    first = np.searchsorted(cycles, edges[:-1], side="right") - 1
    last = np.searchsorted(cycles, edges[1:], side="left")
    return np.array(
        [a + int(np.argmax(total[a : max(b, a + 1)])) for a, b in zip(first, last)], np.int64
    )


def scratchpad_use(use: ScratchpadUse) -> str:
    """Bytes in use over time, by the unit that wrote them, one above the other."""
    left, top, height = 68, 22, 150
    moments = _fullest(use)
    parts = []
    for mark in canvas.ticks(use.capacity_bytes / 1024, 4):
        y = top + height * (1 - mark * 1024 / use.capacity_bytes)
        parts.append(canvas.line(left, y, left + WIDTH, y))
        parts.append(canvas.text(left - 6, y + 4, _native.bytes_text(mark * 1024), anchor="end"))
    below = np.zeros(_SLICES)
    x = left + WIDTH * np.arange(_SLICES) / _SLICES
    wide = WIDTH / _SLICES
    entries = []
    for unit, values in use.bytes.items():
        above = below + values[moments]
        y_above, y_below = (top + height * (1 - v / use.capacity_bytes) for v in (above, below))
        corners = [f"{a:.1f},{y:.1f} {a + wide:.1f},{y:.1f}" for a, y in zip(x, y_above)]
        back = [f"{a + wide:.1f},{y:.1f} {a:.1f},{y:.1f}" for a, y in zip(x[::-1], y_below[::-1])]
        words = f"written by the {UNITS[unit]['title']}, at most {_native.bytes_text(values.max())}"
        parts.append(
            f'<polygon points="{" ".join(corners + back)}" fill="{UNITS[unit]["colour"]}">'
            f"<title>{words}</title></polygon>"
        )
        entries.append((canvas.swatch(UNITS[unit]["colour"]), words, unit))
        below = above
    parts.append(canvas.frame(left, top, WIDTH, height))
    parts.append(canvas.text(left, 14, f"scratchpad, {_native.bytes_text(use.capacity_bytes)}"))
    axis = canvas.axis(top + height, use.run_cycles, "cycles")
    parts.append(f'<g transform="translate({left - LEFT} 0)">{axis}</g>')
    return canvas.picture(
        repr(use), parts, left + WIDTH + RIGHT, top + height + 36, canvas.legend(entries)
    )
