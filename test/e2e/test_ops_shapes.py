# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Views, indexing and embeddings alone on the chip. They move values and change none."""

import itertools

import numpy as np
import on_chip
import pytest
import tilework as tw
from on_chip import MICROSOFT, Case, ints, normal
from onnx import TensorProto, helper

EXACT = dict(relative=0.0, absolute=1e-30)
MOST = np.iinfo(np.int64).max


def node(op, inputs, outputs=("y",), **attributes):
    return helper.make_node(op, inputs, outputs, **attributes)


def moved(name, op, inputs, x, weights=None, outputs=("y",), opset=20, **attributes):
    """A view alone, and one behind and before an op that computes."""
    weights = weights or {}
    yield Case(
        name,
        [node(op, inputs, outputs, **attributes)],
        {"x": x},
        weights,
        opset,
        outputs=outputs,
        **EXACT,
    )
    inner = [
        helper.make_node("Relu", ["x"], ["r"]),
        node(op, ["r", *inputs[1:]], [o + "0" for o in outputs], **attributes),
    ]
    inner += [helper.make_node("Abs", [o + "0"], [o]) for o in outputs]
    yield Case(f"{name} between ops", inner, {"x": x}, weights, opset, outputs=outputs, **EXACT)


def views():
    x = normal(2, 3, 7, 37)
    for perm in itertools.permutations(range(4)):
        yield from moved(f"Transpose {perm}", "Transpose", ["x"], x, perm=perm)
    yield from moved("Transpose reversed", "Transpose", ["x"], normal(37, 130))
    for shape in ((6, 7, 37), (2, -1), (0, 0, 259), (37, 42), (-1,), (2, 3, 7, 37, 1), (1, -1, 1)):
        yield from moved(f"Reshape {shape}", "Reshape", ["x", "s"], x, {"s": np.array(shape)})
    for axis in (0, 1, 3, 4, -1):
        yield from moved(f"Flatten {axis}", "Flatten", ["x"], x, axis=axis)
    one = normal(1, 7, 1, 37)
    yield from moved("Squeeze", "Squeeze", ["x"], one)
    yield from moved("Squeeze 2", "Squeeze", ["x", "a"], one, {"a": np.array([2])})
    yield from moved("Unsqueeze", "Unsqueeze", ["x", "a"], x, {"a": np.array([0, -1])})
    yield from moved("Unsqueeze attribute", "Unsqueeze", ["x"], x, opset=11, axes=[1])
    for shape in ((2, 7, 5, 37), (7, 1, 37), (3, 1, 7, 4, 37)):
        yield from moved(f"Expand {shape}", "Expand", ["x", "s"], one, {"s": np.array(shape)})
    yield from moved("Tile", "Tile", ["x", "n"], normal(3, 5, 7), {"n": np.array([2, 1, 3])})


