# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention alone on the chip: as exporters split it, and as single ops.

Probabilities are stored as bf16 before they meet the values, and so is the
result: two roundings, of which the first is relative to the largest term.
"""

import numpy as np
import on_chip
import pytest
import tilework as tw
from on_chip import MICROSOFT, Case, normal
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

BOUND = dict(relative=on_chip.ROUNDED, absolute=on_chip.ROUNDED / 2)
LOW = np.float32(np.finfo(np.float32).min)


def node(op, inputs, outputs=("y",), domain="", **attributes):
    return helper.make_node(op, inputs, outputs, domain=domain, **attributes)


def padded(batch, length):
    mask = np.ones((batch, length), np.int64)
    for row in range(batch):
        mask[row, length - 1 - row * (length // 3) :] = row == 0 and length == 1
    mask[:, 0] = 1
    return mask


def additive(mask="m", output="bias", low="low"):
    """1 and 0 of [B, S] as 0 and a large negative number of [B, 1, 1, S]."""
    return [
        node("Unsqueeze", [mask, "axes"], ["m4"]),
        node("Cast", ["m4"], ["mf"], to=TensorProto.FLOAT),
        node("Sub", ["one", "mf"], ["inverse"]),
        node("Mul", ["inverse", low], [output]),
    ]


CONSTANTS = {"axes": np.array([1, 2]), "one": np.float32(1), "low": LOW}


def split_attention(batch, length, heads, size, mask, scores="mul", keys=None, key_first=False):
    """Views, two products and a softmax, as PyTorch's exporters write them."""
    keys = keys or length
    width = heads * size
    weights = {
        "sq": np.array([batch, length, heads, size]),
        "sk": np.array([batch, keys, heads, size]),
        "so": np.array([batch, length, width]),
        "scale": np.float32(size**-0.5),
        "root": np.float32(size**0.5),
        "quarter": np.float32(size**-0.25),
        **CONSTANTS,
    }
    feeds = {
        "q": normal(batch, length, width),
        "k": normal(batch, keys, width, seed=1),
        "v": normal(batch, keys, width, seed=2),
    }
    nodes = []
    for n, shape in (("q", "sq"), ("k", "sk"), ("v", "sk")):
        nodes.append(node("Reshape", [n, shape], [n + "4"]))
    nodes += [
        node("Transpose", ["q4"], ["qt"], perm=[0, 2, 1, 3]),
        node("Transpose", ["v4"], ["vt"], perm=[0, 2, 1, 3]),
    ]
    if key_first:
        nodes += [
            node("Transpose", ["k4"], ["k1"], perm=[0, 2, 1, 3]),
            node("Transpose", ["k1"], ["kt"], perm=[0, 1, 3, 2]),
        ]
    else:
        nodes.append(node("Transpose", ["k4"], ["kt"], perm=[0, 2, 3, 1]))
    q, k = "qt", "kt"
    if scores == "both":
        nodes += [node("Mul", ["qt", "quarter"], ["qs"]), node("Mul", ["kt", "quarter"], ["ks"])]
        q, k = "qs", "ks"
    nodes.append(node("MatMul", [q, k], ["raw"]))
    last = "raw"
    if scores == "mul":
        nodes.append(node("Mul", ["raw", "scale"], ["scaled"]))
        last = "scaled"
    elif scores == "div":
        nodes.append(node("Div", ["raw", "root"], ["scaled"]))
        last = "scaled"
    if mask == "additive":
        feeds["m"] = padded(batch, keys)
        nodes += [*additive(), node("Add", [last, "bias"], ["masked"])]
        last = "masked"
    elif mask == "where":
        feeds["m"] = padded(batch, keys)
        nodes += [
            node("Unsqueeze", ["m", "axes"], ["m4"]),
            node("Cast", ["m4"], ["mb"], to=TensorProto.BOOL),
            node("Where", ["mb", last, "low"], ["masked"]),
        ]
        last = "masked"
    elif mask == "full":
        feeds["b"] = normal(batch, 1, length, keys, seed=5)
        nodes.append(node("Add", [last, "b"], ["masked"]))
        last = "masked"
    elif mask == "heads":
        weights["b"] = normal(1, heads, length, keys, seed=5)
        nodes.append(node("Add", [last, "b"], ["masked"]))
        last = "masked"
    elif mask == "causal":
        weights["t"] = np.tril(np.ones((1, 1, length, keys), bool))
        nodes.append(node("Where", ["t", last, "low"], ["masked"]))
        last = "masked"
    elif mask == "window":
        i = np.arange(length)
        weights["t"] = (np.abs(i[:, None] - i[None, :]) <= 3)[None, None]
        nodes.append(node("Where", ["t", last, "low"], ["masked"]))
        last = "masked"
    nodes += [
        node("Softmax", [last], ["p"], axis=-1),
        node("MatMul", ["p", "vt"], ["o"]),
        node("Transpose", ["o"], ["ot"], perm=[0, 2, 1, 3]),
        node("Reshape", ["ot", "so"]),
    ]
    name = f"split {batch}x{length} {heads}x{size} {mask} {scores} {keys}{' k' * key_first}"
    return Case(name, nodes, feeds, weights, 17, **BOUND)


