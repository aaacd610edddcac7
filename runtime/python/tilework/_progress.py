# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The one line that says how far long work is: on a terminal's standard error, or in a notebook."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

from tilework import _checks

_shown = True


def show_progress(shown: bool) -> None:
    """Whether long work says how far it is: at first it does, on terminals and in notebooks."""
    global _shown
    _shown = _checks.truth("shown", shown)


class _Terminal:
    """A row that is cleared before anything else is written."""

    def __init__(self) -> None:
        self._columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80

    def write(self, line: str) -> None:
        print(f"\r\033[K{line[: self._columns - 1]}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


class _Notebook:
    """An output of the cell whose text changes, and is empty in the end."""

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, line: str) -> None:
        text = {"text/plain": line}
        if self._handle is None:
            show: Any = importlib.import_module("IPython.display").display
            self._handle = show(text, raw=True, display_id=True)
        else:
            self._handle.update(text, raw=True)

    def clear(self) -> None:
        self.write("")


#: A fork of this process shares its terminal.
_process = os.getpid()


def _is_child() -> bool:
    """Whether another process of this program has the terminal: those of a pool share it."""
    processes = sys.modules.get("multiprocessing.process")
    return os.getpid() != _process or (
        processes is not None and processes.parent_process() is not None
    )


def _place() -> _Terminal | _Notebook | None:
    """Where a line can be shown, if anywhere."""
    if not _shown or threading.current_thread() is not threading.main_thread() or _is_child():
        return None
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if hasattr(shell, "kernel"):
        return _Notebook()
    try:
        return _Terminal() if sys.stderr.isatty() else None
    except (AttributeError, OSError, ValueError):  # there is none, or it is closed
        return None


@contextmanager
def line() -> Iterator[Callable[[str], None] | None]:
    """A function that shows a line, gone in the end; None where nothing can be shown."""
    place = _place()
    if place is None:
        yield None
        return
    written = False

    def show(text: str) -> None:
        nonlocal written
        written = True
        place.write(text)

    try:
        yield show
    finally:
        if written:
            place.clear()
