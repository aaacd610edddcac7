# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors without elements, wherever they come from, are values like any other."""

import numpy as np
import on_chip
import pytest
import tilework as tw
from on_chip import MICROSOFT, Case, normal
from onnx import helper

EXACT = dict(relative=0.0, absolute=1e-30)


def node(op, inputs, outputs="y", **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def cut(axis, at=2):
    """z: the input from element `at` of `axis` to that element."""
    weights = {"from": np.array([at]), "to": np.array([at]), "along": np.array([axis])}
    return node("Slice", "x from to along", "z"), weights


def cases():
    x = normal(3, 8)
    rows, row_bounds = cut(0)
    columns, column_bounds = cut(1)
    for name, nodes, weights in (
        ("itself", [node("Identity", "z")], {}),
        ("Relu", [node("Relu", "z")], {}),
        ("Add", [node("Add", "z b")], {"b": normal(1)}),
        ("Where", [node("IsNaN", "z", "c"), node("Where", "c z b")], {"b": normal(1)}),
        ("Softmax", [node("Softmax", "z", axis=-1)], {}),
        ("Hardmax", [node("Hardmax", "z", axis=-1)], {}),
        ("Transpose", [node("Transpose", "z")], {}),
        ("Reshape", [node("Reshape", "z s")], {"s": np.array([0, -1])}),
        ("Expand", [node("Unsqueeze", "z a", "u"), node("Expand", "u s")],
         {"a": np.array([0]), "s": np.array([4, 1, 1])}),
        ("Concat", [node("Concat", "z x z", axis=1)], {}),
        ("Concat of nothing", [node("Concat", "z z", axis=1)], {}),
        ("Pad", [node("Pad", "z p")], {"p": np.array([0, 2, 0, 1])}),
        ("MatMul of depth 0", [node("MatMul", "z w")], {"w": np.zeros((0, 4), np.float32)}),
        ("Gemm of depth 0", [node("Gemm", "z w c")],
         {"w": np.zeros((0, 4), np.float32), "c": normal(4)}),
        ("MatMul of no columns", [node("MatMul", "x w")], {"w": np.zeros((8, 0), np.float32)}),
        ("ReduceSum", [node("ReduceSum", "z a")], {"a": np.array([1])}),
        ("ReduceProd", [node("ReduceProd", "z a")], {"a": np.array([1])}),
        ("Gather", [node("Gather", "x i", axis=0)], {"i": np.zeros((0, 2), np.int64)}),
        ("Tile", [node("Tile", "x n")], {"n": np.array([1, 0])}),
    ):  # fmt: skip
        yield Case(name, [columns, *nodes], {"x": x}, {**column_bounds, **weights}, **EXACT)
    yield Case("MatMul of no rows", [rows, node("MatMul", "z w")], {"x": x},
               {**row_bounds, "w": normal(8, 4)}, **EXACT)  # fmt: skip
    yield Case("LayerNormalization", [rows, node("LayerNormalization", "z s")], {"x": x},
               {**row_bounds, "s": normal(8)}, **EXACT)  # fmt: skip
    yield Case("Split", [node("Split", "x sizes", "a b y", axis=1)], {"x": x},
               {"sizes": np.array([3, 0, 5])}, outputs=("a", "b", "y"), **EXACT)  # fmt: skip
    # Inputs of the model: a cache of length 0, and no ids at all.
    feeds = {"past": normal(2, 0, 16), "new": normal(2, 5, 16, seed=1)}
    yield Case("an empty cache", [node("Concat", "past new", axis=1)], feeds, **EXACT)
    feeds = {"i": np.zeros((1, 0), np.int64)}
    yield Case("no ids", [node("Gather", "t i")], feeds, {"t": normal(20, 8)}, **EXACT)
    heads = {n: normal(1, n == "q" and 3 or 0, 8, seed=3) for n in "qkv"}
    attention = helper.make_node(
        "MultiHeadAttention", ["q", "k", "v"], ["y"], domain=MICROSOFT, num_heads=2
    )
    yield Case("attention to no keys", [attention], heads, **EXACT)


CASES = {case.name: case for case in cases()}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("target", ("edge", "odd"))
def test_values_are_those_of_onnx_runtime(target, name):
    case = CASES[name]
    wanted = None
    if name == "attention to no keys":  # which ONNX Runtime refuses
        wanted = {"y": np.zeros((1, 3, 8), np.float32)}
    executable = on_chip.check(case, target, wanted)
    assert executable.simulate(case.feeds).cycles > 0


def test_a_mean_of_nothing_is_no_number():
    columns, bounds = cut(1)
    case = Case("mean", [columns, node("ReduceMean", "z a")], {"x": normal(3, 8)},
                {**bounds, "a": np.array([1])})  # fmt: skip
    assert np.isnan(tw.compile(case.model)(**case.feeds)["y"]).all()


def test_an_open_dimension_may_be_zero():
    case = Case("cache", [node("Concat", "past new", axis=1)], {})
    model = on_chip.build(case.nodes, {"past": normal(1, 4, 8), "new": normal(1, 4, 8)})
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "cached"
    new = normal(1, 4, 8)
    got = tw.compile(model, dims={"cached": 0})(past=normal(1, 0, 8), new=new)["y"]
    np.testing.assert_array_equal(got, new)
    with pytest.raises(tw.InvalidArgument, match="is -1"):
        tw.compile(model, dims={"cached": -1})
