# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What this package raises: one class for each way a call can end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilework.reports import NodeReport
    from tilework.result import Simulation


class TileworkError(Exception):
    """Base of all exceptions of this package."""


class InvalidArgument(TileworkError, ValueError):  # noqa: N818
    """A file, an option, a shape or a type that does not fit; the caller can mend it."""


class WrongType(InvalidArgument, TypeError):  # noqa: N818
    """An argument of a type that the call does not take."""


class UnknownKey(InvalidArgument, KeyError):  # noqa: N818
    """A key that a target or a result does not have."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # KeyError's own puts quotes around the message


class InvalidTarget(InvalidArgument):
    """A value of a hardware parameter that cannot be used."""


class InvalidModel(InvalidArgument):
    """A model that contradicts itself or is damaged."""


class InvalidProgram(InvalidArgument):
    """A program file that is damaged, or cannot be read or written."""


class UnsupportedModel(TileworkError):  # noqa: N818
    """A legal model that this compiler does not support.

    `nodes` is a list of dictionaries with name, op and domain of every node, and
    runs_on or the reason why it is not supported; `unsupported_share` is the share
    of the work that unsupported nodes are, of that which could be checked;
    `unchecked_nodes` is how many could not be, behind nodes without shapes.
    """

    nodes: Sequence[NodeReport] = ()
    unsupported_share: float = 0.0
    unchecked_nodes: int = 0


class Mismatch(TileworkError):  # noqa: N818
    """Two engines differ. `first` and `second` are the simulations, where there are two."""

    first: Simulation | None = None
    second: Simulation | None = None


class ProgramTrap(TileworkError, RuntimeError):  # noqa: N818
    """The program trapped: the chip refused an instruction."""


class NotModelled(TileworkError, AttributeError):  # noqa: N818
    """A quantity that this version has no model of, such as energy."""


class EngineError(TileworkError, RuntimeError):
    """An engine could not finish for a reason outside the program."""


class InternalError(TileworkError, RuntimeError):
    """A fault of the compiler, not of the model; the message says what reproduces it."""
