# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Comparisons and choices on the chip: to the bit what NumPy gives, whatever the
operands hold and however they broadcast."""

import itertools

import numpy as np
import pytest
import tilework as tw
from on_chip import normal, to_bf16
from onnx import TensorProto, helper

SHAPES = {"tile": (5, 24), "column": (1, 24), "vector": (5, 1), "rank 1": (24,), "scalar": ()}
LARGE = 1.5 * 2.0**127
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, LARGE, -LARGE, 1.0, -1.0]
COMPARISONS = {
    "Equal": np.equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
}
EXTREMA = {"Max": np.maximum, "Min": np.minimum}
LOGIC = {"And": np.logical_and, "Or": np.logical_or, "Xor": np.logical_xor}


def odd(shape, seed):
    """Small numbers, equal ones among them, and everything that arithmetic fears."""
    random = np.random.default_rng(seed)
    x = np.asarray(random.integers(-3, 4, shape), np.float32)
    special = np.asarray(random.choice(ODD, shape), np.float32)
    return np.where(random.random(shape) < 0.4, special, x).astype(np.float32)


def bools(shape, seed):
    return np.asarray(np.random.default_rng(seed).integers(0, 2, shape), bool)


def run(nodes, feeds, result=TensorProto.FLOAT, constants=None):
    """The output y of a model of `nodes`."""
    values = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
        for n, v in feeds.items()
    ]
    graph = helper.make_graph(
        nodes,
        "case",
        values,
        [helper.make_tensor_value_info("y", result, None)],
        [
            helper.make_tensor(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape, v.ravel())
            for n, v in (constants or {}).items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 10
    return tw.compile(model, target="nano")(**feeds)["y"]


def same(got, wanted):
    """Equal values, signs of zero and NaN included."""
    np.testing.assert_array_equal(got, wanted)
    if got.dtype != bool:
        np.testing.assert_array_equal(np.signbit(got[wanted == 0]), np.signbit(wanted[wanted == 0]))


def node(op, inputs, output="y", **attributes):
    return helper.make_node(op, inputs, [output], **attributes)


PAIRS = [p for p in itertools.product(SHAPES, repeat=2) if "scalar" not in p[:1]]


@pytest.mark.parametrize("op", {**COMPARISONS, **EXTREMA})
@pytest.mark.parametrize("left, right", PAIRS, ids=lambda p: p.replace(" ", "-"))
def test_two_operands(op, left, right):
    a, b = odd(SHAPES[left], 1), odd(SHAPES[right], 2)
    a.flat[0] = b.flat[0] if b.size else 0
    wanted = {**COMPARISONS, **EXTREMA}[op](a, b)
    if op in EXTREMA:  # NumPy leaves open which zero wins
        wanted = np.where(wanted == 0, _zero(op, a, b), wanted).astype(np.float32)
    kind = TensorProto.BOOL if op in COMPARISONS else TensorProto.FLOAT
    same(run([node(op, ["a", "b"])], {"a": a, "b": b}, kind), wanted)
    # A constant takes the operand's place in the instruction.
    same(run([node(op, ["a", "b"])], {"a": a}, kind, {"b": b}), wanted)
    same(run([node(op, ["a", "b"])], {"b": b}, kind, {"a": a}), wanted)


def _zero(op, a, b):
    negative = np.signbit(a) & np.signbit(b) if op == "Max" else np.signbit(a) | np.signbit(b)
    a, b = np.broadcast_arrays(a, b)
    negative = np.where(a == b, negative, np.where(a == 0, np.signbit(a), np.signbit(b)))
    return np.where(negative, -0.0, 0.0)


@pytest.mark.parametrize("op", LOGIC)
def test_logic_of_computed_conditions(op):
    a, b = odd((5, 24), 1), odd((24,), 2)
    nodes = [node("Greater", ["a", "zero"], "p"), node("IsNaN", ["b"], "n"), node(op, ["p", "n"])]
    wanted = LOGIC[op](a > 0, np.isnan(b))
    zero = {"zero": np.zeros((), np.float32)}
    same(run(nodes, {"a": a, "b": b}, TensorProto.BOOL, zero), wanted)
    nodes[2:] = [node(op, ["p", "n"], "r"), node("Not", ["r"])]
    same(run(nodes, {"a": a, "b": b}, TensorProto.BOOL, zero), ~wanted)


@pytest.mark.parametrize("condition", ("input", "prepared", "constant", "computed"))
@pytest.mark.parametrize(
    "shapes",
    [s for s in itertools.product(SHAPES, repeat=3) if "tile" in s or set(s) > {"vector"}],
    ids=lambda s: "/".join(s).replace(" ", "-"),
)
def test_nothing_leaks_from_the_side_that_is_not_taken(condition, shapes):
    shape_c, shape_x, shape_y = (SHAPES[s] for s in shapes)
    seed = sum(map(len, shapes))
    x, y = odd(shape_x, seed + 1), odd(shape_y, seed + 2)
    feeds, constants, nodes = {"x": x, "y0": y}, {}, []
    if condition == "computed":
        feeds["f"] = odd(shape_c, seed)
        c = feeds["f"].astype(bool)  # NaN is not zero
        nodes = [node("Cast", ["f"], "c", to=TensorProto.BOOL)]
    elif condition == "prepared":  # by the host, out of integers
        feeds["n"] = bools(shape_c, seed).astype(np.int64)
        constants["one"] = np.ones((), np.int64)
        c = feeds["n"] >= 1
        nodes = [node("GreaterOrEqual", ["n", "one"], "c")]
    else:
        c = bools(shape_c, seed)
        (feeds if condition == "input" else constants)["c"] = c
    same(
        run([*nodes, node("Where", ["c", "x", "y0"])], feeds, constants=constants),
        np.where(c, x, y),
    )


@pytest.mark.parametrize("value", ODD)
def test_a_constant_side(value):
    x, c = odd((5, 24), 1), bools((5, 24), 2)
    side = {"k": np.asarray(value, np.float32)}
    same(
        run([node("Where", ["c", "x", "k"])], {"c": c, "x": x}, constants=side),
        np.where(c, x, side["k"]),
    )
    same(
        run([node("Where", ["c", "k", "x"])], {"c": c, "x": x}, constants=side),
        np.where(c, side["k"], x),
    )
    two = {**side, "l": np.asarray(np.inf, np.float32)}
    nodes = [node("Less", ["x", "z"], "c"), node("Where", ["c", "k", "l"])]
    z = {"z": np.zeros((), np.float32)}
    same(run(nodes, {"x": x}, constants={**two, **z}), np.where(x < 0, side["k"], two["l"]))


@pytest.mark.parametrize("low, high", ((-1.0, 2.0), (-np.inf, 0.0), (0.0, np.inf), (-LARGE, LARGE)))
def test_clip(low, high):
    x = odd((5, 24), 1)
    bounds = {"low": np.asarray(low, np.float32), "high": np.asarray(high, np.float32)}
    np.testing.assert_array_equal(
        run([node("Clip", ["x", "low", "high"])], {"x": x}, constants=bounds),
        np.clip(x, bounds["low"], bounds["high"]),
    )
    np.testing.assert_array_equal(
        run([node("Clip", ["x", "low", "high"])], {"x": x, **bounds}),
        np.clip(x, bounds["low"], bounds["high"]),
    )


def test_a_guard_against_nan():
    x = odd((5, 24), 1)
    nodes = [node("IsNaN", ["x"], "c"), node("Where", ["c", "k", "x"])]
    k = {"k": np.asarray(0.5, np.float32)}
    same(run(nodes, {"x": x}, constants=k), np.where(np.isnan(x), k["k"], x))


@pytest.mark.parametrize("hidden", (-np.inf, np.nan))
def test_a_guard_behind_a_softmax(hidden):
    s = normal(5, 24)
    s[1] = hidden
    s[2, 3] = hidden
    nodes = [
        node("Softmax", ["s"], "p"),
        node("IsNaN", ["p"], "c"),
        node("Where", ["c", "k", "p"]),
    ]
    with np.errstate(invalid="ignore"):
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        p = e / e.sum(axis=-1, keepdims=True)
    wanted = np.where(np.isnan(p), 0, p)
    got = run(nodes, {"s": s}, constants={"k": np.zeros((), np.float32)})
    np.testing.assert_allclose(got, wanted, rtol=2**-7, atol=0)


@pytest.mark.parametrize("spelling", ("add", "subtract", "multiply"))
def test_the_least_number_is_a_number(spelling):
    """-FLT_MAX is beyond bf16, and rows that it masks as a whole have equal weights."""
    x = np.zeros((3, 24), np.float32)
    x[1] = 1
    x[2, ::2] = 1
    constants = {"least": np.finfo(np.float32).min, "one": np.float32(1)}
    nodes = {
        "add": [node("Add", ["x", "least"], "m")],
        "subtract": [node("Neg", ["least"], "large"), node("Sub", ["x", "large"], "m")],
        "multiply": [node("Sub", ["one", "x"], "r"), node("Mul", ["r", "least"], "m")],
    }[spelling]
    got = run([*nodes, node("Softmax", ["m"])], {"x": x}, constants=constants)
    wanted = np.full((3, 24), 1 / 24)
    if spelling == "multiply":
        wanted[2] = np.where(x[2], 1 / 12, 0)
    np.testing.assert_allclose(got, wanted, rtol=2**-7, atol=0)


@pytest.mark.parametrize("length", (1, 3, 33, 700, 9000))
@pytest.mark.parametrize("spelling", ("where", "add"))
@pytest.mark.parametrize("hidden", (-1e9, -1e30, -70000.0))
def test_a_finite_mask_is_a_number_where_all_keys_carry_it(hidden, spelling, length):
    """Rows differ from their maximum by no more than they are rounded."""
    s = normal(6, length, scale=3)
    seen = bools((6, length), 1)
    seen[1] = seen[4] = False
    constants = {"h": np.asarray(hidden, np.float32), "zero": np.zeros((), np.float32)}
    if spelling == "where":
        nodes = [node("Where", ["c", "s", "h"], "m"), node("Softmax", ["m"])]
        masked = np.where(seen, s, constants["h"])
    else:
        nodes = [
            node("Where", ["c", "zero", "h"], "a"),
            node("Add", ["s", "a"], "m"),
            node("Softmax", ["m"]),
        ]
        masked = s + np.where(seen, 0, constants["h"])
    masked = to_bf16(masked)
    e = np.exp(masked.astype(np.float64) - masked.max(axis=-1, keepdims=True))
    wanted = e / e.sum(axis=-1, keepdims=True)
    got = run(nodes, {"s": s, "c": seen}, constants=constants)
    hides = wanted.max(axis=-1, keepdims=True) < 2 / length  # the row is masked as a whole
    np.testing.assert_allclose(got, wanted, rtol=2**-6, atol=2**-9)
    np.testing.assert_allclose(np.where(hides, got, wanted), wanted, rtol=2**-6, atol=0)


PLACES = [
    ((5, 24), 1, 0),
    ((5, 24), 0, 1),
    ((2, 3, 700), -1, 0),
    ((2, 3, 700), 2, 1),
    ((66000,), 0, 0),
]


@pytest.mark.parametrize("op", ("ArgMax", "ArgMin"))
@pytest.mark.parametrize("last", (0, 1))
@pytest.mark.parametrize("shape, axis, keep", PLACES)
def test_the_place_of_an_extremum(op, last, shape, axis, keep):
    x = odd(shape, 3)
    x[np.isnan(x)] = 0  # ties everywhere
    n, along = shape[axis], axis % len(shape)
    find = np.argmax if op == "ArgMax" else np.argmin
    wanted = n - 1 - find(np.flip(x, along), axis=along) if last else find(x, axis=along)
    if keep:
        wanted = np.expand_dims(wanted, along)
    attributes = {"axis": axis, "keepdims": keep, "select_last_index": last}
    got = run([node(op, ["x"], **attributes)], {"x": x}, TensorProto.INT64)
    assert got.dtype == np.int64
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("op", ("ArgMax", "ArgMin"))
@pytest.mark.parametrize("last", (0, 1))
@pytest.mark.parametrize("length", (1, 24, 700))
def test_the_place_of_an_integer(op, last, length):
    x = np.random.default_rng(1).integers(-9, 9, (4, length))
    find = np.argmax if op == "ArgMax" else np.argmin
    wanted = length - 1 - find(x[:, ::-1], axis=1) if last else find(x, axis=1)
    nodes = [node(op, ["x"], axis=1, keepdims=0, select_last_index=last)]
    np.testing.assert_array_equal(run(nodes, {"x": x}, TensorProto.INT64), wanted)


def test_the_place_of_a_nan():
    x = odd((5, 24), 3)
    wanted = np.argmax(x, axis=1)[:, None]
    np.testing.assert_array_equal(
        run([node("ArgMax", ["x"], axis=1)], {"x": x}, TensorProto.INT64), wanted
    )


def test_integers_behind_the_chip():
    """What becomes integers leaves the chip and is finished by the loader."""
    x = normal(3, 8) * 10
    ten = {"ten": np.asarray([10], np.int64)}
    nodes = [
        node("Relu", ["x"], "r"),
        node("Cast", ["r"], "i", to=TensorProto.INT64),
        node("Add", ["i", "ten"], "j"),
        node("Mod", ["j", "ten"], "k"),
        node("Transpose", ["k"], "y", perm=[1, 0]),
    ]
    wanted = ((np.maximum(x, 0).astype(np.int64) + 10) % 10).T
    np.testing.assert_array_equal(run(nodes, {"x": x}, TensorProto.INT64, ten), wanted)
