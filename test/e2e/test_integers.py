# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Integers made of what the chip computes are those of its fp32, not of what bf16
holds, and numbers that no integer is become what ONNX Runtime makes of them on x86."""

import numpy as np
import on_chip
import pytest
import tilework as tw
from onnx import TensorProto, helper

node = helper.make_node
WHOLE = [on_chip.to_bf16(on_chip.ints(1800, 5, 7, seed=s) - 900) for s in (1, 2)]
FEEDS = dict(zip("xy", WHOLE))
MADE = {
    "sum of elements": [node("Add", ["x", "y"], ["s"])],
    "product": [node("Mul", ["x", "y"], ["s"])],
    "floor": [node("Mul", ["x", "y"], ["p"]), node("Floor", ["p"], ["s"])],
    "sum of rows": [node("ReduceSum", ["x", "last"], ["s"])],
    "sum of columns": [node("ReduceSum", ["x", "first"], ["s"])],
    "sum of all": [node("ReduceSum", ["x"], ["s"], keepdims=0)],
    "view": [node("Mul", ["x", "y"], ["p"]), node("Transpose", ["p"], ["s"], perm=[1, 0])],
    "matrix product": [
        node("Transpose", ["y"], ["t"], perm=[1, 0]),
        node("MatMul", ["x", "t"], ["s"]),
    ],
    "concatenation": [
        node("Mul", ["x", "y"], ["p"]),
        node("Concat", ["p", "x"], ["s"], axis=0),
    ],
    "also a float": [node("Mul", ["x", "y"], ["s"]), node("Relu", ["s"], ["z"])],
}


def run(nodes, feeds, kind, target="edge", weights=None, outputs=("i",)):
    model = on_chip.build(nodes, feeds, weights, outputs=outputs)
    model.graph.output[0].type.tensor_type.elem_type = kind
    got = tw.compile(model, target=on_chip.target_named(target))(**feeds)
    np.testing.assert_array_equal(got["i"], on_chip.reference(model, feeds)["i"])
    assert got["i"].dtype == helper.tensor_dtype_to_np_dtype(kind)


@pytest.mark.parametrize("target", on_chip.TARGETS)
@pytest.mark.parametrize("kind", (TensorProto.INT64, TensorProto.INT32))
@pytest.mark.parametrize("made", MADE)
def test_integers_of_results_are_exact(made, kind, target):
    nodes = [*MADE[made], node("Cast", ["s"], ["i"], to=kind)]
    weights = {"first": np.array([0]), "last": np.array([-1])}
    used = {name for made in nodes for name in made.input}
    outputs = ("i", "z") if made == "also a float" else ("i",)
    run(
        nodes,
        {name: x for name, x in FEEDS.items() if name in used},
        kind,
        target,
        {name: x for name, x in weights.items() if name in used},
        outputs,
    )


@pytest.mark.parametrize("kind", ("INT64", "INT32", "INT8", "UINT8", "INT16", "UINT64", "BOOL"))
@pytest.mark.parametrize("computed", (False, True))
def test_what_no_integer_is_becomes_what_it_does_on_x86(computed, kind):
    x = on_chip.to_bf16(
        [1e30, -1e30, np.inf, -np.inf, np.nan, 2.0**31, -(2.0**31), 99.5, -0.5, 300]
    )
    to = getattr(TensorProto, kind)
    nodes = [node("Cast", ["s" if computed else "x"], ["i"], to=to)]
    if computed:
        nodes.insert(0, node("Neg", ["x"], ["s"]))
    run(nodes, {"x": x}, to)


@pytest.mark.parametrize("target", ("nano", "edge"))
@pytest.mark.parametrize("long", (30522, 70001))
def test_integers_of_rows_that_no_tile_holds_are_exact(long, target):
    signs = np.sign(on_chip.normal(2, long))
    made = [
        node("ReduceSum", ["x", "last"], ["s"]),
        node("Cast", ["s"], ["i"], to=TensorProto.INT64),
    ]
    run(made, {"x": signs}, TensorProto.INT64, target, {"last": np.array([-1])})
