# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Questions that models put by integers ("is any element infinite?"), where the chip
computes the condition: the answer is right, or the question is refused by name."""

import numpy as np
import pytest
import tilework as tw
from on_chip import build, normal, reference, target_named
from onnx import TensorProto, helper

SHAPE = (3, 20, 30)


def question(reduction, compare, number, kind=TensorProto.INT64):
    """Clips x where the number of its elements above 1 compares so."""
    axes = ["axes"] if reduction == "ReduceSum" else []
    return [
        helper.make_node("Greater", ["x", "one"], ["c"]),
        helper.make_node("Cast", ["c"], ["i"], "count", to=kind),
        helper.make_node(reduction, ["i", *axes], ["n"], "sum", keepdims=0),
        *(
            [helper.make_node(compare, ["n", "number"], ["q"], "compare")]
            if compare
            else [helper.make_node("Cast", ["n"], ["q"], "compare", to=TensorProto.BOOL)]
        ),
        helper.make_node("Where", ["q", "low", "high"], ["limit"]),
        helper.make_node("Min", ["x", "limit"], ["y"]),
    ], {
        "one": np.float32(1),
        "number": np.int64(number),
        "low": np.float32(0.5),
        "high": np.float32(2),
        "axes": np.array([0, 1, 2]),
    }


@pytest.mark.parametrize("target", ["edge", "odd"])
@pytest.mark.parametrize("above", [0, 1, 700])
@pytest.mark.parametrize(
    "reduction, compare, number",
    [
        ("ReduceSum", "Greater", 0),
        ("ReduceSum", "Equal", 0),
        ("ReduceSum", "LessOrEqual", 0),
        ("ReduceSum", "Less", 1),
        ("ReduceSum", "GreaterOrEqual", 1),
        ("ReduceSum", None, 0),
        ("ReduceMax", "Greater", 0),
        ("ReduceMax", None, 0),
    ],
)
def test_a_question_is_answered(reduction, compare, number, above, target):
    x = np.minimum(normal(*SHAPE), 0.9).astype(np.float32)
    x = np.where(np.arange(x.size).reshape(SHAPE) < above, 3, x).astype(np.float32)
    nodes, weights = question(reduction, compare, number)
    used = {n for node in nodes for n in node.input}
    model = build(nodes, {"x": x}, {n: w for n, w in weights.items() if n in used}, opset=18)
    got = tw.compile(model, target=target_named(target))(x=x)["y"]
    wanted = reference(model, {"x": x})["y"]
    np.testing.assert_allclose(got, wanted, rtol=2.0**-8)


def test_a_count_beyond_what_is_exact_is_refused_by_name():
    nodes, weights = question("ReduceSum", "Greater", 300)
    model = build(nodes, {"x": normal(*SHAPE)}, weights, opset=18)
    with pytest.raises(tw.UnsupportedModel, match="'compare'"):
        tw.compile(model)


def test_a_small_count_is_exact():
    x = np.where(np.arange(200) < 131, 3, 0).astype(np.float32).reshape(1, 200)
    for number in (130, 131):
        nodes, weights = question("ReduceSum", "Greater", number)
        weights["axes"] = np.array([0, 1])
        model = build(nodes, {"x": x}, weights, opset=18)
        got = tw.compile(model)(x=x)["y"]
        np.testing.assert_allclose(got, reference(model, {"x": x})["y"], rtol=2.0**-8)


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("low", [0, np.arange(30)])
def test_a_condition_chooses_between_constants_of_integers(low, joined):
    nodes = [
        helper.make_node("Greater", ["x", "one"], ["c"]),
        helper.make_node("Not" if joined else "Identity", ["c"], ["d"]),
        helper.make_node("Where", ["d", "high", "low"], ["i"]),
        helper.make_node("Cast", ["i"], ["y"], to=1),
    ]
    weights = {"one": np.float32(1), "high": np.int64(77), "low": np.asarray(low, np.int64)}
    feeds = {"x": normal(*SHAPE)}
    model = build(nodes, feeds, weights)
    got = tw.compile(model, target=target_named("odd"))(**feeds)["y"]
    np.testing.assert_array_equal(got, reference(model, feeds)["y"])
