# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A simulation seen against the limits of the chip, and over time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilework import _checks, _files, _native, drawing
from tilework.errors import InvalidArgument, WrongType
from tilework.reports import UNITS, InFlight, SimulationReport


class Roofline:
    """A run under the roof of its target: multiply-accumulates a second against
    multiply-accumulates for each byte of DRAM traffic.

    `macs` are the model's, an int8 one counted half, as the array does two of them
    at once; `dram_bytes` is what the run moved, instructions included. `attainable`
    is min(peak, intensity × bandwidth), the bandwidth being what DRAM, ports, buffers and
    scratchpad let through for the run's mix of reads and writes, and `efficiency` the
    share of it that the run reached. `least_bytes` is what the model must move at least:
    the intensity that a perfect schedule would have.
    """

    macs: float
    dram_bytes: int
    least_bytes: float
    latency_s: float
    peak_macs_per_s: float
    bandwidth_bytes_per_s: float

    def __init__(
        self,
        *,
        macs: float,
        dram_bytes: int,
        least_bytes: float,
        latency_s: float,
        peak: float,
        bandwidth: float,
    ) -> None:
        figures = {"macs": macs, "dram_bytes": dram_bytes, "least_bytes": least_bytes}
        figures |= {"latency_s": latency_s, "peak": peak, "bandwidth": bandwidth}
        for name, value in figures.items():
            if not _checks.number(name, value):
                raise InvalidArgument(
                    f"{name} is 0: a roofline needs a run that moves and computes"
                )
        self.macs, self.dram_bytes, self.least_bytes = macs, dram_bytes, least_bytes
        self.latency_s = latency_s
        self.peak_macs_per_s, self.bandwidth_bytes_per_s = peak, bandwidth

    @classmethod
    def of(cls, report: SimulationReport) -> Roofline:
        if not isinstance(report, Mapping):
            raise WrongType(
                f"a roofline is of a report of a simulation, not {_checks.kind(report)}"
            )
        found: Any = _checks.Named(report)
        work = found.get("work")
        if work is None:
            raise InvalidArgument(
                "no roofline: the program does not say what work its model is; compile the "
                "model again (assembled programs never say it)"
            )
        try:
            if not work["macs"]:
                runs = "bound_limit" in found
                raise InvalidArgument(
                    "no roofline: "
                    + ("the model has no products" if runs else "nothing of the model runs")
                    + " on the chip"
                )
            moved = found["dram_bytes"]
            return cls(
                macs=work["macs"],
                dram_bytes=sum(moved[kind] for kind in ("read", "write", "instructions")),
                least_bytes=work["dram_bytes"],
                latency_s=found["latency_s"],
                peak=found["limits"]["macs_per_s"],
                bandwidth=found["limits"]["dram_bytes_per_s"],
            )
        except (TypeError, LookupError) as error:
            raise WrongType(f"a roofline is of a report of a simulation: {error}") from None

    @property
    def intensity(self) -> float:
        """Multiply-accumulates for each byte moved."""
        return self.macs / self.dram_bytes

    @property
    def least_intensity(self) -> float:
        """With no more traffic than the model needs."""
        return self.macs / self.least_bytes

    @property
    def macs_per_s(self) -> float:
        """Multiply-accumulates a second that the run reached."""
        return self.macs / self.latency_s

    @property
    def ridge(self) -> float:
        """MACs for each byte from which on the array is the limit."""
        return self.peak_macs_per_s / self.bandwidth_bytes_per_s

    def attainable(self, intensity: float | None = None) -> float:
        """MACs a second under the roof, at the run's intensity if none is given.

        `intensity` is a finite number of MACs for each byte, from 0 on.
        """
        if intensity is None:
            intensity = self.intensity
        intensity = _checks.number("intensity", intensity)
        return min(self.peak_macs_per_s, intensity * self.bandwidth_bytes_per_s)

    @property
    def efficiency(self) -> float:
        """Share of what is attainable at the run's intensity, 0 to 1."""
        return self.macs_per_s / self.attainable()

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for json.dump."""
        names = ["macs", "dram_bytes", "least_bytes", "latency_s", "peak_macs_per_s"]
        names += ["bandwidth_bytes_per_s", "intensity", "macs_per_s", "ridge", "efficiency"]
        return {
            "kind": "roofline",
            "schema": _native.report_schema,
            **{name: getattr(self, name) for name in names},
            "attainable_macs_per_s": self.attainable(),
        }

    def __repr__(self) -> str:
        limit = "array" if self.intensity >= self.ridge else "DRAM"
        return (
            f"Roofline({self.macs_per_s / 1e9:.4g} GMAC/s at {self.intensity:.3g} MAC/byte, "
            f"{100 * self.efficiency:.1f} % of what the {limit} allows there)"
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the picture as a page of HTML, which needs nothing beside it."""
        _files.put_page(path, repr(self), self._repr_html_())

    def _repr_html_(self) -> str:
        return drawing.roofline(self)


