# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products, reductions, softmax and normalisations alone on the chip."""

import numpy as np
import on_chip
import pytest
from on_chip import MICROSOFT, Case, normal, uniform
from onnx import helper

# A sum of products cancels: its error is fp32's, relative to its largest terms.
SUM = 2e-6
# A value that is stored between two ops is rounded there, relative to its own size.
STORED = dict(relative=2 * on_chip.ROUNDED, absolute=on_chip.ROUNDED)


def node(op, inputs, outputs=("y",), domain="", **attributes):
    return helper.make_node(op, inputs, outputs, domain=domain, **attributes)


def matmuls():
    for m, k, n in ((1, 1, 1), (1, 7, 37), (7, 37, 1), (37, 130, 7), (130, 7, 130), (16, 64, 48)):
        a, b = normal(m, k), normal(k, n, seed=1)
        product = [node("MatMul", ["a", "b"])]
        yield Case(f"MatMul {m}x{k}x{n}", product, {"a": a}, {"b": b}, absolute=SUM)
        yield Case(f"MatMul computed {m}x{k}x{n}", product, {"a": a, "b": b}, absolute=SUM)
    shapes = [
        ((2, 7, 37), (37, 19)),
        ((2, 7, 37), (2, 37, 19)),
        ((2, 3, 7, 37), (3, 37, 5)),
        ((2, 1, 7, 37), (1, 3, 37, 5)),
        ((7, 37), (2, 37, 5)),
        ((37,), (37, 5)),
        ((7, 37), (37,)),
        ((37,), (37,)),
        ((2, 7, 37), (37,)),
        ((37,), (2, 37, 5)),
    ]
    for a, b in shapes:
        feeds = {"a": normal(*a), "b": normal(*b, seed=1)}
        product = [node("MatMul", ["a", "b"])]
        yield Case(f"MatMul {a} {b}", product, feeds, absolute=SUM)
        yield Case(
            f"MatMul {a} constant {b}",
            product,
            {"a": feeds["a"]},
            {"b": feeds["b"]},
            absolute=SUM,
        )
        yield Case(
            f"MatMul constant {a} {b}",
            product,
            {"b": feeds["b"]},
            {"a": feeds["a"]},
            absolute=SUM,
        )
    x = normal(2, 5, 3, 7)
    for perm in ((0, 2, 1, 3), (0, 1, 3, 2), (0, 3, 1, 2)):
        # Views before a product, as exporters write them.
        batch, inner = [x.shape[d] for d in perm[:2]], x.shape[perm[3]]
        yield Case(
            f"MatMul of a transpose {perm}",
            [node("Transpose", ["a"], ["t"], perm=perm), node("MatMul", ["t", "b"])],
            {"a": x, "b": normal(*batch, inner, 9, seed=1)},
            absolute=SUM,
        )


def gemms():
    for ta in (0, 1):
        for tb in (0, 1):
            a = normal(*((37, 19) if ta else (19, 37)))
            b = normal(*((45, 37) if tb else (37, 45)), seed=1)
            gemm = [node("Gemm", ["a", "b", "c"], transA=ta, transB=tb)]
            c = normal(45, seed=2)
            yield Case(f"Gemm {ta}{tb}", gemm, {"a": a}, {"b": b, "c": c}, absolute=SUM)
            yield Case(f"Gemm computed {ta}{tb}", gemm, {"a": a, "b": b, "c": c}, **STORED)
    a, b = normal(7, 37), normal(37, 13, seed=1)
    for shape in ((), (1,), (13,), (1, 13), (7, 1), (7, 13), (1, 1)):
        c = {"c": normal(*shape, seed=2) if shape else np.float32(0.5)}
        gemm = [node("Gemm", ["a", "b", "c"], alpha=0.5, beta=2.0)]
        bound = STORED if shape in ((7, 1), (7, 13)) else dict(absolute=SUM)
        yield Case(f"Gemm bias {shape}", gemm, {"a": a}, {"b": b, **c}, **bound)
    square = normal(13, 13, seed=1)
    yield Case(
        "Gemm bias of rows where rows are as many as columns",
        [node("Gemm", ["a", "b", "c"])],
        {"a": normal(13, 13)},
        {"b": square, "c": normal(13, 1, seed=2)},
        **STORED,
    )
    yield Case(
        "Gemm bias times zero",
        [node("Gemm", ["a", "b", "c"], beta=0.0)],
        {"a": a},
        {"b": b, "c": np.full(13, np.nan, np.float32)},
        absolute=SUM,
    )
    yield Case("Gemm without bias", [node("Gemm", ["a", "b"])], {"a": a}, {"b": b}, absolute=SUM)
    for ta, tb in ((0, 1), (1, 0), (1, 1)):
        a = normal(*((2, 37, 19) if ta else (2, 19, 37)))
        b = normal(*((2, 45, 37) if tb else (2, 37, 45)), seed=1)
        fused = [node("FusedMatMul", ["a", "b"], domain=MICROSOFT, transA=ta, transB=tb, alpha=0.3)]
        yield Case(f"FusedMatMul {ta}{tb}", fused, {"a": a, "b": b}, **STORED)