def splits():
    for mask in (None, "additive", "where", "full", "heads", "causal", "window"):
        for batch, length, heads, size in (
            (2, 7, 4, 8),
            (1, 37, 2, 32),
            (2, 130, 2, 16),
            (1, 1, 3, 5),
        ):
            yield split_attention(batch, length, heads, size, mask)
    for scores in ("div", "both", None):
        yield split_attention(2, 19, 2, 64, "additive", scores, key_first=scores == "div")
    for mask in (None, "additive", "full"):
        yield split_attention(2, 7, 2, 16, mask, keys=37)
    yield split_attention(1, 300, 1, 16, "causal")
    # A constant of one element as the mask: the clamp of it joins two numbers.
    yield split_attention(1, 1, 1, 16, "heads")
    yield split_attention(2, 1, 1, 16, "heads")
    # The parts of attention, apart: probabilities are read as an output too.
    yield Case(
        "probabilities",
        [
            node("MatMul", ["q", "k"], ["s"]),
            node("Softmax", ["s"], ["p"]),
            node("MatMul", ["p", "v"], ["y"]),
        ],
        {
            "q": normal(2, 3, 7, 16),
            "k": normal(2, 3, 16, 7, seed=1),
            "v": normal(2, 3, 7, 16, seed=2),
        },
        outputs=("y", "p"),
        relative=4 * on_chip.ROUNDED,
        absolute=4 * on_chip.ROUNDED,
    )


def standard():
    for rank in (3, 4):
        for mask in (None, "bool", "float", "causal", "bool data"):
            for kv in (4, 2, 1):
                attributes = {"q_num_heads": 4, "kv_num_heads": kv} if rank == 3 else {}
                if mask == "causal":
                    attributes["is_causal"] = 1
                length, size = 19, 16
                feeds, weights, inputs = {}, {}, ["q", "k", "v"]
                for seed, (n, h) in enumerate(zip("qkv", (4, kv, kv))):
                    shape = (2, length, h * size) if rank == 3 else (2, h, length, size)
                    feeds[n] = normal(*shape, seed=seed)
                seen = np.random.default_rng(6).random((2, 1, length, length)) < 0.6
                seen[..., 0] = True
                if mask == "bool":
                    weights["m"] = seen
                elif mask == "bool data":
                    feeds["m"] = seen
                elif mask == "float":
                    feeds["m"] = normal(length, length, seed=9)
                inputs += ["m"] if mask not in (None, "causal") else []
                yield Case(
                    f"Attention {rank} {mask} {kv}",
                    [node("Attention", inputs, **attributes)],
                    feeds,
                    weights,
                    23,
                    **BOUND,
                )
    feeds = {
        "q": normal(1, 2, 5, 8),
        "k": normal(1, 2, 9, 8, seed=1),
        "v": normal(1, 2, 9, 24, seed=2),
    }
    yield Case(
        "Attention scale and value size",
        [node("Attention", list(feeds), scale=0.2)],
        feeds,
        opset=23,
        **BOUND,
    )


