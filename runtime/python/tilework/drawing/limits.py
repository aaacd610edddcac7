# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A run under the roof of its chip."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tilework import _native
from tilework.drawing import canvas

if TYPE_CHECKING:
    from tilework.views import Roofline

_LEFT, _TOP, _WIDTH, _HEIGHT = 64, 24, 520, 250
_RUN, _BEST = "#c30c18", "#17a2c6"


def _decades(low: float, high: float) -> list[float]:
    """Round numbers between two, for a logarithmic axis: 1, 2 and 5, or 1 alone."""
    factors = (1, 2, 5) if high / low < 2000 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marks = (factor * 10.0**power for power in powers for factor in factors)
    return [mark for mark in marks if low <= mark <= high]


def _rate(macs_per_s: float) -> str:
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if macs_per_s >= size:
            return f"{macs_per_s / size:.3g} {unit}"
    return f"{macs_per_s:.3g} "


def _mark(x: float, y: float, colour: str, title: str, *, ring: bool) -> str:
    paint = (
        f'fill="none" stroke="{colour}" stroke-width="3" r="8"'
        if ring
        else f'fill="{colour}" stroke="currentColor" r="5"'
    )
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" {paint}><title>{title}</title></circle>'


def roofline(roof: Roofline) -> str:
    """Both limits as lines over logarithmic axes, the run and its best case as points."""
    best = (roof.least_intensity, roof.attainable(roof.least_intensity))
    run = (roof.intensity, roof.macs_per_s)
    peak = roof.peak_macs_per_s
    intensities = [run[0], best[0], roof.ridge]
    left, right = min(intensities) / 3, max(intensities) * 3
    bottom, top = min(roof.attainable(left), run[1]) / 2, peak * 1.6

    def place(intensity: float, rate: float) -> tuple[float, float]:
        x = math.log(intensity / left) / math.log(right / left)
        y = math.log(top / rate) / math.log(top / bottom)
        return _LEFT + _WIDTH * x, _TOP + _HEIGHT * y

    def between(a: tuple[float, float], b: tuple[float, float], **style: bool | float) -> str:
        return canvas.line(*place(*a), *place(*b), **style)  # type: ignore[arg-type]

    parts = [canvas.text(_LEFT, 14, "multiply-accumulates a second", anchor="start")]
    for mark in _decades(left, right):
        x, y = place(mark, bottom)
        parts.append(between((mark, bottom), (mark, top)))
        parts.append(canvas.text(x, y + 16, f"{mark:g}", anchor="middle"))
    for mark in _decades(bottom, top):
        x, y = place(left, mark)
        parts.append(between((left, mark), (right, mark)))
        parts.append(canvas.text(x - 6, y + 4, _rate(mark), anchor="end"))
    start = (left, roof.attainable(left))
    parts.append(between(start, (roof.ridge, peak), width=2.5, soft=False))
    parts.append(between((roof.ridge, peak), (right, peak), width=2.5, soft=False))
    run_words = (
        f"this run: {_rate(run[1])}MAC/s at {run[0]:.3g} MACs for each byte, "
        f"{100 * roof.efficiency:.0f} % of the roof there"
    )
    best_words = f"with the least traffic: {best[0]:.3g} MACs for each byte"
    parts.append(_mark(*place(*best), _BEST, best_words, ring=True))
    parts.append(_mark(*place(*run), _RUN, run_words, ring=False))
    middle, foot = _LEFT + _WIDTH / 2, _TOP + _HEIGHT + 34
    parts.append(canvas.text(middle, foot, "MACs for each byte of DRAM traffic", anchor="middle"))
    roof_words = (
        f"roof: array {_rate(peak)}MAC/s, DRAM {_native.rate_text(roof.bandwidth_bytes_per_s)}"
    )
    entries = [
        (canvas.drawing(_mark(9, 9, _RUN, "", ring=False), 18, 18), run_words, ""),
        (canvas.drawing(_mark(9, 9, _BEST, "", ring=True), 18, 18), best_words, ""),
        (canvas.drawing(canvas.line(0, 6, 18, 6, width=2.5, soft=False), 18, 12), roof_words, ""),
    ]
    return canvas.picture(repr(roof), parts, _LEFT + _WIDTH + 24, foot + 10, canvas.legend(entries))
