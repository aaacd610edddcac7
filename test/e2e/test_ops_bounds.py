# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The bounds of the op tests are tight: a small fault in an op breaks them.

And what the chip cannot do is refused, by name and with a reason.
"""

import numpy as np
import on_chip
import pytest
import test_ops_attention as attention
import test_ops_elementwise as elementwise
import test_ops_products as products
import tilework as tw
from on_chip import normal
from onnx import TensorProto, helper, numpy_helper


def changed(case, **attributes):
    """The case's model with other attributes on its first node."""
    model = case.model
    node = model.graph.node[0]
    kept = [a for a in node.attribute if a.name not in attributes]
    del node.attribute[:]
    node.attribute.extend(kept + [helper.make_attribute(k, v) for k, v in attributes.items()])
    return model


def with_weight(case, name, change):
    model = case.model
    for tensor in model.graph.initializer:
        if tensor.name == name:
            values = change(numpy_helper.to_array(tensor).copy())
            tensor.CopyFrom(numpy_helper.from_array(values, name))
    return model


def zeroed(values):
    values[:, 16:32] = 0
    return values


def one_more(feeds):
    mask = feeds["m"].copy()
    last = int(mask[1].sum()) - 1
    mask[1, last] = 0
    return {**feeds, "m": mask}


FAULTS = {
    "tanh in place of erf": (
        elementwise.CASES["Gelu"],
        lambda c: (changed(c, approximate="tanh"), c.feeds),
    ),
    "sigmoid of 1.69 x": (
        elementwise.CASES["QuickGelu"],
        lambda c: (changed(c, alpha=1.69), c.feeds),
    ),
    "16 columns of a weight are zero": (
        products.CASES["MatMul 16x64x48"],
        lambda c: (with_weight(c, "b", zeroed), c.feeds),
    ),
    "one row of a weight is its neighbour": (
        products.CASES["MatMul 16x64x48"],
        lambda c: (with_weight(c, "b", lambda w: np.concatenate([w[:1], w[:1], w[2:]])), c.feeds),
    ),
    "one bias is the next one": (
        products.CASES["Gemm 00"],
        lambda c: (with_weight(c, "c", lambda w: np.roll(w, 1)), c.feeds),
    ),
    "a mask hides one key more": (
        attention.CASES["split 2x7 4x8 additive mul 7"],
        lambda c: (c.model, one_more(c.feeds)),
    ),
    "a causal mask is one off": (
        attention.CASES["split 1x37 2x32 causal mul 37"],
        lambda c: (with_weight(c, "t", lambda t: np.tril(np.ones_like(t), 1)), c.feeds),
    ),
    "the scale of scores is 2 % off": (
        attention.CASES["split 2x130 2x16 None mul 130"],
        lambda c: (with_weight(c, "scale", lambda s: s * np.float32(1.02)), c.feeds),
    ),
    "the variance is of n - 1": (
        products.CASES["LayerNormalization (7, 37)"],
        lambda c: (with_weight(c, "s", lambda s: s * np.float32((36 / 37) ** 0.5)), c.feeds),
    ),
    "a softmax over the other axis": (
        products.CASES["Softmax (7, 37) -1"],
        lambda c: (changed(c, axis=0), c.feeds),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_leaves_the_bound(fault):
    case, change = FAULTS[fault]
    model, feeds = change(case)
    wrong = on_chip.reference(model, feeds)
    with pytest.raises(AssertionError, match="times the bound"):
        on_chip.check(case, "edge", wanted=wrong)


def refused(op, feeds, why, weights=None, opset=20, domain="", outputs=("y",), **attributes):
    weights = weights or {}
    node = helper.make_node(op, [*feeds, *weights], outputs, op, domain=domain, **attributes)
    return on_chip.build([node], feeds, weights, opset, outputs[:1]), why


X = normal(2, 3, 8)
REFUSALS = {
    "an op without lowering": refused("Det", {"x": normal(3, 3)}, "no lowering for this op"),
    "a product of a row": refused(
        "ReduceProd", {"x": X}, "no product of a row", opset=17, axes=[-1]
    ),
    "a power of integers": refused(
        "Pow", {"x": np.int64([[2, 3]]), "e": np.float32([1.5])}, "exponent of floats"
    ),
    "a cast to integers": (
        on_chip.build(
            [
                helper.make_node("Cast", ["x"], ["i"], "narrow", to=TensorProto.INT64),
                helper.make_node("Cast", ["i"], ["w"], "widen", to=TensorProto.FLOAT),
                helper.make_node("Softmax", ["w"], ["y"]),
            ],
            {"x": X},
        ),
        "cast to integers",
    ),
    "products of integers": refused(
        "MatMul", {"a": np.ones((2, 2), np.int64), "b": np.ones((2, 2), np.int64)}, "integers"
    ),
    "a shape from data": refused(
        "Reshape", {"x": X, "s": np.array([6, 8])}, "depends on the data of an input"
    ),
    "a softmax in double": refused(
        "Attention",
        {n: normal(1, 2, 4, 8, seed=i) for i, n in enumerate("qkv")},
        "softmax_precision asks for double",
        opset=23,
        softmax_precision=11,
    ),
    "sums at places of the caller's": refused(
        "ScatterND",
        {"x": X, "i": np.array([[0]]), "u": normal(1, 3, 8)},
        "'add' at indices that depend on the data",
        reduction="add",
    ),
    "a size read in two ways": refused(
        "Resize",
        {"x": normal(1, 1, 5)},
        "align_corners with a scale",
        {"r": np.zeros(0, np.float32), "s": np.array([1, 1, 0.5], np.float32)},
        mode="linear",
        coordinate_transformation_mode="align_corners",
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_what_the_chip_cannot_do_is_refused_with_a_reason(what):
    model, why = REFUSALS[what]
    with pytest.raises(tw.UnsupportedModel, match=why):
        tw.compile(model, target="edge")
