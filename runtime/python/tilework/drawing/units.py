# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the units of the chip did with their cycles, in one run or in two on one scale."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tilework import _native
from tilework._events import ACTIVITIES, UNITS
from tilework.drawing import canvas
from tilework.drawing.canvas import LEFT, RIGHT, WIDTH
from tilework.reports import Unit

if TYPE_CHECKING:
    from tilework.comparison import Comparison
    from tilework.result import Simulation


def _activities(unit: Unit) -> list[tuple[str, int]]:
    """Busy, then the causes with the most cycles, nothing to do last; none without cycles."""
    stalls = sorted(unit["stalls"].items(), key=lambda item: (item[0] == "empty", -item[1]))
    return [(cause, cycles) for cause, cycles in [("busy", unit["busy"]), *stalls] if cycles]


def _bar(name: str, unit: Unit, x: float, y: float, height: float, scale: float) -> str:
    total = max(unit["busy"] + sum(unit["stalls"].values()), 1)
    parts = []
    begin = x
    for cause, cycles in _activities(unit):
        activity = ACTIVITIES[cause]
        share = f"{_native.count_text(cycles, 'cycle')}, {100 * cycles / total:.1f} %"
        parts.append(
            canvas.piece(
                x,
                y,
                scale * cycles,
                height,
                activity["colour"],
                f"{name}: {activity['label']}, {share}",
                pattern=activity["pattern"],
            )
        )
        x += scale * cycles
    parts.append(canvas.frame(begin, y, x - begin, height))
    return "".join(parts)


def _legend(runs: Iterable[Simulation]) -> str:
    """The causes that the bars show, in the order of their priority."""
    units = [unit for run in runs for unit in run.units.values()]
    seen = {cause for unit in units for cause, _ in _activities(unit)}
    return canvas.legend(
        (canvas.swatch(activity["colour"], activity["pattern"]), activity["label"], sentence)
        for cause, activity in ACTIVITIES.items()
        if cause in seen
        for sentence in [f"{cause}: {activity['sentence']}"]
    )


def _busy(run: Simulation, name: str) -> str:
    return f"{100 * run.units[name]['busy'] / max(run.cycles, 1):.0f} %"


def unit_bars(result: Simulation) -> str:
    """A bar for each unit: every cycle is busy or has its cause."""
    parts, y = [], 0
    for name in UNITS:
        parts.append(canvas.text(LEFT, y + 14, name, bold=True))
        parts.append(canvas.text(LEFT + 130, y + 14, f"busy {_busy(result, name)}"))
        parts.append(
            _bar(name, result.units[name], LEFT, y + 20, 16, WIDTH / max(result.cycles, 1))
        )
        y += 42
    parts.append(canvas.axis(y, result.cycles, "cycles"))
    return canvas.picture(repr(result), parts, LEFT + WIDTH + RIGHT, y + 36, _legend([result]))


def comparison(compared: Comparison) -> str:
    """A pair of bars for each unit, both runs on one scale, and what moved most.

    The scale is one of cycles, or, where the chips have different clocks, of time.
    """
    first, second = compared.first, compared.second
    same_clock = first.clock_hz == second.clock_hz
    longest = max(first.latency_s, second.latency_s, 1e-300)
    parts, y = [], 0
    for name in UNITS:
        busy = f"busy {_busy(first, name)} → {_busy(second, name)}"
        parts.append(canvas.text(LEFT, y + 14, name, bold=True))
        parts.append(canvas.text(LEFT + 130, y + 14, busy))
        for number, run in enumerate((first, second), 1):
            scale = WIDTH * run.latency_s / longest / max(run.cycles, 1)
            y_bar = y + 4 + 16 * number
            parts.append(canvas.text(LEFT + 6, y_bar + 11, str(number), anchor="end"))
            parts.append(_bar(name, run.units[name], LEFT + 12, y_bar, 13, scale))
        y += 56
    shifted = '<g transform="translate(12 0)">{}</g>'
    if same_clock:
        parts.append(shifted.format(canvas.axis(y, max(first.cycles, second.cycles), "cycles")))
    else:
        parts.append(shifted.format(canvas.axis(y, longest, "time", write=_native.seconds_text)))
    heads = "".join(
        canvas.paragraph(
            f"{number}: {run.engine} on {run.target}: "
            f"{_native.count_text(run.cycles, 'cycle')}, {_native.seconds_text(run.latency_s)}"
        )
        for number, run in enumerate((first, second), 1)
    )
    heads += "".join(canvas.paragraph(f"warning: {warning}") for warning in compared.warnings)
    moved = [
        f"{unit}, {ACTIVITIES[activity]['label'] if activity in ACTIVITIES else activity}: "
        f"{before:,} → {after:,} cycles ({after - before:+,})"
        for unit, activity, before, after in compared.moved()[:6]
    ]
    return canvas.picture(
        repr(compared),
        parts,
        LEFT + 12 + WIDTH + RIGHT,
        y + 36,
        _legend([first, second]),
        canvas.listed("what moved most", moved),
        above=heads,
    )
