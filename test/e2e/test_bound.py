# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""No program on any chip takes fewer cycles than the bound of its model.

Targets are drawn around the built-in ones, compute within a factor of four, words,
bursts and interleaving over all that is legal; the share of draws that are no legal
chip is printed. Graphs are those of
random_graphs.py, and products, chains and slices of odd sizes.
"""

import random

import numpy as np
import pytest
import tilework as tw
from on_chip import build, normal
from onnx import helper
from random_graphs import Graph

FACTORS = {
    "systolic_array.rows": (8, 16, 32, 64),
    "systolic_array.columns": (8, 16, 32, 64),
    "systolic_array.weight_rows_per_cycle": (1, 2, 4, 8),
    "vector_unit.lanes": (8, 16, 32, 64),
    "scratchpad.size_bytes": (131072, 524288, 2097152),
    "scratchpad.banks": (4, 8, 16),
    "axi.ports": (1, 2, 4),
    "axi.data_bytes": (8, 16, 32, 64, 128),
    "dma.buffer_bytes": (4096, 8192, 32768),
    "dma.outstanding_bursts": (2, 4, 16, 64),
    "dma.burst_bytes": (8, 16, 64, 512, 2048),
    "dma.interleave_bytes": (128, 512, 4096),
    "dram.channels": (1, 2, 4, 8),
    "dram.read_latency_ps": (50000, 100000, 400000),
    "clock.frequency_hz": (500000000, 1000000000, 2000000000),
}
TRIALS, CHUNK = 60, 10


def drawn_target(numbers):
    """(a legal target, how many draws were none)."""
    for refused in range(1000):
        changes = {key: numbers.choice(values) for key, values in FACTORS.items()}
        chosen = {key: changes[key] for key in numbers.sample(sorted(changes), 8)}
        try:
            return tw.Target(numbers.choice(["nano", "edge", "mobile"]), chosen), refused
        except tw.InvalidTarget:
            continue
    raise AssertionError("no legal target in 1000 draws")


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), f"{op}_{outputs}", **attributes)


def products(numbers):
    """Products of one input, a chain behind them, sums of two products, a slice of one."""
    m, k, n = (numbers.choice([1, 3, 8, 17, 33, 64, 100]) for _ in range(3))
    weights = {name: normal(k, n, seed=i) for i, name in enumerate("abc")}
    nodes = [
        node("MatMul", "x a", "p"),
        node("MatMul", "x b", "q"),
        node(numbers.choice(["Tanh", "Relu", "Sigmoid"]), "p", "t"),
        node(numbers.choice(["Add", "Mul"]), "t q", "s"),
    ]
    last = "s"
    if numbers.random() < 0.5:
        nodes.append(node("Softmax", last, "f"))
        last = "f"
    if numbers.random() < 0.5 and m > 1:
        bounds = {"first": np.array([0]), "end": np.array([max(1, m // 3)]), "axes": np.array([0])}
        weights.update({name: value.astype(np.int64) for name, value in bounds.items()})
        nodes.append(node("Slice", f"{last} first end axes", "l"))
        last = "l"
    nodes.append(node("Relu", last, "y"))
    return build(nodes, {"x": normal(m, k)}, weights)


def a_model(seed):
    numbers = random.Random(seed)
    if seed % 2:
        return products(numbers)
    return Graph(seed).model()


@pytest.mark.parametrize("first", range(0, TRIALS, CHUNK))
def test_no_run_is_shorter_than_its_bound(first):
    tried, refused = 0, 0
    for seed in range(first, first + CHUNK):
        numbers = random.Random(1000 + seed)
        target, illegal = drawn_target(numbers)
        refused += illegal
        try:
            executable = tw.compile(a_model(seed), target=target)
        except tw.UnsupportedModel:
            continue
        run = executable.simulate(timing_only=True)
        tried += 1
        assert run.bound["cycles"] <= run.cycles, (seed, run.target, run.bound)
        rates = run.to_dict()["limits"]
        moved = sum(run.dram_bytes.values()) / run.latency_s
        assert moved <= rates["dram_bytes_per_s"] * (1 + 1e-9), (seed, run.target, rates)
    print(f"{tried} of {CHUNK} graphs, {refused} draws were no chip")
    assert tried >= CHUNK // 2


def rates(program, **changes):
    """(bytes a second that crossed the pins, what the report calls possible, its limit)."""
    run = program.simulate(timing_only=True, set=changes)
    limits = run.to_dict()["limits"]
    return (
        sum(run.dram_bytes.values()) / run.latency_s,
        limits["dram_bytes_per_s"],
        limits["dram_bytes_limit"],
    )


@pytest.mark.parametrize("burst", [8, 16, 32])
def test_a_burst_holds_a_word(burst):
    """A window of bursts shorter than a word covers what the words cover."""
    gemv = build([node("MatMul", "x a", "y")], {"x": normal(1, 256)}, {"a": normal(256, 256)})
    program = tw.compile(gemv, target=tw.Target("edge", {"axi.data_bytes": 8}))
    few = {"dma.outstanding_bursts": 4, "dram.read_latency_ps": 2000000}
    reached, possible, limit = rates(program, **{"dma.burst_bytes": burst}, **few)
    assert reached <= possible * (1 + 1e-9)
    assert limit == "bursts under way"
    word = rates(program, **{"dma.burst_bytes": 32}, **few)
    assert (reached, possible) == word[:2]


def bound(model, **changes):
    return tw.compile(model, target=tw.Target("edge", changes)).simulate(timing_only=True).bound


def test_a_slice_reads_what_it_keeps():
    ends = {"a": np.array([0]), "b": np.array([4]), "d": np.array([0])}
    constants = {name: value.astype(np.int64) for name, value in ends.items()}
    nodes = [node("Slice", "x a b d", "s"), node("Relu", "s", "y")]
    few = bound(build(nodes, {"x": normal(512, 64)}, constants))
    same = bound(build([node("Relu", "x", "y")], {"x": normal(4, 64)}))
    assert few == same


def test_a_chain_passes_once_however_long_it_is():
    short = build([node("Tanh", "x", "y")], {"x": normal(64, 64)})
    long = build(
        [node("Tanh", "x", "a"), node("Add", "a x", "b"), node("Sigmoid", "b", "y")],
        {"x": normal(64, 64)},
    )
    assert bound(short) == bound(long)


def test_products_of_one_input_go_together():
    x, a = {"x": normal(32, 40)}, normal(40, 12)
    one = build([node("MatMul", "x a", "y")], x, {"a": np.tile(a, (1, 2))})
    two = build(
        [
            node("MatMul", "x a", "p"),
            node("MatMul", "x b", "q"),
            node("Concat", "p q", "c", axis=1),
            node("Relu", "c", "y"),
        ],
        x,
        {"a": a, "b": a + 1},
    )
    assert bound(one)["array_cycles"] == bound(two)["array_cycles"]


def test_either_side_may_stay_in_the_array():
    """Few columns of many rows take what few rows of many columns take."""
    wide = build([node("MatMul", "x a", "y")], {"x": normal(16, 64)}, {"a": normal(64, 256)})
    tall = build([node("MatMul", "x a", "y")], {"x": normal(256, 64)}, {"a": normal(64, 16)})
    assert bound(wide)["array_cycles"] == bound(tall)["array_cycles"]


def test_dead_and_double_nodes_do_not_count():
    x, a = {"x": normal(16, 32)}, {"a": normal(32, 32)}
    plain = build([node("MatMul", "x a", "y")], x, a)
    padded = build(
        [node("MatMul", "x a", "dead"), node("MatMul", "x a", "p"), node("Identity", "p", "y")],
        x,
        a,
    )
    assert bound(plain) == bound(padded)


def test_weights_read_again_count_what_cannot_have_stayed():
    a = normal(256, 256, scale=0.05)
    nodes = [node("MatMul", "x a", "p"), node("Relu", "p", "r"), node("MatMul", "r a", "y")]
    twice = build(nodes, {"x": normal(4, 256)}, {"a": a})
    small = {"scratchpad.size_bytes": 65536}
    stayed, again = bound(twice), bound(twice, **small)
    assert again["dram_cycles"] > 1.4 * stayed["dram_cycles"]


def test_the_load_path_is_a_limit():
    """One row of the scratchpad a cycle: more channels and ports do not help a GEMV."""
    gemv = build([node("MatMul", "x a", "y")], {"x": normal(1, 512)}, {"a": normal(512, 512)})
    fast = {"dram.channels": 64, "axi.ports": 8, "axi.data_bytes": 64, "dma.buffer_bytes": 65536}
    executable = tw.compile(gemv, target=tw.Target("edge", fast))
    run = executable.simulate(timing_only=True)
    assert run.bound_limit in ("load path", "weight load")
    assert run.bound["dram_cycles"] >= 512 * 512 * 2 / (2 * 16)
