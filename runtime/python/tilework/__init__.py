# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A compiler, a chip and its simulators for Transformer inference.

import tilework as tw

exe = tw.compile("model.onnx", target="edge", dims={"batch": 1, "sequence": 128})
y = exe(input_ids=ids)          # values, from the functional engine
r = exe.simulate()              # cycles, from the cycle model
"""

from tilework import _native
from tilework._progress import show_progress
from tilework.comparison import Comparison, compare
from tilework.compiling import compile, inspect, load
from tilework.errors import (
    EngineError,
    InternalError,
    InvalidArgument,
    InvalidModel,
    InvalidProgram,
    InvalidTarget,
    Mismatch,
    NotModelled,
    ProgramTrap,
    TileworkError,
    UnknownKey,
    UnsupportedModel,
    WrongType,
)
from tilework.executable import Executable
from tilework.layers import Layers
from tilework.result import Simulation
from tilework.target import Target, targets
from tilework.views import Roofline, ScratchpadUse, Timeline

__version__ = _native.version

__all__ = [
    "Comparison",
    "EngineError",
    "Executable",
    "InternalError",
    "InvalidArgument",
    "InvalidModel",
    "InvalidProgram",
    "InvalidTarget",
    "Layers",
    "Mismatch",
    "NotModelled",
    "ProgramTrap",
    "Roofline",
    "ScratchpadUse",
    "Simulation",
    "Target",
    "TileworkError",
    "Timeline",
    "UnknownKey",
    "UnsupportedModel",
    "WrongType",
    "compare",
    "compile",
    "inspect",
    "load",
    "show_progress",
    "targets",
]
