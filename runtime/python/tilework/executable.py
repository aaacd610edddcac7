# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A compiled program: call it for values, simulate it for cycles."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tilework import _checks, _native, _progress, drawing
from tilework.errors import InvalidArgument, Mismatch, WrongType
from tilework.inspection import Report
from tilework.reports import Engine, NodeReport
from tilework.result import Simulation
from tilework.target import Target


class Executable:
    """What `tilework.compile` and `tilework.load` return."""

    def __init__(self, program: _native.Program, nodes: list[NodeReport] | None = None) -> None:
        self._program = program
        self._nodes = program.nodes() if nodes is None else nodes
        self._report = program.inspect()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles and copies by value: the program file and where its nodes run."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program.tw")
            self.save(path)
            with open(path, "rb") as file:
                return _restore, (file.read(), self._nodes)

    @property
    def target(self) -> Target:
        """A copy of the target that it was compiled for."""
        return Target(self._program.target())

    @property
    def inputs(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """{name: (dtype, shape)} of what a call needs."""
        return _described(self._report["inputs"])

    @property
    def outputs(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """{name: (dtype, shape)} of what a call returns."""
        return _described(self._report["outputs"])

    @property
    def nodes(self) -> list[NodeReport]:
        """Where each node of the model runs; empty for a loaded program."""
        return self._nodes

    def _arrays(self, inputs: Mapping[str, ArrayLike]) -> dict[str, NDArray[Any]]:
        """Arrays pass unchanged; other values take the type of the input."""
        arrays: dict[str, NDArray[Any]] = {}
        for name, value in inputs.items():
            _checks.text("the name of an input", name)
            wanted = self.inputs.get(name)
            if value is None:
                raise WrongType(f"input {name!r} is an array, not None")
            if isinstance(value, np.ndarray) or hasattr(value, "__array__") or not wanted:
                arrays[name] = np.asarray(value)
            else:
                try:
                    carrier = np.dtype(_native.carrier(wanted[0]))
                    given = np.asarray(value)
                    if given.dtype.kind in "OSU":  # NumPy would read text, and None
                        raise TypeError("it holds what is no number, or a number too large")
                    if given.dtype.kind == "c":
                        raise TypeError("it holds complex numbers")
                    if given.dtype.kind == "f" and carrier.kind in "iub":
                        if (given != np.floor(given)).any():
                            raise TypeError("it holds numbers that are not whole")
                    arrays[name] = np.asarray(value, dtype=carrier)
                except (TypeError, ValueError, OverflowError) as error:
                    raise WrongType(
                        f"input '{name}' is an array of {wanted[0]}, shape {wanted[1]}, "
                        f"not {_checks.kind(value)}: {error}"
                    ) from None
        return arrays

    def __call__(
        self,
        /,
        *array: ArrayLike | Mapping[str, ArrayLike],
        engine: Any = "functional",
        **inputs: ArrayLike,
    ) -> dict[str, NDArray[Any]]:
        """The model's outputs: {name: array}. Engines: functional, systemc, rtl.

        Arrays are read in place and must have the input's type and shape; every
        input must be there. The array of a model with one input needs no name.
        Inputs may be one dictionary, {name: array}, which has room for one that is
        called `engine`.
        """
        if "engine" in self.inputs and not isinstance(engine, str):
            raise WrongType(
                "engine= names the engine; an input 'engine' goes into a dictionary: "
                "exe({'engine': array, …})"
            )
        name = _checks.text("engine", engine)
        return _checks.Named(
            self._run(self._arrays(self._named(array, inputs)), name).outputs(True)
        )

    def _named(
        self, array: Sequence[Any], inputs: Mapping[str, ArrayLike]
    ) -> Mapping[str, ArrayLike]:
        """The inputs of a call by name, however they are given."""
        if not array:
            return inputs
        if len(array) == 1 and not inputs:
            if isinstance(array[0], Mapping):
                return array[0]
            if len(self.inputs) == 1:
                return dict(zip(self.inputs, array))
        example = ", ".join(f"{key}=…" for key in self.inputs if key != "engine")
        raise WrongType(
            f"inputs are given by name: exe({example}), or as one dictionary: exe(inputs)"
        )

    def _run(
        self,
        arrays: dict[str, NDArray[Any]],
        engine: str,
        changes: Sequence[str] = (),
        timing_only: bool = False,
        total: int = 0,
    ) -> _native.Run:
        """Runs behind a line of progress; `total` cycles are known to be its end."""
        with _progress.line() as show:
            return self._program.run(arrays, engine, changes, timing_only, total, show)

    def draw_inputs(self, seed: int = 1) -> dict[str, NDArray[Any]]:
        """Valid inputs drawn from a seed: {name: array} of the types and shapes of `inputs`."""
        return self._program.draw_inputs(_checks.integer("seed", seed))

    def simulate(
        self,
        inputs: Mapping[str, ArrayLike] | None = None,
        *,
        engine: Engine = "systemc",
        set: Mapping[str, Any] | None = None,
        timing_only: bool = False,
        seed: int | None = None,
    ) -> Simulation:
        """Counts cycles and returns a Simulation.

        `engine`: systemc, rtl, or both, which raises Mismatch if one byte or one
        retire cycle differs. `set`: {key: value} of parameters of any class but
        legality; those of class planning too, though a compilation for them might
        give another program. Without `inputs` valid ones are drawn from `seed` (1 if none is
        given); with them there is no seed. `timing_only`: no values are computed (systemc).
        """
        if _checks.text("engine", engine) not in ("systemc", "rtl", "both"):
            raise InvalidArgument(
                f"engine {engine!r} has no cycles: choose 'systemc', 'rtl' or 'both'; "
                "for values call the executable"
            )
        if _checks.truth("timing_only", timing_only) and engine != "systemc":
            raise InvalidArgument("timing_only goes with the engine 'systemc' alone")
        drawn = None if inputs is not None else 1 if seed is None else seed
        if drawn is not None:
            arrays = self.draw_inputs(drawn)
        elif seed is not None:
            raise InvalidArgument("seed draws inputs, and they are given: leave one out")
        else:
            arrays = self._arrays(_checks.mapping("inputs", inputs, "{name: array}"))
        changes = [f"{key}={value}" for key, value in _checks.settings("set", set)]

        def run(name: str, total: int = 0) -> Simulation:
            native = self._run(arrays, name, changes, timing_only, total)
            return Simulation(native, inputs_seed=drawn)

        if engine != "both":
            return run(engine)
        model = run("systemc")
        chip = run("rtl", model.cycles)
        equal = model._equality(chip)
        if equal is None or not (equal["bytes"] and equal["cycles"]):
            error = Mismatch(f"the engines differ: {(equal or {}).get('first_difference')}")
            error.first, error.second = model, chip
            raise error
        model.rtl = chip
        return model

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the program file, whole or not at all."""
        self._program.save(_checks.encoded(_checks.path("path", path)))

    def inspect(self) -> Report:
        """Instructions, bytes, inputs, outputs, bindings and how it was compiled."""
        return Report(self._program.inspect())

    def __repr__(self) -> str:
        r = self._report
        return (
            f"Executable({_native.count_text(r['instructions'], 'instruction')}, "
            f"{_native.bytes_text(r['weights_bytes'])} of weights, for {r['target']['text']}: "
            f"{', '.join(self.inputs)} → {', '.join(self.outputs)})"
        )

    def _repr_html_(self) -> str:
        return drawing.memory_map(self._report, repr(self))


def _described(tensors: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, tuple[int, ...]]]:
    return _checks.Named((t["name"], (t["dtype"], tuple(t["shape"]))) for t in tensors)


def _restore(program: bytes, nodes: list[NodeReport]) -> Executable:
    """An Executable from the bytes of its program file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "program.tw")
        with open(path, "wb") as file:
            file.write(program)
        return Executable(_native.load(_checks.encoded(path)), nodes)
