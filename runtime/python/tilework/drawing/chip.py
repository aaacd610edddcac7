# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The chip as blocks, its parameters, and what a program keeps in off-chip memory."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from tilework import _native
from tilework.drawing import canvas
from tilework.drawing.canvas import LEFT, WIDTH

if TYPE_CHECKING:
    from tilework.target import Target

# Apart for every eye, as those of Events.td.
_KINDS = {
    "instructions": "#890c12",
    "weights": "#eda582",
    "input": "#6263c6",
    "output": "#1e6e4a",
    "state": "#9c4cff",
    "scratch": "#04ccc7",
}


def memory_map(report: Mapping[str, Any], caption: str) -> str:
    """DRAM as the loader fills it: instructions first, then bindings by segment."""
    spans = [("instructions", "instructions", report["program_bytes"])]
    spans += [(b["name"], b["kind"], b["bytes"]) for b in report["bindings"]]
    total = max(sum(size for _, _, size in spans), 1)
    sums: dict[str, int] = {}
    parts, x = [], float(LEFT)
    for name, kind, size in spans:
        width = WIDTH * size / total
        title = f"{name} ({kind}): {_native.bytes_text(size)}"
        parts.append(canvas.piece(x, 4, width, 20, _KINDS[kind], title))
        x += width
        sums[kind] = sums.get(kind, 0) + size
    parts.append(canvas.frame(LEFT, 4, WIDTH, 20))
    entries = [
        (canvas.swatch(_KINDS[kind]), f"{kind} {_native.bytes_text(size)}", "in off-chip memory")
        for kind, size in sums.items()
    ]
    return canvas.picture(caption, parts, LEFT + WIDTH + LEFT, 30, canvas.legend(entries))


def _value(parameter: Mapping[str, Any]) -> str:
    value, unit = parameter["value"], parameter["unit"]
    if isinstance(value, str):
        return value
    if unit == "ps":
        return _native.seconds_text(value * 1e-12)
    write = {"bytes": _native.bytes_text, "bytes/s": _native.rate_text, "Hz": _native.hertz_text}
    return write[unit](value) if unit in write else f"{value:,} {unit}"


def parameter_table(target: Target) -> str:
    """The chip as a block diagram of its main figures; all parameters below it."""
    blocks: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for parameter in target.parameters():
        block, name = parameter["key"].split(".", 1)
        blocks.setdefault(block, []).append((name, parameter))
    cells = []
    for block, rows in blocks.items():
        for index, (name, parameter) in enumerate(rows):
            first = f'<th rowspan="{len(rows)}">{escape(block)}</th>' if index == 0 else ""
            words = "".join(
                f"<td>{escape(word)}</td>"
                for word in (name, _value(parameter), parameter["sentence"])
            )
            cells.append(f"<tr>{first}{words}</tr>")
    table = canvas.scrolled(f"<table>{''.join(cells)}</table>", "every parameter")
    details = f"<details><summary>every parameter</summary>{table}</details>"
    return canvas.picture(repr(target), _blocks(target), 592, 128, details)


def _blocks(target: Target) -> list[str]:
    """How the blocks hang together, each with the figure that matters most."""

    def block(x: float, y: float, width: float, name: str, words: str) -> str:
        middle = x + width / 2
        return (
            canvas.frame(x, y, width, 44, filled=True)
            + canvas.text(middle, y + 18, name, anchor="middle", bold=True)
            + canvas.text(middle, y + 35, words, anchor="middle")
        )

    rows, columns = target["systolic_array.rows"], target["systolic_array.columns"]
    scratchpad = _native.bytes_text(target["scratchpad.size_bytes"])
    wires = [(118, 62, 146, 62), (244, 62, 272, 62), (392, 54, 432, 32), (392, 70, 432, 96)]
    wires += [(508, 54, 508, 74)]
    return [
        *(canvas.line(*wire, width=2, soft=False) for wire in wires),
        block(8, 40, 110, "dram", _native.rate_text(target.dram_bytes_per_s)),
        block(146, 40, 98, "dma", "load, store"),
        block(272, 40, 120, "scratchpad", scratchpad),
        block(432, 10, 152, "systolic_array", f"{rows}×{columns}"),
        block(432, 74, 152, "vector_unit", f"{target['vector_unit.lanes']} lanes"),
    ]
