# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elements taken, put and marked by indices, against ONNX Runtime. What moves is equal;
indices are constants of the model, or integer inputs that the host turns into rows."""

import numpy as np
import pytest
import tilework as tw
from on_chip import Case, check, ints, normal, target_named, to_bf16
from onnx import helper

EXACT = dict(relative=0.0, absolute=1e-30)


def node(op, inputs, **attributes):
    return helper.make_node(op, inputs.split(), ["y"], "node", **attributes)


def both(name, op, inputs, x, indices, feeds=None, opset=20, **attributes):
    """With constant indices and with indices from the caller."""
    feeds = {"x": x, **(feeds or {})}
    nodes = [node(op, inputs, **attributes)]
    yield Case(f"{name}, constant", nodes, feeds, {"i": indices}, opset, **EXACT)
    yield Case(f"{name}, given", nodes, {**feeds, "i": indices}, {}, opset, **EXACT)


def between(low, high, *shape, seed=0):
    return np.random.default_rng(seed).integers(low, high, shape)


def shift(rows, columns, span):
    """Relative positions of rows and columns, as attention by distance reads them."""
    return np.clip(np.arange(rows)[:, None] - np.arange(columns) + span, 0, 2 * span - 1)


def gathers():
    x = normal(2, 5, 7)
    for axis in range(3):
        shape = [2, 5, 7]
        shape[axis] = 4
        indices = between(-x.shape[axis], x.shape[axis], *shape)
        yield from both(f"GatherElements {axis}", "GatherElements", "x i", x, indices, axis=axis)
    yield from both("fewer", "GatherElements", "x i", x, between(0, 5, 1, 3, 2), axis=1)
    whole = np.broadcast_to(between(0, 5, 2, 1, 1), (2, 1, 7)).copy()
    yield from both("of whole rows", "GatherElements", "x i", x, whole, axis=1)
    heads = normal(4, 9, 20)
    wide = np.broadcast_to(shift(9, 9, 10), (4, 9, 9)).copy()
    yield from both("a relative shift", "GatherElements", "x i", heads, wide, axis=2)
    near = np.broadcast_to(shift(9, 9, 3), (4, 9, 9)).copy()
    yield from both("a clipped shift", "GatherElements", "x i", heads, near, axis=2)
    yield Case(
        "of rows that the caller names, repeated in the model",
        [
            helper.make_node("Expand", ["i", "s"], ["e"]),
            node("GatherElements", "x e", axis=1),
        ],
        {"x": x, "i": between(0, 5, 2, 3, 1)},
        {"s": np.array([2, 3, 7])},
        **EXACT,
    )
    x = normal(3, 4, 5, 6)
    for depth in (1, 2, 3, 4):
        indices = np.stack([between(-n, n, 2, 3, seed=n) for n in x.shape[:depth]], -1)
        yield from both(f"GatherND of {depth}", "GatherND", "x i", x, indices)
        yield from both(f"GatherND of one {depth}", "GatherND", "x i", x, indices[0, 0])
    batch = between(-5, 5, 3, 4, 1)
    yield from both("GatherND, 2 batch", "GatherND", "x i", x, batch, batch_dims=2)
    deep = np.stack([between(0, 4, 3, 2), between(0, 5, 3, 2)], -1)
    yield from both("GatherND, 1 batch", "GatherND", "x i", x, deep, batch_dims=1)
    table = normal(11, 6)
    for name, rows in (
        ("repeated", np.repeat(np.arange(11), 3)),
        ("tiled", np.tile(np.arange(3, 9), 4)),
        ("reversed", np.arange(10, -1, -2)),
        ("one", np.full(7, 4)),
        ("a grid", (np.arange(4)[:, None] * 2 + np.arange(3)).ravel()),
        ("runs", np.array([0, 1, 2, 9, 8, 7, 7, 5, 3, 1, 10])),
        ("pairs", np.array([5, 9, 10, 10, 2, 6])),
        ("no order", between(0, 11, 200)),
    ):
        yield from both(f"Gather {name}", "Gather", "x i", table, rows)
        yield from both(f"Gather {name} of columns", "Gather", "x i", table.T.copy(), rows, axis=1)
    square = normal(6, 24)
    yield Case(
        "Gather beside another reading of its table",
        [
            helper.make_node("Gather", ["x", "i"], ["rows"]),
            helper.make_node("Gather", ["x", "j"], ["others"]),
            helper.make_node("Max", ["rows", "others"], ["larger"]),
            helper.make_node("Max", ["x", "larger"], ["y"]),
        ],
        {"x": square, "i": between(0, 6, 6), "j": between(0, 6, 6, seed=1)},
        {},
        **EXACT,
    )


def scatters():
    x = normal(4, 6, 5)
    for axis in range(3):
        indices = np.argsort(normal(*x.shape, seed=3), axis)[:, :3, :2]
        updates = {"u": normal(*indices.shape, seed=4)}
        yield from both(
            f"ScatterElements {axis}", "ScatterElements", "x i u", x, indices, updates, axis=axis
        )
    rows = np.array([[3], [0]])
    yield from both("ScatterND rows", "ScatterND", "x i u", x, rows, {"u": normal(2, 6, 5)})
    some = np.stack([np.array([0, 2, 3, 3]), np.array([-1, 0, 4, 5])], -1)
    yield from both("ScatterND", "ScatterND", "x i u", x, some, {"u": normal(4, 5)})
    at = np.array([[[0, 2]], [[1, 3]]])
    yield from both("ScatterND of more", "ScatterND", "x i u", x, at, {"u": normal(2, 1, 5)})
    same = np.array([[1], [1], [2], [1]])
    for reduction in ("add", "mul", "max", "min"):
        yield Case(
            f"ScatterND {reduction}",
            [node("ScatterND", "x i u", reduction=reduction)],
            {"x": x, "u": normal(4, 6, 5, seed=5)},
            {"i": same},
            absolute=2.0**-7,
        )
        yield Case(
            f"ScatterElements {reduction}",
            [node("ScatterElements", "x i u", reduction=reduction, axis=1)],
            {"x": x, "u": normal(2, 3, 5, seed=5)},
            {"i": between(0, 6, 2, 3, 5)},
            absolute=2.0**-7,
        )


def marks():
    values = np.array([-2.5, 7], np.float32)
    for axis in (-1, 0, 1):
        yield from both(
            f"OneHot {axis}",
            "OneHot",
            "i d v",
            normal(1),
            between(-5, 7, 3, 4),
            {"v": values},
            axis=axis,
        )
    for shape in ((5, 7), (2, 7, 5)):
        for k in (-9, -2, 0, 1, 9):
            for upper in (0, 1):
                yield Case(
                    f"Trilu {shape} {k} {upper}",
                    [node("Trilu", "x k", upper=upper)],
                    {"x": normal(*shape)},
                    {"k": np.array(k)},
                    **EXACT,
                )


def one_hot(case):
    """The input x is not read there."""
    if "OneHot" not in case.name:
        return case
    feeds = {n: v for n, v in case.feeds.items() if n != "x"}
    return Case(case.name, case.nodes, feeds, {**case.weights, "d": np.array([5])}, **EXACT)


CASES = [one_hot(case) for make in (gathers, scatters, marks) for case in make()]


@pytest.mark.parametrize("target", ["edge", "odd"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_moves_what_onnx_runtime_does(case, target):
    check(case, target)


@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("shape, axis", [((9,), 0), ((3, 40), 1), ((5, 4, 6), 1), ((5, 4, 6), 0)])
def test_a_running_sum_takes_what_is_before(shape, axis, reverse, exclusive):
    x = normal(*shape)
    nodes = [node("CumSum", "x a", exclusive=exclusive, reverse=reverse)]
    check(Case("CumSum", nodes, {"x": x}, {"a": np.array(axis)}, absolute=2.0**-8), "edge")
    # An infinity or a NaN reaches the sums that it is part of, and no other.
    x.reshape(-1)[[1, -2]] = np.inf, np.nan
    x.reshape(-1)[x.size // 2] = -np.inf
    model = Case("CumSum", nodes, {"x": x}, {"a": np.array(axis)}).model
    got = tw.compile(model, target=target_named("edge"))(x=x)["y"]
    turned = np.flip(x, axis) if reverse else x
    wanted = np.cumsum(turned, axis)
    if exclusive:
        wanted = np.insert(np.delete(wanted, -1, axis), 0, 0, axis)
    wanted = np.flip(wanted, axis) if reverse else wanted
    np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
    np.testing.assert_allclose(got, to_bf16(wanted), rtol=2.0**-7, atol=2.0**-6)


@pytest.mark.parametrize(
    "op, indices, attributes",
    [
        ("GatherElements", np.array([[0, 5, 1]]), {"axis": 1}),
        ("GatherND", np.array([[0, -6]]), {}),
        ("Gather", np.array([2]), {"axis": 0}),
    ],
)
def test_an_index_out_of_range_is_an_error_of_the_launch(op, indices, attributes):
    x = normal(2, 5)
    model = Case("", [node(op, "x i", **attributes)], {"x": x, "i": indices}).model
    executable = tw.compile(model, target=target_named("edge"))
    with pytest.raises(tw.TileworkError, match="out of range"):
        executable(x=x, i=indices)


def test_a_constant_index_out_of_range_is_an_error_of_the_model():
    case = Case("", [node("GatherElements", "x i")], {"x": normal(2, 5)}, {"i": np.array([[2]])})
    with pytest.raises(tw.TileworkError, match="leaves the tensor"):
        tw.compile(case.model, target=target_named("edge"))


def test_integers_are_gathered_by_the_host():
    x, i = ints(100, 3, 4), between(-4, 4, 3, 6)
    nodes = [
        helper.make_node("GatherElements", ["x", "i"], ["g"], axis=1),
        helper.make_node("Cast", ["g"], ["y"], to=1),
    ]
    check(Case("integers", nodes, {"x": x, "i": i}, **EXACT), "edge")


@pytest.mark.parametrize("op", ["Gather", "GatherElements", "GatherND"])
@pytest.mark.parametrize("size", [9, 40, 4099])
def test_a_constant_by_constant_indices_is_a_constant(size, op):
    indices = np.random.default_rng(0).permutation(size)
    nodes = [helper.make_node(op, ["t", "i"], ["c"]), node("Add", "x c")]
    weights = {"t": normal(size), "i": indices[:, None] if op == "GatherND" else indices}
    check(Case(op, nodes, {"x": normal(3, size)}, weights), "edge")
    alone = Case(op, [node(op, "t i")], {}, weights, **EXACT)
    check(alone, "edge")


@pytest.mark.parametrize("shape", [(), (7,), (4, 5), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.int64, bool])
def test_places_of_what_is_not_zero_are_constants_of_constants(shape, dtype):
    chosen = ints(3, *shape, seed=2).astype(dtype) if shape else np.array(2, dtype)
    nodes = [
        helper.make_node("NonZero", ["c"], ["places"]),
        helper.make_node("Cast", ["places"], ["n"], to=1),
        node("Mul", "x n"),
    ]
    check(Case("places", nodes, {"x": normal(1, 1)}, {"c": chosen}), "edge")


def test_places_that_depend_on_an_input_are_refused():
    model = Case("", [node("NonZero", "x")], {"x": normal(4)}).model
    with pytest.raises(tw.UnsupportedModel, match="shapes would change from run to run"):
        tw.compile(model)
