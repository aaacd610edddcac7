# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Two simulations held against each other."""

from __future__ import annotations

import json
from typing import Any

from tilework import _native, drawing
from tilework._checks import Named, kind
from tilework.errors import WrongType
from tilework.reports import Change, Equality
from tilework.result import Simulation


class Comparison:
    """What moved from `first` to `second`, and by how much.

    `equal` is {bytes, cycles, first_difference} for two runs of one program, else
    None: programs that differ have no common instruction to compare. `bytes` is None
    where a run computed no values (timing_only).
    """

    first: Simulation
    second: Simulation
    equal: Equality | None

    def __init__(self, first: Simulation, second: Simulation) -> None:
        for run in (first, second):
            if not isinstance(run, Simulation):
                raise WrongType(
                    f"compare takes two results of Executable.simulate, not {kind(run)}"
                )
        self.first, self.second = first, second
        self.equal = first._equality(second)
        self._report = _native.compare_reports(
            json.dumps(first._report), json.dumps(second._report)
        )

    @property
    def chips(self) -> dict[str, Change]:
        """{parameter: (first, second)}: how the two chips differ."""
        return Named((key, Change(*values)) for key, values in self._report["chips"].items())

    @property
    def warnings(self) -> list[str]:
        """What makes the comparison doubtful: other models, shapes or inputs."""
        return list(self._report["warnings"])

    @property
    def speedup(self) -> float:
        """Latency of the first over that of the second."""
        return float(self._report["speedup"])

    def moved(self) -> list[tuple[str, str, int, int]]:
        """[(unit, activity, cycles of the first, of the second)], the largest change first."""
        rows = []
        for row in self._report["changes"]:
            unit, _, activity = row["figure"].partition(".")
            if unit in self.first.units:
                rows.append((unit, activity, row["first"], row["second"]))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """The object that `tilework compare --json` prints, with `runs` as `equal` is here."""
        return {
            "kind": "compare",
            "schema": _native.report_schema,
            **self._report,
            "runs": self.equal,
        }

    def __repr__(self) -> str:
        seconds = [_native.seconds_text(run.latency_s) for run in (self.first, self.second)]
        text = f"Comparison({seconds[0]} → {seconds[1]}, {self.speedup:.3g} × as fast; "
        text += f"{self.first.cycles:,} → {self.second.cycles:,} cycles"
        return f"{text}; {self._verdict()})" if self.equal else text + ")"

    def _verdict(self) -> str:
        equal = self.equal or {}
        if equal["bytes"] and equal["cycles"]:
            return "EQUAL: every byte, every retire cycle"
        words = {True: "equal", False: "differ", None: "not computed"}
        return f"bytes {words[equal['bytes']]}, cycles {words[equal['cycles']]}"

    def __str__(self) -> str:
        lines = [_native.comparison_text(json.dumps(self._report), 10)]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        if self.equal:
            lines.append(f"  {self._verdict()}")
        if self.equal and "first_difference" in self.equal:
            lines.append(f"  first difference: {self.equal['first_difference']}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return drawing.comparison(self)


def compare(first: Simulation, second: Simulation) -> Comparison:
    """Holds two simulations against each other."""
    return Comparison(first, second)