class ScratchpadUse:
    """How full the scratchpad was over the cycles of a run.

    `bytes` is {unit: array}, for each unit that wrote into it the bytes that were in use
    from `cycles[i]` until `cycles[i + 1]`, one array of the length of `cycles` each. A row of
    the scratchpad is in use from the start of the instruction that writes it until the end
    of the last that reads it; rows count whole.
    """

    capacity_bytes: int
    run_cycles: int
    cycles: NDArray[np.uint64]
    bytes: dict[str, NDArray[np.uint64]]

    def __init__(self, use: Mapping[str, Any], run_cycles: int) -> None:
        self.capacity_bytes, self.run_cycles = use["capacity_bytes"], run_cycles
        self.cycles, self.bytes = use["cycles"], _checks.Named(use["bytes"])

    @property
    def total_bytes(self) -> NDArray[np.uint64]:
        """Bytes in use from each of `cycles` on, whoever wrote them."""
        total = np.zeros(len(self.cycles), np.uint64)
        for written in self.bytes.values():
            total += written
        return total

    @property
    def peak_bytes(self) -> int:
        """The most bytes that were in use at once."""
        return int(self.total_bytes.max())

    @property
    def mean_bytes(self) -> float:
        """Bytes in use, on an average over the cycles of the run."""
        ends = np.append(self.cycles[1:], np.uint64(self.run_cycles))
        return float(np.sum(self.total_bytes * (ends - self.cycles))) / max(self.run_cycles, 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for json.dump."""
        return {
            "kind": "scratchpad",
            "schema": _native.report_schema,
            "capacity_bytes": self.capacity_bytes,
            "peak_bytes": self.peak_bytes,
            "mean_bytes": self.mean_bytes,
            "run_cycles": self.run_cycles,
            "cycles": self.cycles.tolist(),
            "bytes": {unit: values.tolist() for unit, values in self.bytes.items()},
        }

    def __repr__(self) -> str:
        text = _native.bytes_text
        return (
            f"ScratchpadUse(at most {text(self.peak_bytes)} of {text(self.capacity_bytes)}, "
            f"{text(self.mean_bytes)} on an average)"
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the picture as a page of HTML, which needs nothing beside it."""
        _files.put_page(path, repr(self), self._repr_html_())

    def _repr_html_(self) -> str:
        return drawing.scratchpad_use(self)


class Timeline:
    """What each unit had in flight, cycle by cycle.

    `units` is {unit: {start, end, node}}, one array each, an entry for each
    instruction in order of its retire: in flight from `start` to `end`, both
    included. `node` is an index into `nodes`, or -1.
    """

    nodes: Sequence[str]
    cycles: int
    units: dict[str, InFlight]

    def __init__(
        self, records: Mapping[str, NDArray[Any]], nodes: Sequence[str], cycles: int
    ) -> None:
        self.nodes, self.cycles = nodes, cycles
        chosen = {name: records["unit"] == number for number, name in enumerate(UNITS)}
        self.units = _checks.named(
            {
                name: {key: records[key][mask] for key in ("start", "end", "node")}
                for name, mask in chosen.items()
            }
        )

    def in_flight(self, unit: str) -> int:
        """Cycles in which the unit had at least one instruction in flight."""
        spans = self.units[_checks.text("unit", unit)]
        start, end = spans["start"].astype(np.int64), spans["end"].astype(np.int64)
        if not len(end):
            return 0
        before = np.concatenate([[-1], end[:-1]])
        return int(np.maximum(end - np.maximum(start - 1, before), 0).sum())

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for json.dump."""
        return {
            "kind": "timeline",
            "schema": _native.report_schema,
            "cycles": self.cycles,
            "nodes": list(self.nodes),
            "units": {
                unit: {
                    "start": spans["start"].tolist(),
                    "end": spans["end"].tolist(),
                    "node": spans["node"].tolist(),
                }
                for unit, spans in self.units.items()
            },
        }

    def __repr__(self) -> str:
        count = sum(len(columns["end"]) for columns in self.units.values())
        instructions = _native.count_text(count, "instruction")
        return f"Timeline({instructions} over {_native.count_text(self.cycles, 'cycle')})"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the picture as a page of HTML, which needs nothing beside it."""
        _files.put_page(path, repr(self), self._repr_html_())

    def _repr_html_(self) -> str:
        return drawing.timeline(self)