def slices():
    x = normal(3, 7, 37)
    for start, end, axis, step in (
        (0, 5, 2, 1),
        (1, 6, 1, 1),
        (3, MOST, -1, 1),
        (-8, -1, 2, 1),
        (0, MOST, 2, 3),
        (1, 7, 1, 2),
        (0, 1, 1, 1),
        (2, 3, 0, 1),
        (36, 37, 2, 1),
        (-MOST, MOST, 1, 5),
    ):
        bounds = {
            "s": np.array([start]),
            "e": np.array([end]),
            "a": np.array([axis]),
            "p": np.array([step]),
        }
        yield from moved(
            f"Slice {start}:{end}:{step} of {axis}", "Slice", ["x", "s", "e", "a", "p"], x, bounds
        )
    yield from moved(
        "Slice of two axes",
        "Slice",
        ["x", "s", "e", "a"],
        x,
        {"s": np.array([1, 2]), "e": np.array([5, 30]), "a": np.array([1, 2])},
    )
    yield from moved("Slice attributes", "Slice", ["x"], x, opset=9, starts=[1], ends=[4], axes=[1])
    for axis, sizes in ((2, [5, 16, 16]), (2, [1, 1, 35]), (1, [3, 3, 1]), (0, [1, 1, 1])):
        yield from moved(
            f"Split {axis} {sizes}",
            "Split",
            ["x", "n"],
            x,
            {"n": np.array(sizes)},
            outputs=("a", "b", "c"),
            axis=axis,
        )
    yield from moved(
        "Split evenly",
        "Split",
        ["x"],
        normal(3, 36),
        outputs=("a", "b", "c"),
        axis=-1,
        num_outputs=3,
    )
    yield from moved(
        "Split unevenly",
        "Split",
        ["x"],
        normal(3, 37),
        outputs=("a", "b", "c"),
        axis=-1,
        num_outputs=3,
    )
    yield from moved(
        "Split 11",
        "Split",
        ["x"],
        normal(3, 36),
        outputs=("a", "b"),
        opset=11,
        axis=1,
        split=[5, 31],
    )
    for axis, shapes in (
        (0, [(1, 37), (6, 37)]),
        (1, [(7, 1), (7, 36), (7, 5)]),
        (-1, [(7, 16)] * 3),
    ):
        feeds = {f"x{i}": normal(*s, seed=i) for i, s in enumerate(shapes)}
        yield Case(
            f"Concat {axis} {shapes}", [node("Concat", list(feeds), axis=axis)], feeds, **EXACT
        )
    feeds = {f"x{i}": normal(2, 5, 7, seed=i) for i in range(2)}
    constant = {"w": normal(2, 1, 7, seed=9)}
    yield Case(
        "Concat with a constant",
        [node("Concat", ["w", "x0", "x1"], axis=1)],
        feeds,
        constant,
        **EXACT,
    )
    class_token = {"w": normal(1, 1, 37), "s": np.array([2, 1, 37])}
    yield Case(
        "class token",
        [node("Expand", ["w", "s"], ["c"]), node("Concat", ["c", "x"], axis=1)],
        {"x": normal(2, 7, 37)},
        class_token,
        **EXACT,
    )
    for name, pads, value in (
        ("rows", [0, 1, 0, 0, 2, 0], None),
        ("columns", [0, 0, 3, 0, 0, 1], np.float32(2.5)),
        ("and cut", [1, -2, 0, 0, 0, -5], np.float32(-1)),
    ):
        weights = {"n": np.array(pads)}
        inputs = ["x", "n"]
        if value is not None:
            weights["v"] = value
            inputs.append("v")
        yield from moved(f"Pad {name}", "Pad", inputs, normal(2, 7, 37), weights)
    # Rotary embeddings: halves change places.
    yield Case(
        "rotate half",
        [
            node("Split", ["x", "n"], ["a", "b"], axis=-1),
            node("Neg", ["b"], ["c"]),
            node("Concat", ["c", "a"], axis=-1),
        ],
        {"x": normal(2, 3, 7, 32)},
        {"n": np.array([16, 16])},
        **EXACT,
    )
    x = normal(2, 9, 37)
    for index, axis in ((0, 1), (-1, 1), (3, 2), (1, 0)):
        yield from moved(
            f"Gather {index} of {axis}", "Gather", ["x", "i"], x, {"i": np.array(index)}, axis=axis
        )
    yield from moved(
        "Gather constant rows", "Gather", ["x", "i"], x, {"i": np.array([2, 3, 4])}, axis=1
    )
    yield from moved(
        "Gather scattered rows", "Gather", ["x", "i"], x, {"i": np.array([8, 0, 3, 3])}, axis=1
    )


def embeddings():
    for rows, width in ((30, 37), (5, 1), (100, 130), (2, 16)):
        table = {"t": normal(rows, width)}
        for shape in ((7,), (2, 5), (2, 3, 4), (1, 1), ()):
            for kind in (np.int64, np.int32):
                ids = ints(rows, *shape).astype(kind) if shape else np.array(rows - 1, kind)
                yield Case(
                    f"Gather {rows}x{width} {shape} {kind.__name__}",
                    [node("Gather", ["t", "i"])],
                    {"i": ids},
                    table,
                    **EXACT,
                )
    table = {"t": normal(30, 37)}
    yield Case(
        "Gather of a computed table",
        [node("Relu", ["x"], ["t"]), node("Gather", ["t", "i"])],
        {"x": normal(30, 37), "i": ints(30, 2, 7)},
        **EXACT,
    )
    yield Case(
        "embedding and positions",
        [
            node("Gather", ["t", "i"], ["e"]),
            node("Shape", ["i"], ["s"]),
            node("Gather", ["s", "one"], ["n"]),
            node("Unsqueeze", ["n", "zeros"], ["n1"]),
            node("Slice", ["p", "zeros", "n1", "zeros"], ["q"]),
            node("Add", ["e", "q"]),
        ],
        {"i": ints(30, 2, 7)},
        {**table, "p": normal(64, 37, seed=1), "one": np.array(1), "zeros": np.array([0])},
    )
    # Positions from the tokens that are not padding, as RoBERTa has them.
    yield Case(
        "positions by cumulative sum",
        [
            node("Equal", ["i", "pad"], ["is"]),
            node("Not", ["is"], ["keep"]),
            node("Cast", ["keep"], ["k"], to=TensorProto.INT64),
            node("CumSum", ["k", "axis"], ["c"]),
            node("Mul", ["c", "k"], ["m"]),
            node("Add", ["m", "pad"], ["p"]),
            node("Gather", ["t", "p"]),
        ],
        {"i": np.array([[5, 6, 7, 1, 1], [3, 2, 9, 8, 4]])},
        {**table, "pad": np.array(1), "axis": np.array(1)},
        **EXACT,
    )
    weights = {
        n: normal(r, 24, seed=s) for s, (n, r) in enumerate({"w": 50, "p": 64, "g": 2}.items())
    }
    weights |= {"s": normal(24, seed=8), "b": normal(24, seed=9)}
    feeds = {"i": ints(50, 2, 7).astype(np.int32), "k": ints(2, 2, 7).astype(np.int32)}
    yield Case(
        "EmbedLayerNormalization",
        [
            helper.make_node(
                "EmbedLayerNormalization",
                ["i", "k", "w", "p", "g", "s", "b"],
                ["y", "m"],
                domain=MICROSOFT,
            )
        ],
        feeds,
        weights,
        relative=2 * on_chip.ROUNDED,
        absolute=on_chip.ROUNDED,
    )
    yield Case(
        "EmbedLayerNormalization counts the ones of its mask",
        [
            helper.make_node(
                "EmbedLayerNormalization",
                ["i", "k", "w", "p", "g", "s", "b", "h"],
                ["z", "m"],
                domain=MICROSOFT,
            ),
            node("Cast", ["m"], to=TensorProto.FLOAT),
        ],
        {**feeds, "h": ints(4, 2, 7).astype(np.int32)},
        weights,
        **EXACT,
    )
    # Token types that the model itself holds, cut and widened to the size of the input.
    for batch, tokens in ((1, 255), (1, 257), (16, 64), (3, 700)):
        for kind, held in (("one", np.zeros((1, 1024), np.int64)), ("some", ints(2, 1, 1024))):
            yield Case(
                f"{kind} constant id of {batch}x{tokens}",
                [
                    node("Shape", ["i"], ["s"]),
                    node("Slice", ["s", "one", "two"], ["n"]),
                    node("Slice", ["held", "zero", "n", "one"], ["cut"]),
                    node("Expand", ["cut", "s"], ["types"]),
                    node("Gather", ["g", "types"], ["a"]),
                    node("Gather", ["t", "i"], ["b"]),
                    node("Add", ["a", "b"]),
                ],
                {"i": ints(10, batch, tokens)},
                {
                    "t": normal(10, 16),
                    "g": normal(2, 16, seed=1),
                    "held": held,
                    **{n: np.array([v]) for n, v in (("zero", 0), ("one", 1), ("two", 2))},
                },
            )


