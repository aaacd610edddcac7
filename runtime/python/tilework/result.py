# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a simulation found."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilework import _checks, _files, _native, drawing
from tilework.errors import NotModelled
from tilework.layers import Layers, to_frame
from tilework.reports import (
    UNITS,
    Bound,
    DramBytes,
    Equality,
    NodeReport,
    SimulationReport,
    Unit,
)
from tilework.views import Roofline, ScratchpadUse, Timeline

__all__ = ["NodeReport", "Simulation"]


class _Kept:
    """What a simulation found, without the engine's run behind it: what pickles hold."""

    def __init__(self, run: _native.Run | _Kept) -> None:
        self._report, self._outputs = run.report(), run.outputs(False)
        self._records, self._names = run.records(), run.node_names()
        self._digest, self._planned = run.digest(), run.planned_note()
        self._scratchpad = run.scratchpad()

    def report(self) -> SimulationReport:
        return self._report

    def outputs(self, writable: bool) -> dict[str, NDArray[Any]]:
        for array in self._outputs.values():
            array.setflags(write=writable)
        return self._outputs

    def records(self) -> dict[str, NDArray[Any]]:
        return dict(self._records)

    def node_names(self) -> list[str]:
        return self._names

    def scratchpad(self) -> dict[str, Any]:
        return self._scratchpad

    def digest(self) -> str | None:
        return self._digest

    def planned_note(self) -> str:
        return self._planned