def epilogues():
    """What follows a product, in every order that a fusion could mistake."""
    a, w, v = normal(7, 37), normal(37, 21, seed=1, scale=0.2), normal(21, seed=2)
    r, square = normal(7, 21, seed=3), normal(21, 21, seed=4)
    weights = {"w": w, "v": v}
    product = node("MatMul", ["a", "w"], ["p"])
    add_bias = node("Add", ["p", "v"], ["b"])
    for op in ("Relu", "Tanh", "Sigmoid", "Gelu"):
        yield Case(
            f"bias, {op}, residual",
            [product, add_bias, node(op, ["b"], ["f"]), node("Add", ["f", "r"])],
            {"a": a, "r": r},
            weights,
            absolute=SUM,
        )
        yield Case(
            f"residual, {op}, bias",
            [
                product,
                node("Add", ["p", "r"], ["s"]),
                node(op, ["s"], ["f"]),
                node("Add", ["f", "v"]),
            ],
            {"a": a, "r": r},
            weights,
            relative=4 * on_chip.ROUNDED,
            absolute=2 * on_chip.ROUNDED,
        )
    yield Case(
        "two biases, two activations",
        [
            product,
            add_bias,
            node("Add", ["b", "v"], ["bb"]),
            node("Tanh", ["bb"], ["t"]),
            node("Relu", ["t"]),
        ],
        {"a": a},
        weights,
        relative=2 * on_chip.ROUNDED,
        absolute=2 * on_chip.ROUNDED,
    )
    yield Case(
        "product read twice",
        [product, node("Relu", ["p"], ["f"]), node("Add", ["f", "p"])],
        {"a": a},
        {"w": w},
        **STORED,
    )
    yield Case(
        "product added to itself",
        [product, node("Add", ["p", "p"])],
        {"a": a},
        {"w": w},
        relative=2 * on_chip.ROUNDED,
        absolute=SUM,
    )
    yield Case(
        "column as wide as the rows",
        [node("MatMul", ["a", "w"], ["p"]), node("Add", ["p", "c"])],
        {"a": normal(21, 21)},
        {"w": square, "c": normal(21, 1, seed=5)},
        **STORED,
    )
    yield Case(
        "two products added",
        [product, node("MatMul", ["a", "u"], ["q"]), node("Add", ["p", "q"])],
        {"a": a},
        {"w": w, "u": normal(37, 21, seed=6, scale=0.2)},
        **STORED,
    )
    for width in (21, 130):
        yield Case(
            f"residual and normalisation {width}",
            [
                node("MatMul", ["a", "w"], ["p"]),
                node("Add", ["r", "p"], ["s"]),
                node("LayerNormalization", ["s", "g", "h"], axis=-1),
            ],
            {"a": a, "r": normal(7, width, seed=3)},
            {
                "w": normal(37, width, seed=1),
                "g": normal(width, seed=7),
                "h": normal(width, seed=8),
            },
            **STORED,
        )


