# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Row programs at their edges, on the functional engine: far operands, infinities, mixed shapes, long rows."""

import itertools

import numpy as np
import pytest
import tilework as tw
from onnx import TensorProto, helper, numpy_helper


def to_bf16(x):
    """The nearest bf16 numbers, as float32."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def run(nodes, target="nano", **feeds):
    """The output y of a graph of `nodes` over inputs as in `feeds`."""
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape)
        for name, value in feeds.items()
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "rows", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    return tw.compile(model, target=target)(**feeds)["y"]


def far_apart():
    """Pairs of bf16 numbers of all sizes, both ways round."""
    ends = [0, 1, 0.3, 2.5e-5, 1e-30, 7e-9, 300, 65504, 1e9, 1e30, 3.3e38, 3.38e38, np.inf]
    ends = to_bf16([s * e for e in ends for s in (1, -1)])
    draw = np.random.default_rng(0)
    drawn = draw.normal(size=(2, 524)) * 10.0 ** draw.integers(-20, 30, (2, 524))
    pairs = np.array(list(itertools.product(ends, ends))).T
    return to_bf16(np.concatenate([pairs, drawn], axis=1)).reshape(2, 12, 100)


@pytest.mark.parametrize("op,reference", [("Max", np.maximum), ("Min", np.minimum)])
def test_the_larger_and_the_smaller_of_two_is_exact_however_far(op, reference):
    a, b = far_apart()
    for left, right in [
        (a, b),
        (a, b[5]),
        (a[5], b),
        (a, b[:, 5:6]),
        (a[:, 7:8], b),
        (a[:, 3:4], b[2:3]),
        (a[2:3], b[:, 9:10]),
        (a[:, 3:4], b[:, 5:6]),
    ]:
        got = run([helper.make_node(op, ["a", "b"], ["y"])], a=left, b=right)
        np.testing.assert_array_equal(got, reference(left, right))


@pytest.mark.parametrize(
    "op,reference",
    [("Add", np.add), ("Sub", np.subtract), ("Mul", np.multiply), ("Div", np.divide)],
)
def test_a_row_and_a_column_make_a_matrix(op, reference):
    draw = np.random.default_rng(1)
    row = to_bf16(draw.uniform(0.5, 2, (1, 37)))
    column = to_bf16(draw.uniform(0.5, 2, (70, 1)))
    for left, right in [(row, column), (column, row)]:
        got = run([helper.make_node(op, ["a", "b"], ["y"])], a=left, b=right)
        # One rounding to bf16, for some quotients one more of the reciprocals.
        np.testing.assert_allclose(got, reference(left, right), rtol=2**-7, atol=2**-8)


def test_logarithms_of_softmax_reach_far_below_the_maximum():
    x = to_bf16(np.linspace(100, -100, 5 * 37).reshape(37, 5).T)
    got = run([helper.make_node("LogSoftmax", ["a"], ["y"])], a=x)
    below = x.astype(np.float64) - x.max(-1, keepdims=True)
    wanted = below - np.log(np.exp(below).sum(-1, keepdims=True))
    # The difference to the maximum and the logarithm of the sum are bf16 each.
    np.testing.assert_allclose(got, wanted, rtol=2**-7, atol=2**-6)


@pytest.mark.parametrize("alpha", [0.0, 0.01, 0.3, 1.0, 2.5, -0.5])
def test_a_leaky_relu_keeps_both_sides(alpha):
    x = to_bf16(np.concatenate([np.linspace(-3, 3, 61), [1e9, -1e9, 1e-9, -1e-9]]))[None]
    got = run([helper.make_node("LeakyRelu", ["a"], ["y"], alpha=alpha)], a=x)
    np.testing.assert_allclose(got, np.where(x < 0, alpha * x, x), rtol=2**-7)


WIDE = [
    ("Softmax", (3, 30522), {"axis": -1}),
    ("LogSoftmax", (3, 5000), {"axis": -1}),
    ("ReduceMean", (2, 3, 5003), {"axes": [-1]}),
    ("ReduceMax", (70, 2600), {"axes": [1]}),
    ("ReduceMin", (9, 7001), {"axes": [1], "keepdims": 0}),
    ("ReduceMax", (4, 3001), {"axes": [0, 1]}),
]


def reference_of(op, x, axis=-1, axes=None, keepdims=1):
    if op.startswith("Reduce"):
        reduce = {"Mean": np.mean, "Max": np.max, "Min": np.min}[op[6:]]
        return reduce(x, axis=tuple(axes), keepdims=bool(keepdims))
    shifted = x - x.max(axis, keepdims=True)
    logarithm = shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))
    return logarithm if op == "LogSoftmax" else np.exp(logarithm)


@pytest.mark.parametrize("op,shape,attributes", WIDE)
def test_a_row_that_does_not_fit_streams(op, shape, attributes):
    x = to_bf16(np.random.default_rng(3).normal(size=shape))
    got = run([helper.make_node(op, ["x"], ["y"], **attributes)], x=x)
    wanted = reference_of(op, x.astype(np.float64), **attributes)
    np.testing.assert_allclose(got, wanted, rtol=2.0**-7, atol=2.0**-9 * np.abs(wanted).max())


def test_a_normalised_row_that_does_not_fit_streams():
    numbers = np.random.default_rng(4)
    x, scale, shift = (to_bf16(numbers.normal(size=s)) for s in ((5, 4099), (4099,), (4099,)))
    node = helper.make_node("LayerNormalization", ["x", "scale", "shift"], ["y"], axis=-1)
    got = run([node], x=x, scale=scale, shift=shift)
    wide = x.astype(np.float64)
    wanted = (wide - wide.mean(1, keepdims=True)) / np.sqrt(wide.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(got, wanted * scale + shift, rtol=2.0**-7, atol=2.0**-7)


@pytest.mark.parametrize("shape", [(5, 1), (1, 9), (1, 1), (1,), (9,)])
@pytest.mark.parametrize("op", ["Softmax", "Sigmoid", "ReduceMax"])
def test_a_widened_operand_has_all_its_elements(op, shape):
    x = to_bf16(np.random.default_rng(5).normal(size=shape))
    attributes = {} if op == "Sigmoid" else {"axes": [1]} if op == "ReduceMax" else {"axis": 1}
    sizes = helper.make_tensor("sizes", TensorProto.INT64, [2], [5, 9])
    nodes = [
        helper.make_node("Constant", [], ["sizes"], value=sizes),
        helper.make_node("Expand", ["x", "sizes"], ["wide"]),
        helper.make_node(op, ["wide"], ["y"], **attributes),
    ]
    wide = np.broadcast_to(x, (5, 9)).astype(np.float64)
    wanted = 1 / (1 + np.exp(-wide)) if op == "Sigmoid" else reference_of(op, wide, **attributes)
    np.testing.assert_allclose(run(nodes, x=x), wanted, rtol=2.0**-7)


def test_a_gather_reads_a_table_of_any_strides():
    table = to_bf16(np.random.default_rng(6).normal(size=(9, 7)))
    ids = np.array([6, 0, 3, 3], np.int64)
    nodes = [
        helper.make_node("Transpose", ["table"], ["turned"], perm=[1, 0]),
        helper.make_node("Constant", [], ["ids"], value=numpy_helper.from_array(ids)),
        helper.make_node("Gather", ["turned", "ids"], ["y"], axis=0),
    ]
    np.testing.assert_array_equal(run(nodes, table=table), table.T[ids])


def test_an_operand_read_in_two_ways_keeps_its_own_shape():
    x, t = (to_bf16(np.random.default_rng(7).normal(size=s)) for s in ((5, 9), (1, 1)))
    nodes = [
        helper.make_node("Mul", ["x", "t"], ["scaled"]),
        helper.make_node("Softmax", ["scaled"], ["soft"], axis=1),
        helper.make_node("Concat", ["t", "t"], ["two"], axis=1),
        helper.make_node("ReduceMax", ["soft"], ["top"], axes=[1]),
        helper.make_node("Mul", ["top", "two"], ["y"]),
    ]
    wanted = reference_of("Softmax", (x * t).astype(np.float64)).max(1, keepdims=True) * t
    np.testing.assert_allclose(run(nodes, x=x, t=t), np.repeat(wanted, 2, axis=1), rtol=2.0**-5)
