# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Two simulations held against each other."""

from tilework import _native, drawing
from tilework.errors import InvalidArgument
from tilework.result import Simulation


class Comparison:
    """What moved from `first` to `second`, and by how much.

    `equal` is {bytes, cycles, first_difference} for two runs of one executable,
    else None: programs that differ have no common instruction to compare. `bytes`
    is None where a run computed no values (timing_only).
    """

    def __init__(self, first, second):
        self.first, self.second = first, second
        self.equal = None
        if first._native.same_program(second._native):
            self.equal = first._native.compare(second._native)

    @property
    def chips(self):
        """{parameter: [of the first, of the second]}: how the two chips differ."""
        return self.first._native.target_differences(self.second._native)

    @property
    def warnings(self):
        """What makes the comparison doubtful: other models or shapes."""
        reports = self.first.to_dict(), self.second.to_dict()
        return [
            f"the two runs are of different {what}"
            for key, what in (("model_sha256", "models"), ("shapes", "shapes"))
            if reports[0].get(key) != reports[1].get(key)
        ]

    @property
    def speedup(self):
        """Latency of the first over that of the second."""
        return self.first.latency_s / self.second.latency_s

    def moved(self):
        """[(unit, activity, cycles of the first, of the second)], the largest change first."""
        rows = []
        for unit, activity in self.first.units.items():
            other = self.second.units[unit]
            rows.append((unit, "busy", activity["busy"], other["busy"]))
            for cause in {**activity["stalls"], **other["stalls"]}:
                pair = activity["stalls"].get(cause, 0), other["stalls"].get(cause, 0)
                rows.append((unit, cause, *pair))
        rows = [row for row in rows if row[2] != row[3]]
        return sorted(rows, key=lambda row: (-abs(row[3] - row[2]), row[0], row[1]))

    def to_dict(self):
        return {
            "kind": "compare",
            "schema": _native.report_schema,
            "chips": self.chips,
            "warnings": self.warnings,
            "cycles": [self.first.cycles, self.second.cycles],
            "latency_s": [self.first.latency_s, self.second.latency_s],
            "speedup": self.speedup,
            "equal": self.equal,
            "moved": [list(row) for row in self.moved()],
        }

    def __repr__(self):
        text = f"Comparison({self.first.cycles:,} → {self.second.cycles:,} cycles, "
        text += f"{self.speedup:.3g} × as fast"
        if self.equal:
            if self.equal["bytes"] and self.equal["cycles"]:
                text += "; EQUAL: every byte, every retire cycle"
            else:
                words = {True: "equal", False: "differ", None: "not computed"}
                text += f"; bytes {words[self.equal['bytes']]}, cycles "
                text += "equal" if self.equal["cycles"] else "differ"
        return text + ")"

    def __str__(self):
        lines = [repr(self)]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        lines += [f"  chip: {key} {a} → {b}" for key, (a, b) in self.chips.items()]
        if self.equal and "first_difference" in self.equal:
            lines.append(f"  first difference: {self.equal['first_difference']}")
        for unit, activity, before, after in self.moved()[:10]:
            lines.append(f"  {unit} {activity}: {before:,} → {after:,} ({after - before:+,})")
        return "\n".join(lines)

    def _repr_html_(self):
        return drawing.comparison(self)


def compare(first, second):
    """Holds two simulations against each other."""
    for run in (first, second):
        if not isinstance(run, Simulation):
            raise InvalidArgument(
                f"compare takes two results of Executable.simulate, not {type(run).__name__}"
            )
    return Comparison(first, second)
