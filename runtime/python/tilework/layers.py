# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cycles by node of the model: a table whose rows add up to the cycles of the run."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, Literal, overload

from tilework import _checks, _files, _native, drawing
from tilework.reports import LayerRow

UNITS: tuple[
    Literal["systolic_array"], Literal["vector_unit"], Literal["load_dma"], Literal["store_dma"]
] = ("systolic_array", "vector_unit", "load_dma", "store_dma")


class Layers(Sequence[LayerRow]):
    """One row for each node of the model that instructions work for.

    A row is a dictionary. `cycles` of all rows add up to the cycles of the run: a
    cycle belongs to the instruction that is oldest in flight in the first unit that
    has one, in the order of the columns `systolic_array`, `vector_unit`, `load_dma`,
    `store_dma`, which split `cycles`. So transfers count where no computation hides
    them. `share` is of the run's cycles; `block` is the node's name with every number
    a star; `shape` is M×K×N of a product, else the result's; `macs` and
    `bound_cycles` are the node's own, and `bound_limit` says by what. `nodes` are all
    nodes that were fused into the row's; `read_bytes` and `write_bytes` are without
    what alignment to bursts adds. The last row has the cycles in which no unit had an
    instruction in flight.
    """

    rows: list[LayerRow]
    total: int

    def __init__(self, rows: list[LayerRow], total: int) -> None:
        self.rows, self.total = rows, total

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> LayerRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[LayerRow]: ...
    def __getitem__(self, index: int | slice) -> LayerRow | list[LayerRow]:
        return self.rows[index]

    def top(self, count: int = 10) -> list[LayerRow]:
        """The `count` rows with the most cycles."""
        most = _checks.integer("count", count)
        return sorted(self.rows, key=lambda row: -row["cycles"])[:most]

    def by(self, what: Literal["block", "op", "shape"]) -> Layers:
        """The same cycles summed, the most first; `count` rows became one.

        `what`: "block" (and operator and shape: the same node of each layer of a
        stack), "op" (the operator) or "shape".
        """
        groups = _native.group_layers(json.dumps(self.rows), _checks.text("what", what))
        return Layers(groups, self.total)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, for json.dump."""
        rows = [dict(row) for row in self.rows]
        return {
            "kind": "layers",
            "schema": _native.report_schema,
            "cycles": self.total,
            "rows": rows,
        }

    def to_pandas(self) -> Any:
        """The rows as a pandas.DataFrame; needs pandas."""
        return to_frame(self.rows)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a CSV file; fused nodes are joined by spaces."""
        text = _native.layers_csv(json.dumps(self.rows))
        _files.write(path, lambda file: file.write(text.encode()))

    def __repr__(self) -> str:
        count = _native.count_text
        text = f"{count(len(self.rows), 'row')}, {count(self.total, 'cycle')}"
        for first in self.top(1):
            share = 100 * first["cycles"] / max(self.total, 1)
            text += f"; most: {first['node']} {share:.1f} %"
        return f"Layers({text})"

    def __str__(self) -> str:
        return _native.layers_table(json.dumps(self.rows))

    def _repr_html_(self) -> str:
        return drawing.layer_table(self, UNITS)


def to_frame(data: Any) -> Any:
    """A pandas.DataFrame."""
    try:
        import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as error:
        raise ImportError("to_pandas needs pandas: pip install pandas") from error
    return pandas.DataFrame(data)