def fused():
    width, heads, length = 24, 3, 11
    x = normal(2, length, width)
    weights = {"w": normal(width, 3 * width, seed=1, scale=0.3), "b": normal(3 * width, seed=2)}
    masks = {
        "none": None,
        "keys": padded(2, length).astype(np.int32),
        "lengths": np.array([length, 4], np.int32),
        "queries": np.tril(np.ones((2, length, length), np.int32)),
    }
    # The projection is stored too.
    bound = dict(relative=2 * on_chip.ROUNDED, absolute=2 * on_chip.ROUNDED)
    for name, mask in masks.items():
        for causal in (0, 1):
            inputs, feeds = ["x", "w", "b"], {"x": x}
            if mask is not None:
                inputs, feeds = [*inputs, "m"], {"x": x, "m": mask}
            yield Case(
                f"ms Attention {name} {causal}",
                [
                    node(
                        "Attention",
                        inputs,
                        domain=MICROSOFT,
                        num_heads=heads,
                        unidirectional=causal,
                    )
                ],
                feeds,
                weights,
                **bound,
            )
    bias = {"r": normal(1, heads, length, length, seed=4)}
    yield Case(
        "ms Attention bias",
        [
            node(
                "Attention",
                ["x", "w", "b", "", "", "r"],
                domain=MICROSOFT,
                num_heads=heads,
                mask_filter_value=-1e4,  # of a mask that it has not
            )
        ],
        {"x": x},
        {**weights, **bias},
        **bound,
    )
    qkv = {n: normal(2, length, width, seed=s) for s, n in enumerate("qkv")}
    for with_bias in (False, True):
        for mask in (None, "m"):
            feeds = dict(qkv)
            if mask:
                feeds["m"] = masks["keys"]
            inputs = ["q", "k", "v", "b" if with_bias else "", "m" if mask else ""]
            yield Case(
                f"MultiHeadAttention {with_bias} {mask}",
                [node("MultiHeadAttention", inputs, domain=MICROSOFT, num_heads=heads)],
                feeds,
                weights if with_bias else {},
                **bound,
            )
    yield Case(
        "MultiHeadAttention bias of scores",
        [
            node(
                "MultiHeadAttention",
                ["q", "k", "v", "", "", "r"],
                domain=MICROSOFT,
                num_heads=heads,
            )
        ],
        qkv,
        bias,
        **bound,
    )
    cross = {
        "q": normal(2, 5, width),
        "k": normal(2, heads, length, 8, seed=1),
        "v": normal(2, heads, length, 8, seed=2),
    }
    yield Case(
        "MultiHeadAttention cross",
        [node("MultiHeadAttention", list(cross), domain=MICROSOFT, num_heads=heads)],
        cross,
        **bound,
    )
    # Query i sees keys 0 to i, and the last query every key.
    for queries, keys in ((1, 5), (5, 5), (3, 8), (8, 3)):
        rectangle = {
            "q": normal(2, queries, width),
            "k": normal(2, keys, width, seed=1),
            "v": normal(2, keys, width, seed=2),
        }
        yield Case(
            f"MultiHeadAttention causal {queries} of {keys}",
            [
                node(
                    "MultiHeadAttention",
                    list(rectangle),
                    domain=MICROSOFT,
                    num_heads=heads,
                    unidirectional=1,
                )
            ],
            rectangle,
            **bound,
        )


MAKERS = (splits, standard, fused)
CASES = {case.name: case for make in MAKERS for case in make()}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("target", on_chip.TARGETS)
def test_values_are_those_of_onnx_runtime(target, name, tmp_path):
    executable = on_chip.check(CASES[name], target)
    if target == "odd":
        on_chip.check_shadowed(executable, CASES[name].feeds, tmp_path)


