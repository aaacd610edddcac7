# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The shapes of the dictionaries in results, for readers and type checkers."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

UNITS = ("load_dma", "store_dma", "systolic_array", "vector_unit")
Engine = Literal["functional", "systemc", "rtl", "both"]


class Bound(TypedDict):
    """The least cycles that a model needs on a chip, by each limit; `cycles` is the largest."""

    cycles: float
    array_cycles: float
    weight_load_cycles: float
    vector_cycles: float
    dram_cycles: float


class DramBytes(TypedDict):
    """Bytes that crossed the pins."""

    read: int
    write: int
    instructions: int


class _Unit(TypedDict):
    busy: int
    stalls: dict[str, int]


class Unit(_Unit, total=False):
    """Cycles of one unit, and instructions that it retired (the sequencer retires none)."""

    retired: int


class InFlight(TypedDict):
    """Instructions of one unit, in the order of their retire, one array each."""

    start: NDArray[np.uint64]
    end: NDArray[np.uint64]
    node: NDArray[np.int64]


class Change(NamedTuple):
    """A parameter of two chips."""

    first: int | str
    second: int | str


class _LayerRow(TypedDict):
    node: str
    op: str | None
    block: str
    shape: str
    nodes: list[str]
    cycles: int
    share: float
    systolic_array: int
    vector_unit: int
    load_dma: int
    store_dma: int
    macs: int
    bound_cycles: float | None
    bound_limit: str | None
    retired: int
    read_bytes: int
    write_bytes: int


class LayerRow(_LayerRow, total=False):
    """A row of Layers; `count` where rows were summed."""

    count: int


class _NodeReport(TypedDict):
    name: str
    op: str
    domain: str


class NodeReport(_NodeReport, total=False):
    """Where a node of a model runs ("npu", "host", "folded"), or why it cannot."""

    runs_on: str
    reason: str


class TargetReport(TypedDict):
    """A chip: the nearest built-in target, what was changed, and every parameter."""

    name: str
    preset: str
    changes: dict[str, Any]
    parameters: dict[str, Any]
    text: str


class Work(TypedDict):
    """What a model asks of any chip: multiply-accumulates and bytes."""

    macs: float
    dram_bytes: float


class Rates(TypedDict):
    """What a chip lets through at most, a second."""

    macs_per_s: float
    dram_bytes_per_s: float
    dram_bytes_limit: str


class _SimulationReport(TypedDict):
    kind: str
    schema: int
    version: str
    engine: str
    target: TargetReport
    cycles: int
    clock_hz: int
    latency_s: float
    wall_s: float
    cycles_per_s: float
    status: int
    model_sha256: str
    program_sha256: str
    dims: dict[str, int]
    shapes: dict[str, list[int]]
    limits: Rates
    counters: dict[str, int]
    dram_bytes: DramBytes
    units: dict[str, Unit]
    layers: list[LayerRow]


class SimulationReport(_SimulationReport, total=False):
    """What `tilework simulate --json` prints."""

    bound: Bound
    bound_limit: str
    work: Work
    mac_utilization: float
    planned_for: TargetReport
    set: dict[str, Any]
    outputs_sha256: str
    inputs_sha256: str
    inputs_seed: int
    equal: dict[str, Any]
    systemc: dict[str, Any]
    rtl: dict[str, Any]
    trap: dict[str, Any]


class Equality(TypedDict, total=False):
    """Two runs of one program; `bytes` is None where one computed no values."""

    bytes: bool | None
    cycles: bool
    first_difference: str
