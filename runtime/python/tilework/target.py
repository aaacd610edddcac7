# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets: one value for each hardware parameter."""

from collections.abc import Mapping

from tilework import _native, drawing


class Target:
    """A legal set of hardware parameters.

    `specification` is a built-in target ("edge"), a YAML file, either with
    ",key=value" behind it, or another Target, which is copied. Values are numbers
    or text as on the command line ("512K"). Every change is checked as a whole and
    raises InvalidTarget, with the legal values, if the result cannot be built.
    """

    def __init__(self, specification="edge", overrides=None):
        if isinstance(specification, Target):
            self._native = _native.Target(specification._native)
        elif isinstance(specification, _native.Target):
            self._native = _native.Target(specification)
        elif isinstance(specification, str):
            self._native = _native.Target(specification)
        else:
            raise TypeError(
                f"a target is a name, a YAML file or a Target, not {type(specification).__name__}"
            )
        if overrides:
            self.update(overrides)

    @classmethod
    def load(cls, path):
        """The target of a YAML file."""
        return cls(str(path))

    @property
    def name(self):
        return self._native.name

    @property
    def like(self):
        """What a built-in target resembles."""
        return self._native.like

    @property
    def dram_bytes_per_s(self):
        """Peak of all channels."""
        return self._native.dram_bytes_per_s

    def update(self, overrides):
        """Sets all of {key: value}, or none of them if the result is not legal."""
        if not isinstance(overrides, Mapping):
            raise TypeError('overrides are a dictionary {"systolic_array.rows": 32}')
        self._native.apply([(str(key), str(value)) for key, value in overrides.items()])

    def __getitem__(self, key):
        return self._native.value(key)

    def __setitem__(self, key, value):
        self.update({key: value})

    def __contains__(self, key):
        return key in self.keys()

    def __iter__(self):
        return iter(self.keys())

    def keys(self):
        """Keys of all parameters, block by block."""
        return [parameter["key"] for parameter in _native.parameters()]

    def parameters(self):
        """A dictionary for each parameter: key, value, unit, class, sentence, range."""
        return [{**p, "value": self[p["key"]]} for p in _native.parameters()]

    def to_dict(self):
        """{block: {name: value}} with the name; what target files hold."""
        return self._native.to_dict()

    def to_yaml(self):
        return self._native.to_yaml()

    def __eq__(self, other):
        return isinstance(other, Target) and self._native == other._native

    __hash__ = None

    def __copy__(self):
        return Target(self)

    def __repr__(self):
        rows, columns = self["systolic_array.rows"], self["systolic_array.columns"]
        return (
            f"Target({self.name!r}: array {rows}×{columns}, "
            f"{self['scratchpad.size_bytes'] // 1024} KiB scratchpad, "
            f"{self['clock.frequency_hz'] / 1e6:g} MHz, {self['dram.standard']} "
            f"{self.dram_bytes_per_s / 1e9:.1f} GB/s)"
        )

    def _repr_html_(self):
        return drawing.parameter_table(self)


def targets():
    """The built-in targets: {name: Target}."""
    return {name: Target(name) for name in _native.preset_names()}