def test_packed_projections_are_the_separate_ones():
    """ONNX Runtime reads the packed form on GPUs alone; it is the other one's values."""
    packed = normal(2, 11, 3, 3, 8)
    q, k, v = (np.ascontiguousarray(packed[:, :, :, i]).reshape(2, 11, 24) for i in range(3))
    attention = dict(domain=MICROSOFT, num_heads=3)
    one = on_chip.build([node("MultiHeadAttention", ["x"], **attention)], {"x": packed})
    separate = {"q": q, "k": k, "v": v}
    three = on_chip.build([node("MultiHeadAttention", list(separate), **attention)], separate)
    np.testing.assert_array_equal(
        tw.compile(one, target="nano")(x=packed)["y"],
        tw.compile(three, target="nano")(**separate)["y"],
    )


def of_attention(past=0, **attributes):
    """Inputs of ONNX's Attention, with room for `past` cached keys, and attributes."""
    feeds = {
        "q": normal(2, 4, 7, 16),
        "k": normal(2, 2, 13 - past, 16, seed=1),
        "v": normal(2, 2, 13 - past, 8, seed=2),
    }
    return feeds, attributes


def by_definition(model, feeds):
    names = [o.name for o in model.graph.output]
    return dict(zip(names, ReferenceEvaluator(model).run(None, feeds)))


MASK = np.random.default_rng(3).random((2, 1, 7, 13)) < 0.5
MASK[0, 0, 2] = False
MASK[1, 0, 6] = False
MASKS = {
    "none": None,
    "bool": MASK,
    "rank 2": MASK[0, 0],
    "rank 3": np.random.default_rng(4).random((4, 7, 13)) < 0.6,
    "short": MASK[..., :9],
    "float": np.where(MASK, normal(2, 1, 7, 13, seed=8), np.float32(-np.inf)),
    "finite": np.where(MASK, np.float32(0), LOW),
    "small": np.where(MASK, np.float32(0), np.float32(-1.0e4)),
}
FORMS = {
    "plain": {},
    "causal": {"is_causal": 1},
    "left": {"left_window_size": 2},
    "both": {"left_window_size": 0, "right_window_size": 3},
    "causal window": {"left_window_size": 1, "is_causal": 1},
    "capped": {"softcap": 2.0, "scale": 0.5},
}