class Simulation:
    """Cycles of one run, and where each of them went.

    `rtl` is the RTL's own simulation after engine="both", else None. Pickles and
    copies hold everything but the engine's memory behind the run.
    """

    rtl: Simulation | None

    def __init__(self, native: _native.Run | _Kept, *, inputs_seed: int | None = None) -> None:
        self._native = native
        self._report: SimulationReport = _checks.named(native.report())
        if inputs_seed is not None:
            self._report["inputs_seed"] = inputs_seed
        self._outputs: dict[str, NDArray[Any]] | None = None
        self.rtl = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (_Kept(self._native), self._report.get("inputs_seed"), self.rtl)

    def _equality(self, other: Simulation) -> Equality | None:
        """Two runs of one program held against each other; None for two programs."""
        mine, its = self._native, other._native
        if isinstance(mine, _native.Run) and isinstance(its, _native.Run):
            if mine.same_program(its):
                return mine.compare(its)
        if self._report["program_sha256"] != other._report["program_sha256"]:
            return None
        digests = self.digest, other.digest
        equal: Equality = {
            "bytes": None if None in digests else digests[0] == digests[1],
            "cycles": self.cycles == other.cycles,
        }
        a, b = mine.records(), its.records()
        for key in ("unit", "pc", "context", "start", "end"):
            equal["cycles"] &= bool(np.array_equal(a[key], b[key]))
        return equal

    @property
    def engine(self) -> str:
        """ "systemc" or "rtl"."""
        return self._report["engine"]

    @property
    def target(self) -> str:
        """The chip that it ran on: a built-in target's name with every change behind it."""
        return self._report["target"]["text"]

    @property
    def planned(self) -> str:
        """ "planned for … , ran on …" where the program was planned for another chip, else ""."""
        return self._native.planned_note()

    @property
    def cycles(self) -> int:
        """Cycles of the core clock, from the start to the halt."""
        return self._report["cycles"]

    @property
    def clock_hz(self) -> int:
        """Cycles a second."""
        return self._report["clock_hz"]

    @property
    def latency_s(self) -> float:
        """Seconds that the run would take on the chip."""
        return self._report["latency_s"]

    @property
    def wall_s(self) -> float:
        """Seconds that the engine took on this machine."""
        return self._report["wall_s"]

    @property
    def cycles_per_s(self) -> float:
        """Simulated cycles per second of this machine."""
        return self._report["cycles_per_s"]

    @property
    def mac_utilization(self) -> float | None:
        """Share of the array's multiply-accumulates that the model used; None if unknown."""
        return self._report.get("mac_utilization")

    @property
    def bound(self) -> Bound | None:
        """The least cycles that the model needs on this chip, by each limit.

        {cycles, array_cycles, weight_load_cycles, vector_cycles, dram_cycles}, where `cycles`
        is the largest; None where the program does not say what its model is.
        """
        return self._report.get("bound")

    @property
    def bound_limit(self) -> str | None:
        """What the least cycles are set by: "array", "weight load", "vector", "dram", …

        None where nothing of the model runs on the chip, as there are none.
        """
        return self._report.get("bound_limit")

    @property
    def counters(self) -> dict[str, int]:
        """{counter: sum over the run}, each in the unit that dialects/events says."""
        return self._report["counters"]

    @property
    def dram_bytes(self) -> DramBytes:
        """{read, write, instructions}, in bytes."""
        return self._report["dram_bytes"]

    @property
    def units(self) -> dict[str, Unit]:
        """{unit: {busy, retired, stalls {cause: cycles}}}; each adds up to the cycles."""
        return self._report["units"]

    @property
    def stalls(self) -> dict[str, dict[str, int]]:
        """{unit: {cause: cycles}}."""
        return _checks.Named((name, unit["stalls"]) for name, unit in self.units.items())

    @property
    def layers(self) -> Layers:
        """Cycles by node of the model, a Layers; they add up to the cycles of the run."""
        return Layers(self._report["layers"], self.cycles)

    @property
    def energy(self) -> float:
        """Raises NotModelled: there is no model of energy."""
        raise NotModelled(
            "energy is not modelled: a simulation gives cycles, latency and traffic "
            "(cycles, latency_s, dram_bytes)"
        )

    def roofline(self) -> Roofline:
        """The run under the limits of array and off-chip memory, a Roofline."""
        return Roofline.of(self._report)

    def timeline(self) -> Timeline:
        """What each unit had in flight, a Timeline."""
        return Timeline(self.records(), self._native.node_names(), self.cycles)

    def scratchpad(self) -> ScratchpadUse:
        """How full the scratchpad was over the cycles of the run, a ScratchpadUse."""
        return ScratchpadUse(self._native.scratchpad(), self.cycles)

    @property
    def outputs(self) -> dict[str, NDArray[Any]]:
        """{name: array} of the model's types and shapes, read-only; empty after timing_only."""
        if self._outputs is None:
            self._outputs = _checks.Named(self._native.outputs(False))
        return self._outputs

    @property
    def inputs_digest(self) -> str | None:
        """SHA-256 over names, types, shapes and bytes of the inputs that it ran with."""
        return self._report.get("inputs_sha256")

    @property
    def digest(self) -> str | None:
        """SHA-256 over names, types, shapes and bytes of the outputs; None if not computed."""
        return self._native.digest()

    def records(self) -> dict[str, NDArray[Any]]:
        """Retire records: {unit, pc, context, start, end, bytes, node}, one array each.

        Each has the shape [instructions]. `start` and `end` are cycles, `unit` is a place
        in `tilework.reports.UNITS`, `node` one in `timeline().nodes`, -1 for none.
        """
        return self._native.records()

    def to_pandas(self) -> Any:
        """Retire records as a DataFrame, units and nodes by name; needs pandas."""
        columns: dict[str, Any] = self.records()
        names = np.array([*self._native.node_names(), None], dtype=object)
        columns["unit"] = np.array(UNITS, dtype=object)[columns["unit"].astype(int)]
        columns["node"] = names[columns["node"]]
        return to_frame(columns)

    def to_dict(self) -> dict[str, Any]:
        """The object that `tilework simulate --json` prints."""
        report: dict[str, Any] = dict(self._report)
        if self.rtl is not None:
            report["engine"] = "both"
            report["equal"] = {"bytes": True, "cycles": True}
            report["systemc"] = dict(self._report)
            report["rtl"] = self.rtl.to_dict()
        return report

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes to_dict() as JSON, or, to a name that ends in .npz, the outputs."""
        if _checks.path("path", path).endswith(".npz"):
            _files.write(path, lambda file: _files.put_arrays(file, self.outputs))
            return
        text = json.dumps(self.to_dict(), indent=2) + "\n"
        _files.write(path, lambda file: file.write(text.encode()))

    def __repr__(self) -> str:
        text = (
            f"Simulation({self.engine} on {self.target}: "
            f"{_native.count_text(self.cycles, 'cycle')}, "
            f"{_native.seconds_text(self.latency_s)} at {_native.hertz_text(self.clock_hz)}"
        )
        if self.mac_utilization is not None:
            text += f", MAC utilization {100 * self.mac_utilization:.1f} %"
        if self.planned:
            text += f"; {self.planned}"
        return text + ")"

    def _repr_html_(self) -> str:
        return drawing.unit_bars(self)


def _restore(kept: _Kept, inputs_seed: int | None, rtl: Simulation | None) -> Simulation:
    simulation = Simulation(kept, inputs_seed=inputs_seed)
    simulation.rtl = rtl
    return simulation
