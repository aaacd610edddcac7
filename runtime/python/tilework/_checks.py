# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arguments of the wrong type are errors of this package, which say what was wanted."""

from __future__ import annotations

import difflib
import math
import operator
import os
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from tilework.errors import InvalidArgument, UnknownKey, WrongType


def kind(value: object) -> str:
    """The type of a value, for a message."""
    return "None" if value is None else type(value).__name__


def unknown_key(key: object, known: Iterable[str]) -> UnknownKey:
    names = list(known)
    near = difflib.get_close_matches(key, names, 1) if isinstance(key, str) else []
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names) or 'none'}"
    return UnknownKey(f"there is no {key!r}; {hint}")


class Named(dict[str, Any]):
    """A dictionary of a result: what is not in it is an error of this package."""

    def __missing__(self, key: object) -> Any:
        raise unknown_key(key, self)


def named(value: Any) -> Any:
    """The same lists and values, with every dictionary in them a Named."""
    if isinstance(value, dict):
        return Named((key, named(item)) for key, item in value.items())
    return [named(item) for item in value] if isinstance(value, list) else value


def integer(name: str, value: Any, least: int = 0) -> int:
    """A whole number of at least `least`; NumPy's count, booleans do not."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise WrongType(f"{name} is a whole number, not {value!r} ({kind(value)})")
    try:
        number = operator.index(value)
    except TypeError:  # an array of NumPy's has __index__ too
        raise WrongType(f"{name} is a whole number, not {kind(value)}") from None
    if not least <= number < 2**63:
        raise InvalidArgument(f"{name} is {number}, and must be from {least} to 2**63 - 1")
    return number


def number(name: str, value: Any) -> float:
    """A finite number of at least 0; NumPy's count, booleans do not."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise WrongType(f"{name} is a number, not {kind(value)}")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not 0 <= found < math.inf:
        raise InvalidArgument(f"{name} is {found}, and must be a finite number from 0 on")
    return found


def settings(name: str, values: Any) -> list[tuple[str, str]]:
    """{parameter: number or text as on the command line} as pairs of text."""
    pairs = []
    for key, value in mapping(name, values, '{"dram.channels": 4}').items():
        text(f"a key of {name}", key)
        if isinstance(value, str):
            text(f"{name}[{key!r}]", value)
        elif isinstance(value, bool) or not isinstance(value, Real):
            raise WrongType(f"{name}[{key!r}] is a number or text, not {kind(value)}")
        pairs.append((key, str(int(value) if isinstance(value, Integral) else value)))
    return pairs


def text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise WrongType(f"{name} is text, not {kind(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"{name} is {value!a}, which has half a character") from None
    return value


def truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise WrongType(f"{name} is True or False, not {kind(value)}")
    return value


def path(name: str, value: Any) -> str:
    """A path as text."""
    if not isinstance(value, (str, os.PathLike)):
        raise WrongType(f"{name} is a path, not {kind(value)}")
    found = os.fsdecode(value)
    if "\0" in found:
        raise InvalidArgument(f"{found!r} is no path: it has a zero byte")
    return found


def encoded(path: str) -> bytes:
    """The bytes of a path, also of one that is no UTF-8."""
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:
        raise InvalidArgument(f"{path!a} is no path: it has half a character") from None


def mapping(name: str, value: Any, example: str) -> Mapping[Any, Any]:
    """A dictionary, or an empty one for None."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise WrongType(f"{name} is a dictionary, as {example}, not {kind(value)}")
    return value