@pytest.mark.parametrize("past", [0, 6, None])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mask", MASKS)
def test_attention_is_that_of_its_definition(mask, form, past):
    """`past` None: the lengths of an outer cache instead of one inside."""
    feeds, attributes = of_attention(past=past or 0, **FORMS[form])
    inputs = ["q", "k", "v", "", "", ""]
    outputs = ["y", "", "", "s"]
    attributes["qk_matmul_output_mode"] = 3
    if MASKS[mask] is not None:
        inputs[3] = "m"
        feeds["m"] = MASKS[mask]
    if past:
        inputs[4:6] = ["pk", "pv"]
        feeds["pk"] = normal(2, 2, past, 16, seed=5)
        feeds["pv"] = normal(2, 2, past, 8, seed=6)
        outputs[1:3] = ["k2", "v2"]
    if past is None:
        inputs.append("n")
        feeds["n"] = np.array([13, 5])
    nodes = [node("Attention", inputs, outputs, **attributes)]
    model = on_chip.build(nodes, feeds, {}, 25, tuple(o for o in outputs if o))
    got = tw.compile(model, target="edge")(**feeds)
    wanted = by_definition(model, feeds)
    if mask == "small":  # stored, a masked score has lost what tells it from others
        del wanted["s"]
    for name, value in wanted.items():
        units = on_chip.worst(got[name], value, 2 * on_chip.ROUNDED, 2 * on_chip.ROUNDED)
        assert units <= 1, f"{name} is {units:.2f} times the bound away"


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_scores_are_those_of_each_stage(mode):
    cap = 2.0 if mode else 0.0  # the evaluator caps raw scores too
    feeds, attributes = of_attention(softcap=cap, qk_matmul_output_mode=mode, is_causal=1)
    nodes = [node("Attention", ["q", "k", "v"], ["y", "", "", "s"], **attributes)]
    model = on_chip.build(nodes, feeds, {}, 25, ("y", "s"))
    got = tw.compile(model, target="edge")(**feeds)["s"]
    wanted = by_definition(model, feeds)["s"]
    hidden = np.isinf(wanted)
    np.testing.assert_array_equal(np.isinf(got), hidden)
    np.testing.assert_allclose(got[~hidden], wanted[~hidden], rtol=2**-6, atol=2**-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("low", [-np.inf, -1.0e4, -65504.0, "least"])
@pytest.mark.parametrize("keys", [9, 300])
@pytest.mark.parametrize("spelling", ["given", "added", "selected"])
def test_a_row_without_keys_is_what_its_mask_says(spelling, keys, low, dtype):
    """Minus infinity alone gives NaN, in p and in p · v; a finite mask is a number."""
    low = np.finfo(dtype).min if low == "least" else dtype(low)
    seen = np.ones((1, 1, 4, keys), bool)
    seen[..., 1, :] = seen[..., 2, : keys - 1] = seen[..., 3, 1:] = False
    feeds = {
        n: normal(1, 2, rows, 16, seed=seed).astype(dtype)
        for seed, (n, rows) in enumerate({"q": 4, "k": keys, "v": keys}.items())
    }
    nodes = [node("Transpose", ["k"], ["t"], perm=[0, 1, 3, 2]), node("MatMul", ["q", "t"], ["s"])]
    if spelling == "given":
        feeds["b"] = np.where(seen, dtype(0), low)
    else:
        feeds["m"] = seen
    if spelling == "added":
        nodes.append(node("Where", ["m", "zero", "low"], ["b"]))
    if spelling == "selected":
        nodes.append(node("Where", ["m", "s", "low"], ["masked"]))
    else:
        nodes.append(node("Add", ["s", "b"], ["masked"]))
    nodes += [
        node("Softmax", ["masked"], ["p"], axis=-1),
        node("MatMul", ["p", "v"], ["o"]),
        node("Cast", ["o"], ["y"], to=TensorProto.FLOAT),
    ]
    model = on_chip.build(nodes, feeds, {"zero": dtype(0), "low": low})
    wanted = on_chip.reference(model, feeds)["y"]
    executable = tw.compile(model, target="edge")
    for _ in range(2):
        got = executable(**feeds)["y"]
        np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
        assert np.isnan(got[:, :, 1]).all() == np.isneginf(low)
        np.testing.assert_allclose(got, wanted, rtol=2**-6, atol=2**-6)


@pytest.mark.parametrize("low", (-np.inf, LOW, -1e9, -3.0))
@pytest.mark.parametrize("bias", (True, False))
@pytest.mark.parametrize("shape", ((1, 1, 1), (1, 5, 1), (2, 5, 1)))
@pytest.mark.parametrize("keys", (9, 300))
def test_hidden_keys_leave_nothing(keys, shape, low, bias):
    """What a Where hides may be NaN or infinite, per key and per query, with a causal part and
    with a mask behind it, which may hide the other keys of a row."""
    rows, size = 5, 16
    k, v = normal(1, 2, keys, size, seed=1), normal(1, 2, keys, size, seed=2)
    seen = np.random.default_rng(3).random((1, *shape[:2], keys)) < 0.7
    seen[..., 0] = True
    seen[..., 3] = seen[..., keys - 2] = False
    k[:, :, 3] = np.nan
    k[:, :, keys - 2, 5] = np.inf
    nodes = [
        node("Transpose", ["k"], ["t"], perm=[0, 1, 3, 2]),
        node("MatMul", ["q", "t"], ["s"]),
        node("And", ["m", "causal"], ["c"]),
        node("Where", ["c", "s", "low"], ["chosen"]),
        node("Add", ["chosen", "bias"], ["masked"])
        if bias
        else node("Identity", ["chosen"], ["masked"]),
        node("Softmax", ["masked"], ["p"], axis=-1),
        node("MatMul", ["p", "v"], ["y"]),
    ]
    causal = np.tril(np.ones((rows, keys), bool), 2)
    feeds = {"q": normal(1, 2, rows, size), "k": k, "v": v, "m": seen}
    constants = {"causal": causal, "low": np.float32(low)}
    if bias:
        feeds["bias"] = normal(1, 2, rows, keys, seed=4)
        if np.isfinite(low):
            feeds["bias"][:, :, 1, : keys - 3] = low
    model = on_chip.build(nodes, feeds, constants)
    wanted = on_chip.reference(model, feeds)["y"]
    assert np.isfinite(wanted).all()
    got = tw.compile(model, target="edge")(**feeds)["y"]
    np.testing.assert_allclose(got, wanted, rtol=2**-6, atol=2**-6)


@pytest.mark.parametrize("keys", (9, 300))
def test_a_guard_against_nan_gives_zeros_for_rows_of_nan(keys):
    """One row has a NaN score, two an infinite one, one no key. Zeros meet the values: a NaN or
    an infinity among them shows."""
    q, k, v = normal(1, 2, 6, 16), normal(1, 2, keys, 16, seed=1), normal(1, 2, keys, 16, seed=2)
    q[0, 0, 1] = np.nan
    q[0, 1, 2, 4] = np.inf
    k[0, 1, keys - 2, 3] = np.inf
    v[0, 0, 1, 5] = np.nan
    v[0, 1, 2, 7] = np.inf
    seen = np.ones((1, 1, 6, keys), bool)
    seen[0, 0, 3] = False
    nodes = [
        node("Transpose", ["k"], ["t"], perm=[0, 1, 3, 2]),
        node("MatMul", ["q", "t"], ["s"]),
        node("Where", ["m", "zero", "low"], ["b"]),
        node("Add", ["s", "b"], ["masked"]),
        node("Softmax", ["masked"], ["p"], axis=-1),
        node("IsNaN", ["p"], ["nan"]),
        node("Where", ["nan", "zero", "p"], ["guarded"]),
        node("MatMul", ["guarded", "v"], ["y"]),
    ]
    feeds = {"q": q, "k": k, "v": v, "m": seen}
    constants = {"zero": np.float32(0), "low": np.float32(-np.inf)}
    model = on_chip.build(nodes, feeds, constants)
    with np.errstate(invalid="ignore"):
        wanted = on_chip.reference(model, feeds)["y"]
    got = tw.compile(model, target="edge")(**feeds)["y"]
    assert (wanted[0, 0, 1] == 0).sum() == 15 and np.isnan(wanted[0, 1, 2, 7])
    np.testing.assert_allclose(got, wanted, rtol=2**-6, atol=2**-6)


@pytest.mark.parametrize(
    "low, bias", ((None, 0), (None, 1), (-1e9, 0), (-1e9, 1), (LOW, 0), (LOW, 1))
)
@pytest.mark.parametrize("queries", (3, 6, 8))
@pytest.mark.parametrize("per_query", (False, True))
def test_later_keys_are_as_far_away_as_masked_ones(low, queries, per_query, bias):
    """ONNX Runtime puts the lowest number in place of a later key's mask: a row whose first keys
    are masked by it has equal weights."""
    keys, width, heads = 6, 24, 3
    shape = (2, queries, keys) if per_query else (2, keys)
    mask = np.ones(shape, np.int32)
    mask[0, ..., :3] = mask[1, ..., 1:] = 0
    feeds = {
        n: normal(2, r, width, seed=s) for s, (n, r) in enumerate(zip("qkv", (queries, keys, keys)))
    }
    inputs = [*feeds, "", "m"]
    feeds["m"] = mask
    if bias:
        inputs.append("r")
        feeds["r"] = normal(1, heads, queries, keys, seed=4)
    attributes = {} if low is None else dict(mask_filter_value=float(low))
    nodes = [node("MultiHeadAttention", inputs, domain=MICROSOFT, num_heads=heads,
                  unidirectional=1, **attributes)]  # fmt: skip
    bound = dict(relative=2 * on_chip.ROUNDED, absolute=2 * on_chip.ROUNDED)
    on_chip.check(Case("later", nodes, feeds, **bound), "nano")


@pytest.mark.parametrize("first, second", ((1e20, -1e20), (-1e20, 1e20), (LOW, -LOW)))
@pytest.mark.parametrize("keys", (9, 300))
def test_masks_that_cancel_leave_nothing_of_a_score(keys, first, second):
    """They are added one after the other, as the model has it."""
    masks = np.zeros((2, 1, 1, 5, keys), np.float32)
    masks[0, ..., 2:4, :], masks[1, ..., 2:4, :] = on_chip.to_bf16([first, second])
    masks[:, ..., 3, : keys // 2] = 0
    feeds = {n: normal(1, 2, r, 16, seed=s) for s, (n, r) in enumerate(zip("qkv", (5, keys, keys)))}
    feeds |= {"a": masks[0], "b": masks[1]}
    nodes = [
        node("Transpose", ["k"], ["t"], perm=[0, 1, 3, 2]),
        node("MatMul", ["q", "t"], ["s"]),
        node("Add", ["s", "a"], ["once"]),
        node("Add", ["b", "once"], ["twice"]),
        node("Softmax", ["twice"], ["p"], axis=-1),
        node("MatMul", ["p", "v"], ["y"]),
    ]
    on_chip.check(Case("cancel", nodes, feeds, **BOUND), "nano")


@pytest.mark.parametrize("keys", (6, 700))
@pytest.mark.parametrize("causal", (0, 1))
@pytest.mark.parametrize("part", (slice(0, 1), slice(0, 3), slice(3, None), slice(None)))
def test_scores_of_minus_infinity_count_for_nothing(part, causal, keys):
    """However many of them a tile of keys holds; a row that has no others is NaN, or what the
    keys give that it may not see."""
    feeds = {
        n: np.abs(normal(1, 2, r, 8, seed=s))
        for s, (n, r) in enumerate(zip("qkv", (6, keys, keys)))
    }
    step = keys // 6
    feeds["k"][
        :, :, slice(part.start and part.start * step, part.stop and part.stop * step)
    ] = -np.inf
    nodes = [node("Attention", list(feeds), is_causal=causal)]
    on_chip.check(Case("minus infinity", nodes, feeds, opset=23, **BOUND), "nano")


@pytest.mark.parametrize("product", (False, True))
@pytest.mark.parametrize("keys", (6, 300))
def test_a_guard_that_asks_the_mask_gives_zeros(keys, product):
    """As function bodies of Attention write it: zero where the largest of a row's mask is -inf,
    whatever its scores are; NaN where all that it shows is -inf."""
    rows, size = 5, 16
    seen = np.random.default_rng(2).integers(0, 2, (1, 1, rows, keys)).astype(bool)
    seen[0, 0, 1] = False
    q = normal(1, 2, rows, size, scale=0.125)  # scores are stored as bf16
    q[0, 1, 1] = np.nan
    feeds = {"q": q, "k": normal(1, 2, size, keys, seed=1), "m": seen}
    nodes = [
        node("MatMul", ["q", "k"], ["s"]),
        node("Where", ["m", "zero", "low"], ["b"]),
        node("Add", ["s", "b"], ["a"]),
        node("Softmax", ["a"], ["p"], axis=-1),
        node("ReduceMax", ["b", "last"], ["r"]),
        node("Equal", ["r", "low"], ["hidden"]),
        node("Where", ["hidden", "zero", "p"], ["w" if product else "y"]),
    ]
    if product:
        feeds["v"] = normal(1, 2, keys, size, seed=3)
        nodes.append(node("MatMul", ["w", "v"]))
    weights = {"zero": np.float32(0), "low": np.float32(-np.inf), "last": np.array([-1])}
    case = Case("guard", nodes, feeds, weights, 20, **BOUND)
    with np.errstate(invalid="ignore"):
        on_chip.check(case, "edge")
