# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets: one value for each hardware parameter."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from tilework import _checks, _native, drawing
from tilework.errors import InvalidArgument, WrongType


class Target:
    """A legal set of hardware parameters.

    `specification` is a built-in target ("edge"), a YAML file, either with
    ",key=value" behind it, or another Target, which is copied. Values are numbers
    or text as on the command line ("512K"). Every change is checked as a whole and
    raises InvalidTarget, with the legal values, if the result cannot be built.

    Targets compare and hash by value. One that was hashed (put into a set, made a
    key) does not change any more; `Target(target, {key: value})` is another one.
    """

    def __init__(
        self,
        specification: str | os.PathLike[str] | Target | _native.Target = "edge",
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        self._hashed = False
        self._native: _native.Target
        if isinstance(specification, Target):
            self._native = _native.Target(specification._native)
        elif isinstance(specification, _native.Target):
            self._native = _native.Target(specification)
        elif isinstance(specification, (str, os.PathLike)):
            self._native = _native.Target(_checks.encoded(_checks.path("a target", specification)))
        else:
            raise WrongType(
                f"a target is a name, a YAML file or a Target, not {_checks.kind(specification)}"
            )
        if overrides is not None:
            self.update(overrides)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Target:
        """The target of a YAML file."""
        return cls(_checks.path("path", path))

    @property
    def name(self) -> str:
        """That of the built-in target or file that it comes from."""
        return self._native.name

    @property
    def like(self) -> str:
        """What a built-in target resembles."""
        return self._native.like

    @property
    def dram_bytes_per_s(self) -> float:
        """Peak of all channels, in bytes a second."""
        return self._native.dram_bytes_per_s

    def update(self, overrides: Mapping[str, Any]) -> None:
        """Sets all of {key: value}, or none of them if the result is not legal."""
        pairs = _checks.settings("overrides", overrides)
        if self._hashed:
            raise InvalidArgument(
                "this target was hashed and stays as it is: make another one, "
                "Target(target, {key: value})"
            )
        self._native.apply(pairs)

    def __getitem__(self, key: str) -> Any:
        """A number, or the text of a choice; UnknownKey, a KeyError, for a key that is none."""
        if _checks.text("a key", key) not in self:
            raise _checks.unknown_key(key, self)
        return self._native.value(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({_checks.text("a key", key): value})

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def keys(self) -> list[str]:
        """Keys of all parameters, block by block."""
        return [parameter["key"] for parameter in _native.parameters()]

    def parameters(self) -> list[dict[str, Any]]:
        """A dictionary for each parameter: key, value, unit, class, sentence, range."""
        return [{**p, "value": self[p["key"]]} for p in _native.parameters()]

    def to_dict(self) -> dict[str, Any]:
        """{block: {name: value}} with the name; what target files hold."""
        return self._native.to_dict()

    def to_yaml(self) -> str:
        """The text of a target file."""
        return self._native.to_yaml()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Target) and self._native == other._native

    def __hash__(self) -> int:
        self._hashed = True
        return hash(self.to_yaml())

    def __copy__(self) -> Target:
        return Target(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Target:
        return Target(self)

    def __reduce__(self) -> tuple[type[Target], tuple[_native.Target]]:
        return Target, (self._native,)

    def __repr__(self) -> str:
        rows, columns = self["systolic_array.rows"], self["systolic_array.columns"]
        return (
            f"Target({self.name!r}: array {rows}×{columns}, "
            f"{_native.bytes_text(self['scratchpad.size_bytes'])} scratchpad, "
            f"{_native.hertz_text(self['clock.frequency_hz'])}, {self['dram.standard']} "
            f"{_native.rate_text(self.dram_bytes_per_s)})"
        )

    def _repr_html_(self) -> str:
        return drawing.parameter_table(self)


def targets() -> dict[str, Target]:
    """The built-in targets: {name: Target}."""
    return _checks.Named((name, Target(name)) for name in _native.preset_names())
