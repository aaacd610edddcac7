# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layer normalisation against exact arithmetic, whatever the row's mean is next to its deviation.

The bounds are those of RationalePlanning.md, "Normalisation".
"""

import numpy as np
import on_chip
import pytest
import tilework as tw
from on_chip import Case, normal, to_bf16
from onnx import helper

MEANS = (0.0, 1.0, -30.0, 1e3, 1e5, 1e6)


def node(op, inputs, outputs="y", **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def exact(x, epsilon):
    x = x.astype(np.float64)
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)


def odd_rows(n):
    """Rows of bf16 numbers: noise on a mean, one element a unit in the last place away or far away
    at any position, and rows without deviation."""
    rows = []
    for i, mean in enumerate(MEANS):
        rows.append(to_bf16(mean + np.random.default_rng(i).normal(0, 1, n)))
        flat = to_bf16(np.full(n, mean + 1, np.float32))
        for position in (0, 1, n // 2, n - 1):
            near, far, noisy = flat.copy(), flat.copy(), rows[-1].copy()
            near[position] = (near[position : position + 1].view(np.uint32) + 0x10000).view(
                np.float32
            )[0]
            far[position] = noisy[position] = to_bf16(np.array([-1e6]))[0]
            rows += [near, far, noisy]
    return np.array([*rows, np.full(n, 1000), np.zeros(n), to_bf16(np.full(n, 1000.9))], np.float32)


@pytest.mark.parametrize("epsilon", (1e-12, 1e-5))
@pytest.mark.parametrize("n", (5, 96, 384))
@pytest.mark.parametrize("target", on_chip.TARGETS)
def test_rows_of_bf16(target, n, epsilon):
    x = odd_rows(n)
    case = Case("rows", [node("LayerNormalization", "x s b", epsilon=epsilon)], {"x": x},
                {"s": np.ones(n, np.float32), "b": np.zeros(n, np.float32)})  # fmt: skip
    got = tw.compile(case.model, target=on_chip.target_named(target))(x=x)["y"]
    wanted = exact(x, epsilon)
    error = np.abs(got - wanted) / np.maximum(np.abs(wanted), 1)
    assert error.max() <= 2**-8, np.unravel_index(error.argmax(), error.shape)


@pytest.mark.parametrize("residual", (False, True))
@pytest.mark.parametrize("activation", (False, True))
@pytest.mark.parametrize("mean", (0.0, 100.0, 1e4, 1e6))
@pytest.mark.parametrize("target", on_chip.TARGETS)
def test_rows_that_a_product_makes(target, mean, activation, residual):
    """Rows that no tensor holds are fp32, and shifted before they are rounded."""
    m, n = 12, 72
    x, r = normal(m, n), normal(m, n, seed=1)
    bias = to_bf16(np.full(n, mean))
    nodes = [node("MatMul", "x w", "p"), node("Add", "p b", "v")]
    row = x + bias.astype(np.float64)
    if activation:
        nodes.append(node("Relu", "v", "a"))
        row = np.maximum(row, 0)
    if residual:
        nodes.append(node("Add", f"{nodes[-1].output[0]} r", "t"))
        row = row + r
    nodes.append(node("LayerNormalization", f"{nodes[-1].output[0]} s z", epsilon=1e-12))
    feeds = {"x": x, "r": r} if residual else {"x": x}
    weights = {"w": np.eye(n, dtype=np.float32), "b": bias,
               "s": np.ones(n, np.float32), "z": np.zeros(n, np.float32)}  # fmt: skip
    case = Case("product", nodes, feeds, weights)
    got = tw.compile(case.model, target=on_chip.target_named(target))(**feeds)["y"]
    # Two roundings to bf16 of at most 4 deviations, and those of fp32 at the mean.
    allowed = 4 * 2 * 2**-9 * (1 + 0.25) + 2 * mean * 2**-24 + 2**-7
    assert np.abs(got - exact(row, 1e-12)).max() <= allowed


def test_a_row_with_other_readers():
    """The others read the row as it is; its statistics are those of what it was rounded to."""
    a = to_bf16(np.full((4, 96), 1000.9 - 7))
    feeds = {"a": a, "b": np.full((4, 96), 7, np.float32)}
    nodes = [node("Add", "a b", "x"), node("LayerNormalization", "x s z", "n", epsilon=1e-12),
             node("Add", "x n")]  # fmt: skip
    weights = {"s": np.ones(96, np.float32), "z": np.zeros(96, np.float32)}
    on_chip.check(Case("readers", nodes, feeds, weights), "edge")


@pytest.mark.parametrize("shape", ((48,), (1, 48), (8, 48), (8, 1), (5, 8, 48), (5, 1, 48), (1,)))
@pytest.mark.parametrize("axis", (-1, 1))
@pytest.mark.parametrize("op", ("LayerNormalization", "RMSNormalization"))
def test_scales_of_any_shape(op, axis, shape):
    x, scale, shift = normal(5, 8, 48), normal(*shape, seed=3), normal(*shape, seed=4)
    wanted = x.astype(np.float64).reshape((5, -1) if axis == 1 else (5, 8, -1))
    if op == "LayerNormalization":
        wanted = exact(wanted, 1e-5).reshape(x.shape) * scale + shift
    else:
        wanted /= np.sqrt((wanted**2).mean(-1, keepdims=True) + 1e-5)
        wanted = wanted.reshape(x.shape) * scale
    inputs = "x s b" if op == "LayerNormalization" else "x s"
    weights = {"s": scale, "b": shift} if op == "LayerNormalization" else {"s": scale}
    case = Case(op, [node(op, inputs, axis=axis)], {"x": x}, weights, opset=23)
    got = tw.compile(case.model)(x=x)["y"]
    assert on_chip.worst(got, wanted, 2 * on_chip.ROUNDED, on_chip.ROUNDED) <= 1


@pytest.mark.parametrize("op", ("Softmax", "LayerNormalization", "ReduceMax", "ReduceMean"))
@pytest.mark.parametrize("rows", (1, 2))
def test_one_long_row_streams_as_two_do(rows, op):
    x = normal(rows, 4096)
    weights = {"s": np.ones(4096, np.float32)} if op == "LayerNormalization" else {}
    weights |= {"a": np.array([1])} if op.startswith("Reduce") else {}
    inputs = " ".join(["x", *weights])
    opset = 18 if op.startswith("Reduce") else 20
    case = Case(op, [node(op, inputs)], {"x": x}, weights, opset,
                relative=2 * on_chip.ROUNDED, absolute=1e-3)  # fmt: skip
    on_chip.check(case, "nano")


@pytest.mark.parametrize("op", ("LayerNormalization", "RMSNormalization"))
@pytest.mark.parametrize("size", (1e18, 3e18, 1e19, 1e20, 1e25, 1e35))
@pytest.mark.parametrize("target", on_chip.TARGETS)
def test_rows_whose_squares_leave_fp32_are_zero(target, size, op):
    """As ONNX Runtime has it, until their sum leaves it too; NaN and infinities stay NaN."""
    x = to_bf16(np.random.default_rng(0).normal(1, 1, (6, 64)) * size)
    x[4, 3], x[5, 3] = np.nan, np.inf
    feeds, weights = {"x": x}, {"s": np.ones(64, np.float32)}
    case = Case("large", [node(op, "x s")], feeds, weights, 23, absolute=on_chip.ROUNDED)
    with np.errstate(all="ignore"):
        wanted = {
            "y": np.where(
                np.isfinite(x).all(1, keepdims=True),
                on_chip.reference(case.model, feeds)["y"],
                np.nan,
            )
        }
        on_chip.check(case, target, wanted if op == "LayerNormalization" else None)