def reductions():
    x = normal(2, 3, 7, 37)
    for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"):
        for axes in ([-1], [1], [0], [2, 3], [1, 2], [0, 1, 2, 3], [1, 3]):
            for keep in (0, 1):
                yield Case(
                    f"{op} {axes} {keep}",
                    [node(op, ["x", "axes"], keepdims=keep)],
                    {"x": x},
                    {"axes": np.array(axes)},
                    absolute=SUM,
                )
    for op in ("ReduceSumSquare", "ReduceL2"):
        for axes in ([-1], [1]):
            yield Case(
                f"{op} {axes}",
                [node(op, ["x", "axes"])],
                {"x": x},
                {"axes": np.array(axes)},
                relative=2 * on_chip.ROUNDED,
            )
    yield Case(
        "ReduceMean attribute",
        [node("ReduceMean", ["x"], axes=[-1])],
        {"x": x},
        opset=13,
        absolute=SUM,
    )
    yield Case("ReduceSum all", [node("ReduceSum", ["x"], keepdims=0)], {"x": x}, absolute=SUM)
    yield Case("ReduceSum no-op", [node("ReduceSum", ["x"], noop_with_empty_axes=1)], {"x": x})
    for batch, length, width in ((2, 7, 37), (1, 64, 130), (3, 1, 16)):
        yield pooling(batch, length, width)
    for shape in ((1, 130), (7, 130), (2, 7, 37), (1, 1, 16)):
        for op, joined in (("ReduceL2", "Div"), ("ReduceMax", "Sub"), ("ReduceMean", "Mul")):
            yield Case(
                f"{joined} by {op} of {shape}",
                [node(op, ["x", "axes"], ["r"], keepdims=1), node(joined, ["x", "r"])],
                {"x": normal(*shape)},
                {"axes": np.array([-1])},
                18,
                **STORED,
            )


