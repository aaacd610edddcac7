# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures of results as inline SVG: no script, so they show wherever HTML does."""

from tilework.drawing.canvas import page, scrolled
from tilework.drawing.chip import memory_map, parameter_table
from tilework.drawing.layers import layer_table
from tilework.drawing.limits import roofline
from tilework.drawing.time import scratchpad_use, timeline
from tilework.drawing.units import comparison, unit_bars

__all__ = [
    "comparison",
    "layer_table",
    "memory_map",
    "page",
    "parameter_table",
    "roofline",
    "scratchpad_use",
    "scrolled",
    "timeline",
    "unit_bars",
]
