# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files that are written whole or not at all, and what is said where they cannot be."""

from __future__ import annotations

import contextlib
import os
import secrets
import zipfile
from collections.abc import Iterable, Mapping
from html import escape
from typing import IO, Any, Callable

import numpy as np
from numpy.typing import NDArray

from tilework import _checks, _native
from tilework.errors import InvalidArgument


def put_arrays(file: IO[bytes], arrays: Mapping[str, NDArray[Any]]) -> None:
    """An .npz file, whatever the names are: numpy.savez takes some for its own arguments."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


def put_page(path: Any, title: str, block: str) -> None:
    """A picture as a page of its own."""
    text = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title></head>\n<body>{block}</body></html>\n"
    )
    write(path, lambda file: file.write(text.encode()))


#: Files of the models that this process has compiled: nothing is written over them.
_read: set[bytes] = set()


def keep(files: Iterable[bytes]) -> None:
    """Refuses from now on to write over these files."""
    _read.update(os.path.abspath(file) for file in files)


def write(path: Any, fill: Callable[[IO[bytes]], object]) -> None:
    """Lets `fill` write into a file that takes the name `path` once it is whole."""
    name = _checks.path("path", path)
    _native.require_apart(_checks.encoded(name), sorted(_read))
    target = os.path.realpath(name)
    temporary = None
    try:
        if os.path.exists(target) and not os.path.isfile(target):  # a pipe, a device; or a folder
            with open(target, "wb") as file:
                fill(file)
            return
        beside = f"{target}.{secrets.token_hex(4)}"
        with open(beside, "xb") as file:
            temporary = beside
            fill(file)
        os.replace(temporary, target)
        temporary = None
    except OSError as error:
        raise InvalidArgument(f"cannot write {name!r}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
