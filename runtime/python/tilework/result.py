# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a simulation found."""

import json
import os

import numpy as np

from tilework import drawing
from tilework.errors import NotModelled
from tilework.layers import Layers, to_frame
from tilework.views import UNITS, Roofline, Timeline


class Simulation:
    """Cycles of one run, and where each of them went.

    `rtl` is the RTL's own simulation after engine="both", else None.
    """

    def __init__(self, native, *, inputs_seed=None):
        self._native = native
        self._report = native.report()
        if inputs_seed is not None:
            self._report["inputs_seed"] = inputs_seed
        self._outputs = None
        self.rtl = None

    @property
    def engine(self):
        return self._report["engine"]

    @property
    def target(self):
        """The chip that it ran on: a built-in target's name with every change behind it."""
        return self._report["target"]["text"]

    @property
    def planned(self):
        """ "planned for … , ran on …" where the program was planned for another chip, else ""."""
        return self._native.planned_note()

    @property
    def cycles(self):
        return self._report["cycles"]

    @property
    def clock_hz(self):
        return self._report["clock_hz"]

    @property
    def latency_s(self):
        return self._report["latency_s"]

    @property
    def wall_s(self):
        """Seconds that the engine took on this machine."""
        return self._report["wall_s"]

    @property
    def cycles_per_s(self):
        """Simulated cycles per second of this machine."""
        return self._report["cycles_per_s"]

    @property
    def mac_utilization(self):
        """Share of the array's multiply-accumulates that the model used; None if unknown."""
        return self._report.get("mac_utilization")

    @property
    def bound(self):
        """{cycles, limit, array_cycles, weight_load_cycles, vector_cycles, dram_cycles}.

        The least cycles that the model needs on this chip, and by which limit.
        """
        return self._report.get("bound")

    @property
    def dram_bytes(self):
        """{read, write, instructions}."""
        return self._report["dram_bytes"]

    @property
    def units(self):
        """{unit: {busy, retired, stalls {cause: cycles}}}; each adds up to the cycles."""
        return self._report["units"]

    @property
    def stalls(self):
        """{unit: {cause: cycles}}."""
        return {name: unit["stalls"] for name, unit in self.units.items()}

    @property
    def layers(self):
        """Cycles by node of the model, a Layers; they add up to the cycles of the run."""
        return Layers(self._report["layers"], self.cycles)

    @property
    def energy(self):
        """Raises NotModelled: there is no model of energy."""
        raise NotModelled(
            "energy is not modelled: a simulation gives cycles, latency and traffic "
            "(cycles, latency_s, dram_bytes)"
        )

    def roofline(self):
        """The run under the limits of array and DRAM, a Roofline."""
        return Roofline.of(self._report)

    def timeline(self):
        """What each unit had in flight, a Timeline."""
        return Timeline(self.records(), self._native.node_names(), self.cycles)

    @property
    def outputs(self):
        """{name: array}, read-only; empty after timing_only."""
        if self._outputs is None:
            self._outputs = self._native.outputs(False)
        return self._outputs

    @property
    def digest(self):
        """SHA-256 over names, types, shapes and bytes of the outputs; None if not computed."""
        return self._native.digest()

    def records(self):
        """Retire records: {unit, pc, context, start, end, bytes, node}, one array each.

        `node` is an index into `timeline().nodes`, -1 for none.
        """
        return self._native.records()

    def to_pandas(self):
        """Retire records as a DataFrame, units and nodes by name; needs pandas."""
        columns = self.records()
        names = np.array([*self._native.node_names(), None], dtype=object)
        columns["unit"] = np.array(UNITS, dtype=object)[columns["unit"].astype(int)]
        columns["node"] = names[columns["node"]]
        return to_frame(columns)

    def to_dict(self):
        """The object that `tilework simulate --json` prints."""
        report = dict(self._report)
        if self.rtl is not None:
            report["engine"] = "both"
            report["equal"] = {"bytes": True, "cycles": True}
            report["systemc"] = dict(self._report)
            report["rtl"] = self.rtl.to_dict()
        return report

    def save(self, path):
        """Writes to_dict() as JSON, or, to a name that ends in .npz, the outputs."""
        path = os.fspath(path)
        if path.endswith(".npz"):
            np.savez(path, **self.outputs)
            return
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.to_dict(), file, indent=2)
            file.write("\n")

    def __repr__(self):
        text = (
            f"Simulation({self.engine} on {self.target}: {self.cycles:,} cycles, "
            f"{1e3 * self.latency_s:.3f} ms at {self.clock_hz / 1e6:g} MHz"
        )
        if self.mac_utilization is not None:
            text += f", MAC utilization {100 * self.mac_utilization:.1f} %"
        if self.planned:
            text += f"; {self.planned}"
        return text + ")"

    def _repr_html_(self):
        return drawing.unit_bars(self)