def caches():
    """More inputs and outputs than the chip has segments for."""
    for count in (31, 32, 60, 100):
        pasts = {f"past{i}": normal(1, 2, 4, 8, seed=i) for i in range(count)}
        yield Case(
            f"{count} caches",
            [node("Concat", [past, "x"], [f"new {past}"], axis=2) for past in pasts],
            {**pasts, "x": normal(1, 2, 1, 8, seed=count)},
            outputs=tuple(f"new {past}" for past in pasts),
            **EXACT,
        )


def ranks():
    """As many dimensions as models have, each strided."""
    for rank in (8, 9, 12, 16):
        x = normal(*([1] * (rank - 11) + [2] * min(rank, 11)))
        halves = [*range(1, rank, 2), *range(0, rank, 2)]
        for name, attributes in (("", {}), (" by halves", {"perm": halves})):
            yield Case(
                f"Transpose of rank {rank}{name}",
                [node("Transpose", ["x"], **attributes)],
                {"x": x},
                **EXACT,
            )


def gathers():
    """Rows and columns by any indices, few or many, constant or given."""
    x = normal(3, 50, 16)
    for count in (5, 31, 33, 300):
        held = ints(50, count, seed=count) - 50 * (np.arange(count) % 2)
        for axis, table in ((0, normal(50)), (0, normal(50, 3, 4)), (1, x), (1, x[..., 0])):
            name = f"Gather {count} at {axis} of rank {table.ndim}"
            yield from moved(name, "Gather", ["x", "i"], table, {"i": held}, axis=axis)
    for shape in ((), (4, 5)):
        yield Case(
            f"Gather columns by ids {shape}",
            [node("Gather", ["x", "i"], axis=1)],
            {"x": x, "i": np.asarray(ints(50, *shape))},
            **EXACT,
        )
        yield Case(
            f"Gather columns of a constant by ids {shape}",
            [node("Gather", ["x", "i"], axis=1)],
            {"i": np.asarray(ints(50, *shape))},
            {"x": x},
            **EXACT,
        )


MAKERS = (views, slices, embeddings, caches, ranks, gathers)
CASES = {case.name: case for make in MAKERS for case in make()}


def test_an_op_over_too_many_strided_dimensions_is_refused_by_name():
    nodes = [helper.make_node("Add", ["x", "z"], ["y"], name="second")]
    feeds = {"x": normal(*[2, 1] * 6), "z": normal(*[1, 2] * 6)}
    with pytest.raises(tw.UnsupportedModel, match="'second' .*: it takes 12 loops"):
        tw.compile(on_chip.build(nodes, feeds), target="nano")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("target", on_chip.TARGETS)
def test_values_are_those_of_onnx_runtime(target, name, tmp_path):
    executable = on_chip.check(CASES[name], target)
    if target == "odd":
        on_chip.check_shadowed(executable, CASES[name].feeds, tmp_path)
