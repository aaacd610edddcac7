# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX Runtime's GroupQueryAttention: prompts and steps with a cache, where the cache
ends as data of the launch, against ONNX Runtime."""

import numpy as np
import pytest
import tilework as tw
from on_chip import MICROSOFT, Case, check, normal, reference, target_named
from onnx import helper

HEADS, SHARED, SIZE, MOST = 4, 2, 32, 40


def angles(half):
    at = np.arange(MOST)[:, None] * 100.0 ** (-np.arange(half) / half)
    return np.cos(at).astype(np.float32), np.sin(at).astype(np.float32)


def case(
    name,
    tokens,
    past=0,
    lengths=None,
    total=None,
    batch=1,
    packed=False,
    bias=False,
    cached=True,
    fixed=False,
    **attributes,
):
    """`lengths`: of each of the batch with its new tokens; `past`: the cache's size."""
    lengths = [past + tokens] * batch if lengths is None else lengths
    total = max(lengths) if total is None else total
    feeds, weights = {}, {"t": np.int32(total)}
    if packed:
        feeds["q"] = normal(batch, tokens, (HEADS + 2 * SHARED) * SIZE, seed=1)
    else:
        feeds["q"] = normal(batch, tokens, HEADS * SIZE, seed=1)
        feeds["k"] = normal(batch, tokens, SHARED * SIZE, seed=2)
        feeds["v"] = normal(batch, tokens, SHARED * SIZE, seed=3)
    if cached:
        feeds["pk"] = normal(batch, SHARED, past, SIZE, seed=4)
        feeds["pv"] = normal(batch, SHARED, past, SIZE, seed=5)
    (weights if fixed else feeds)["s"] = np.array(lengths, np.int32) - 1
    if attributes.get("do_rotary"):
        weights["c"], weights["n"] = angles(attributes.pop("half", SIZE // 2))
    if bias:
        feeds["b"] = normal(1, HEADS, tokens, total, seed=6)
    order = ["q", "k", "v", "pk", "pv", "s", "t", "c", "n", "", "b"]
    inputs = [n if n in feeds or n in weights else "" for n in order]
    while not inputs[-1]:
        inputs.pop()
    nodes = [
        helper.make_node(
            "GroupQueryAttention",
            inputs,
            ["y", "k1", "v1"],
            "node",
            domain=MICROSOFT,
            num_heads=HEADS,
            kv_num_heads=SHARED,
            **attributes,
        )
    ]
    return Case(name, nodes, feeds, weights, absolute=2.0**-7, outputs=("y", "k1", "v1"))


CASES = [
    case("a prompt", 7, cached=False),
    case("a prompt, packed and turned", 7, packed=True, do_rotary=1, cached=False),
    case("a prompt of two, turned as neighbours", 6, batch=2, do_rotary=1, rotary_interleaved=1),
    case("a window", 9, local_window_size=3, cached=False),
    case("a cap and a scale", 5, softcap=2.0, scale=0.3, cached=False),
    case("a bias", 5, bias=True, cached=False),
    case("a step", 1, past=11, do_rotary=1),
    case("neighbours that nothing turns", 6, rotary_interleaved=1),
    case("a step of a known length", 1, past=11, do_rotary=1, fixed=True),
    case("a step of two", 1, past=8, batch=2, do_rotary=1),
    case("a step within a window", 1, past=12, local_window_size=5),
    case("a step with a bias", 1, past=6, bias=True),
    case("steps of several lengths", 1, past=9, batch=3, lengths=[10, 4, 7], do_rotary=1),
    case(
        "a step of several, in a larger buffer", 1, past=20, batch=2, lengths=[7, 12], do_rotary=1
    ),
    case("a part of the head turned", 1, past=5, do_rotary=1, half=8),
]


@pytest.mark.parametrize("target", ["edge", "odd"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_computes_what_onnx_runtime_does(case, target):
    values = reference(case.model, case.feeds)
    if "several" in case.name:
        # Nothing is promised of positions behind the last token.
        executable = tw.compile(case.model, target=target_named(target))
        got = executable(**case.feeds)
        np.testing.assert_allclose(got["y"], values["y"], rtol=2.0**-6, atol=2.0**-6)
        for name in ("k1", "v1"):
            for b, last in enumerate(case.feeds["s"]):
                np.testing.assert_allclose(
                    got[name][b, :, : last + 1], values[name][b, :, : last + 1], atol=2.0**-6
                )
        return
    check(case, target, values)


def test_a_length_beyond_the_cache_is_an_error_of_the_launch():
    step = CASES[6]
    executable = tw.compile(step.model, target="edge")
    with pytest.raises(tw.TileworkError, match="out of range"):
        executable(**{**step.feeds, "s": np.array([12], np.int32)})


def test_what_is_not_carried_is_named():
    sinks = case("sinks", 4, cached=False)
    sinks.nodes[0].input.extend([""] * (11 - len(sinks.nodes[0].input)))
    sinks.nodes[0].input.append("sink")
    sinks.weights["sink"] = normal(HEADS)
    with pytest.raises(tw.UnsupportedModel, match="head_sink"):
        tw.compile(sinks.model)
    with pytest.raises(tw.UnsupportedModel, match="smooth_softmax"):
        tw.compile(case("smooth", 4, cached=False, smooth_softmax=1).model)


@pytest.mark.parametrize("shared", ("k", "v", "kv", "q", "qkv"))
@pytest.mark.parametrize("batch", (1, 2))
def test_a_head_that_a_product_broadcasts_serves_all(batch, shared):
    """Queries of several heads times one of keys or values, as Falcon's export writes it."""
    feeds, nodes = {}, []
    for i, name in enumerate("qkv"):
        heads = 1 if name in shared else HEADS
        feeds[name] = normal(batch, 6, heads * SIZE, seed=i)
        order = [0, 2, 3, 1] if name == "k" else [0, 2, 1, 3]
        nodes += [
            helper.make_node("Reshape", [name, f"{name}s"], [f"{name}1"]),
            helper.make_node("Transpose", [f"{name}1"], [f"{name}2"], perm=order),
        ]
    nodes += [
        helper.make_node("MatMul", ["q2", "k2"], ["scores"]),
        helper.make_node("Mul", ["scores", "scale"], ["scaled"]),
        helper.make_node("Softmax", ["scaled"], ["p"]),
        helper.make_node("MatMul", ["p", "v2"], ["y"]),
    ]
    weights = {f"{n}s": np.array([batch, 6, 1 if n in shared else HEADS, SIZE]) for n in "qkv"}
    weights["scale"] = np.float32(SIZE**-0.5)
    check(Case("broadcast", nodes, feeds, weights, absolute=2.0**-7), "nano")