def pooling(batch, length, width):
    """A sentence embedding: the mean over the tokens of a mask, of length 1."""
    nodes = [
        node("Cast", ["m"], ["f"], to=1),
        node("Unsqueeze", ["f", "last"], ["u"]),
        node("Mul", ["x", "u"], ["w"]),
        node("ReduceSum", ["w", "one"], ["s"], keepdims=0),
        node("ReduceSum", ["u", "one"], ["n"], keepdims=0),
        node("Clip", ["n", "low"], ["c"]),
        node("Div", ["s", "c"], ["mean"]),
        node("ReduceL2", ["mean", "one"], ["l"], keepdims=1),
        node("Clip", ["l", "low"], ["lc"]),
        node("Div", ["mean", "lc"]),
    ]
    mask = np.ones((batch, length), np.int64)
    mask[-1, max(1, length // 2) :] = 0
    return Case(
        f"pooling {batch}x{length}x{width}",
        nodes,
        {"x": normal(batch, length, width), "m": mask},
        {"last": np.array([-1]), "one": np.array([1]), "low": np.float32(1e-9)},
        18,
        outputs=("y", "n"),
        relative=4 * on_chip.ROUNDED,
        absolute=on_chip.ROUNDED,
    )


def softmaxes():
    for shape in ((7, 37), (2, 3, 7, 130), (1, 1), (5, 1), (1, 130), (2, 7, 600)):
        for axis in {-1, 0, len(shape) // 2}:
            yield Case(
                f"Softmax {shape} {axis}",
                [node("Softmax", ["x"], axis=axis)],
                {"x": normal(*shape, scale=4)},
                relative=2 * on_chip.ROUNDED,
                absolute=1e-6,
            )
    yield Case(
        "Softmax 11",
        [node("Softmax", ["x"], axis=1)],
        {"x": normal(2, 3, 37)},
        opset=11,
        relative=2 * on_chip.ROUNDED,
    )
    yield Case(
        "Softmax of large scores",
        [node("Softmax", ["x"])],
        {"x": normal(7, 37, scale=1000)},
        relative=2 * on_chip.ROUNDED,
    )
    for axis in (-1, 0):
        yield Case(
            f"LogSoftmax {axis}",
            [node("LogSoftmax", ["x"], axis=axis)],
            {"x": normal(7, 37, scale=4)},
            relative=2 * on_chip.ROUNDED,
            absolute=2**-9,
        )


def norms():
    for shape in ((7, 37), (2, 7, 130), (1, 1, 16), (2, 5, 600)):
        n = shape[-1]
        x = normal(*shape, scale=3) + np.float32(2)
        weights = {"s": uniform(0.5, 2, n, seed=1), "b": normal(n, seed=2)}
        x = on_chip.to_bf16(x)
        yield Case(
            f"LayerNormalization {shape}",
            [node("LayerNormalization", ["x", "s", "b"])],
            {"x": x},
            weights,
            relative=2 * on_chip.ROUNDED,
            absolute=on_chip.ROUNDED / 2,
        )
        yield Case(
            f"LayerNormalization no bias {shape}",
            [node("LayerNormalization", ["x", "s"], epsilon=1e-2)],
            {"x": x},
            {"s": weights["s"]},
            relative=2 * on_chip.ROUNDED,
            absolute=on_chip.ROUNDED / 2,
        )
        yield Case(
            f"RMSNormalization {shape}",
            [node("RMSNormalization", ["x", "s"])],
            {"x": x},
            {"s": weights["s"]},
            opset=23,
            relative=2 * on_chip.ROUNDED,
        )
        yield Case(
            f"SimplifiedLayerNormalization {shape}",
            [node("SimplifiedLayerNormalization", ["x", "s"], axis=-1)],
            {"x": x},
            {"s": weights["s"]},
            relative=2 * on_chip.ROUNDED,
        )
    x, n = normal(2, 3, 5, 7), 35
    yield Case(
        "LayerNormalization axis -2",
        [node("LayerNormalization", ["x", "s", "b"], axis=-2)],
        {"x": x},
        {"s": normal(5, 7, seed=1), "b": normal(5, 7, seed=2)},
        relative=2 * on_chip.ROUNDED,
        absolute=on_chip.ROUNDED / 2,
    )
    x, skip, n = normal(2, 7, 37), normal(2, 7, 37, seed=1), 37
    vectors = {"s": uniform(0.5, 2, n, seed=2), "b": normal(n, seed=3), "c": normal(n, seed=4)}
    bound = STORED
    for name, inputs in (
        ("", ["x", "k", "s", "b"]),
        (" bias", ["x", "k", "s", "b", "c"]),
        (" no shift", ["x", "k", "s", "", "c"]),
    ):
        yield Case(
            "SkipLayerNormalization" + name,
            [node("SkipLayerNormalization", inputs, domain=MICROSOFT)],
            {"x": x, "k": skip},
            vectors,
            **bound,
        )
    yield Case(
        "SkipLayerNormalization sum",
        [
            node(
                "SkipLayerNormalization",
                ["x", "k", "s", "b", "c"],
                ["y", "", "", "sum"],
                domain=MICROSOFT,
            )
        ],
        {"x": x, "k": skip},
        vectors,
        outputs=("y", "sum"),
        **bound,
    )
    yield Case(
        "SkipSimplifiedLayerNormalization",
        [node("SkipSimplifiedLayerNormalization", ["x", "k", "s", "c"], domain=MICROSOFT)],
        {"x": x, "k": skip},
        vectors,
        **bound,
    )
    spelt = [
        node("ReduceMean", ["x", "last"], ["m"]),
        node("Sub", ["x", "m"], ["d"]),
        node("Pow", ["d", "two"], ["q"]),
        node("ReduceMean", ["q", "last"], ["v"]),
        node("Add", ["v", "e"], ["ve"]),
        node("Sqrt", ["ve"], ["r"]),
        node("Div", ["d", "r"], ["n"]),
        node("Mul", ["n", "s"], ["ns"]),
        node("Add", ["ns", "b"]),
    ]
    yield Case(
        "spelt layer normalisation",
        spelt,
        {"x": x},
        {**vectors, "two": np.float32(2), "e": np.float32(1e-5), "last": np.array([-1])},
        **bound,
    )


MAKERS = (matmuls, gemms, epilogues, reductions, softmaxes, norms)
CASES = {case.name: case for make in MAKERS for case in make()}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("target", on_chip.TARGETS)
def test_values_are_those_of_onnx_runtime(target, name, tmp_path):
    executable = on_chip.check(CASES[name], target)
    if target == "odd":
        on_chip.check_shadowed(executable, CASES[name].feeds, tmp_path)
