# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cycles by node of the model: a table whose rows add up to the cycles of the run."""

import csv
import os
from collections.abc import Sequence

from tilework import drawing
from tilework.errors import InvalidArgument

UNITS = ("systolic_array", "vector_unit", "load_dma", "store_dma")
_COUNTS = ("cycles", *UNITS, "retired", "read_bytes", "write_bytes")
NO_NODE, IDLE = "(no node)", "(nothing in flight)"


class Layers(Sequence):
    """One row for each node of the model that instructions work for.

    A row is a dictionary. `cycles` of all rows add up to the cycles of the run: a
    cycle belongs to the instruction that is oldest in flight in the first unit that
    has one, in the order of the columns `systolic_array`, `vector_unit`, `load_dma`,
    `store_dma`, which split `cycles`. So transfers count where no computation hides
    them. `nodes` are all nodes that were fused into the row's; `read_bytes` and
    `write_bytes` are without what alignment to bursts adds. The last row has the
    cycles in which no unit had an instruction in flight.
    """

    def __init__(self, rows, total):
        self.rows, self.total = rows, total

    @classmethod
    def of(cls, native, total, ops):
        rows = native.layers()
        idle = rows.pop()
        for row in rows:
            row["op"] = ops.get(row["node"])
            row["node"] = NO_NODE if row["node"] is None else row["node"]
        idle.update(node=IDLE, op=None)
        return cls([cls._ordered(row) for row in [*rows, idle]], total)

    @staticmethod
    def _ordered(row):
        return {key: row[key] for key in ("node", "op", *_COUNTS, "nodes")}

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]

    def top(self, count=10):
        """The rows with the most cycles."""
        return sorted(self.rows, key=lambda row: -row["cycles"])[:count]

    def by(self, what):
        """The same cycles summed by "op", the operator of the node; add up as before."""
        if what != "op":
            raise InvalidArgument(f"cycles are summed by 'op', not by {what!r}")
        groups = {}
        for row in self.rows:
            name = row["op"] or (row["node"] if row["node"] in (NO_NODE, IDLE) else "(unknown)")
            group = groups.setdefault(
                name, {"node": name, "op": row["op"], **dict.fromkeys(_COUNTS, 0), "nodes": []}
            )
            for key in _COUNTS:
                group[key] += row[key]
            group["nodes"] = group["nodes"] + row["nodes"]
        return Layers(list(groups.values()), self.total)

    def to_dict(self):
        rows = [dict(row) for row in self.rows]
        return {"kind": "layers", "schema": 2, "cycles": self.total, "rows": rows}

    def to_pandas(self):
        return to_frame(self.rows)

    def save(self, path):
        """Writes a CSV file; fused nodes are joined by spaces."""
        with open(os.fspath(path), "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["node", "op", *_COUNTS, "nodes"])
            writer.writeheader()
            for row in self.rows:
                writer.writerow({**row, "nodes": " ".join(row["nodes"])})

    def __repr__(self):
        first = self.top(1)[0]
        share = 100 * first["cycles"] / max(self.total, 1)
        return (
            f"Layers({len(self.rows)} rows, {self.total:,} cycles; "
            f"most: {first['node']} {share:.1f} %)"
        )

    def __str__(self):
        names = ("cycles", *UNITS)
        lines = [f"{'node':<28}" + "".join(f"{name:>15}" for name in names)]
        for row in self.rows:
            lines.append(f"{row['node'][:27]:<28}" + "".join(f"{row[n]:>15,}" for n in names))
        sums = [sum(row[name] for row in self.rows) for name in names]
        lines.append(f"{'sum':<28}" + "".join(f"{value:>15,}" for value in sums))
        return "\n".join(lines)

    def _repr_html_(self):
        return drawing.layer_table(self, UNITS)


def to_frame(data):
    """A pandas.DataFrame."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError("to_pandas needs pandas: pip install pandas") from error
    return pandas.DataFrame(data)
