# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A compiled program: call it for values, simulate it for cycles."""

import os
import tempfile

import numpy as np

from tilework import _native, drawing
from tilework.errors import InvalidArgument, Mismatch
from tilework.inspection import Report
from tilework.result import Simulation
from tilework.target import Target


class Executable:
    """What `tilework.compile` and `tilework.load` return."""

    def __init__(self, program, nodes=None):
        self._program = program
        self._nodes = program.nodes() if nodes is None else nodes
        self._report = program.inspect()

    def __reduce__(self):
        """Pickles and copies by value: the program file and where its nodes run."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program.tw")
            self.save(path)
            with open(path, "rb") as file:
                return _restore, (file.read(), self._nodes)

    @property
    def target(self):
        """A copy of the target that it was compiled for."""
        return Target(self._program.target())

    @property
    def inputs(self):
        """{name: (dtype, shape)} of what a call needs."""
        return {t["name"]: (t["dtype"], tuple(t["shape"])) for t in self._report["inputs"]}

    @property
    def outputs(self):
        """{name: (dtype, shape)} of what a call returns."""
        return {t["name"]: (t["dtype"], tuple(t["shape"])) for t in self._report["outputs"]}

    @property
    def nodes(self):
        """Where each node of the model runs; empty for a loaded program."""
        return self._nodes

    def _arrays(self, inputs):
        """Arrays pass unchanged; other values take the type of the input."""
        arrays = {}
        for name, value in inputs.items():
            wanted = self.inputs.get(name)
            if isinstance(value, np.ndarray) or hasattr(value, "__array__") or not wanted:
                arrays[name] = np.asarray(value)
            else:
                arrays[name] = np.asarray(value, dtype=wanted[0])
        return arrays

    def __call__(self, *, engine="functional", **inputs):
        """The model's outputs: {name: array}. Engines: functional, systemc, rtl.

        Arrays are read in place and must have the input's type and shape; every
        input must be there.
        """
        return self._program.run(self._arrays(inputs), engine, [], False).outputs(True)

    def draw_inputs(self, seed=1):
        """Valid inputs drawn from a seed."""
        return self._program.draw_inputs(seed)

    def simulate(self, inputs=None, *, engine="systemc", set=None, timing_only=False, seed=1):
        """Counts cycles and returns a Simulation.

        `engine`: systemc, rtl, or both, which raises Mismatch if one byte or one
        retire cycle differs. `set`: {key: value} of parameters of any class but
        legality; those of class planning too, though a compilation for them might
        give another program. Without `inputs` valid ones are drawn from `seed`. `timing_only`:
        no values are computed (systemc).
        """
        if engine not in ("systemc", "rtl", "both"):
            raise InvalidArgument(
                f"engine {engine!r} has no cycles: choose 'systemc', 'rtl' or 'both'; "
                "for values call the executable"
            )
        if timing_only and engine != "systemc":
            raise InvalidArgument("timing_only goes with the engine 'systemc' alone")
        arrays = self.draw_inputs(seed) if inputs is None else self._arrays(inputs)
        changes = [f"{key}={value}" for key, value in (set or {}).items()]

        def run(name):
            native = self._program.run(arrays, name, changes, timing_only)
            return Simulation(native, inputs_seed=seed if inputs is None else None)

        if engine != "both":
            return run(engine)
        model, chip = run("systemc"), run("rtl")
        equal = model._native.compare(chip._native)
        if not (equal["bytes"] and equal["cycles"]):
            error = Mismatch(f"the engines differ: {equal['first_difference']}")
            error.first, error.second = model, chip
            raise error
        model.rtl = chip
        return model

    def save(self, path):
        """Writes the program file, whole or not at all."""
        self._program.save(os.fspath(path))

    def inspect(self):
        """Instructions, bytes, inputs, outputs, bindings and how it was compiled."""
        return Report(self._program.inspect())

    def __repr__(self):
        r = self._report
        return (
            f"Executable({r['instructions']:,} instructions, "
            f"{r['weights_bytes'] / 1e6:.1f} MB weights, for {r['target']['text']}: "
            f"{', '.join(self.inputs)} → {', '.join(self.outputs)})"
        )

    def _repr_html_(self):
        return drawing.memory_map(self._report, repr(self))


def _restore(program, nodes):
    """An Executable from the bytes of its program file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "program.tw")
        with open(path, "wb") as file:
            file.write(program)
        return Executable(_native.load(path), nodes)
