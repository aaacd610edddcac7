# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Does a model mean the same after import, recognition and fusion?

Each model runs in ONNX Runtime and, after the graph pipeline, in a numpy
interpreter of the graph dialect in float64.
"""

import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import fill  # noqa: E402
import interpret  # noqa: E402

MICROSOFT = "com.microsoft"


def tool(name):
    built = HERE.parents[2] / "build" / "bin" / name
    return (
        str(built)
        if built.exists()
        else shutil.which(name) or pytest.fail(f"no {name}: ./tw build makes it")
    )


def compiled(model, dims, folder):
    """The text of the fused module and the model's path."""
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    options = [word for name, size in dims.items() for word in ("--dim", f"{name}={size}")]
    result = subprocess.run(
        [tool("tilework-translate"), str(path), "--fused", *options], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout, path


def check(model, feed, folder, dims=None, tolerance=2e-5):
    """Compares all outputs; gives the text of the module."""
    text, path = compiled(model, dims or {}, folder)
    generic = subprocess.run(
        [tool("tilework-opt"), "--mlir-print-op-generic"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    module = interpret.Module(generic, [path.read_bytes()])
    outputs = module.run(feed)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    for name, expected in zip(names, session.run(names, feed)):
        np.testing.assert_allclose(outputs[name], expected, atol=tolerance, rtol=tolerance)
    return text


def count(text, op):
    return len(re.findall(rf"= graph\.{op}\b", text))


@pytest.mark.parametrize("batch,sequence", [(1, 7), (3, 16), (2, 1)])
@pytest.mark.parametrize("name", sorted(p.stem for p in HERE.glob("*.onnx")))
def test_encoders_of_both_exporters(name, batch, sequence, tmp_path):
    model = fill.load(HERE / f"{name}.onnx")
    random = np.random.default_rng(5)
    mask = np.ones((batch, sequence), np.int64)
    mask[-1, sequence // 2 + 1 :] = 0
    feed = {
        "input_ids": random.integers(3, 150, (batch, sequence)),
        "attention_mask": mask,
        "token_type_ids": random.integers(0, 2, (batch, sequence)),
    }
    feed = {i.name: feed[i.name] for i in model.graph.input}
    text = check(model, feed, tmp_path, {"batch": batch, "sequence": sequence})
    assert count(text, "attention") == 1
    assert count(text, "matmul") == (5 if "pooled" in name else 4)
    assert count(text, "softmax") == count(text, "transpose") == count(text, "gelu") == 0
    assert f"mask(%{{}} : tensor<{batch}x{sequence}xbf16>".split("{}")[1] in text


def build(nodes, inputs, outputs, weights, opset=17):
    """A model of float inputs and outputs."""

    def info(name, shape, kind=TensorProto.FLOAT):
        return helper.make_tensor_value_info(name, kind, shape)

    graph = helper.make_graph(
        nodes,
        "g",
        [info(*i) for i in inputs],
        [info(*o) for o in outputs],
        [numpy_helper.from_array(v, n) for n, v in weights.items()],
    )
    return helper.make_model(
        graph,
        ir_version=9,
        opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)],
    )


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def test_skip_layer_norm_with_bias(tmp_path):
    node = helper.make_node(
        "SkipLayerNormalization",
        ["x", "s", "g", "b", "c"],
        ["y", "", "", "sum"],
        domain=MICROSOFT,
        epsilon=1e-5,
    )
    model = build(
        [node],
        [("x", [2, 3, 8]), ("s", [2, 3, 8])],
        [("y", [2, 3, 8]), ("sum", [2, 3, 8])],
        {"g": normal(8), "b": normal(8, seed=1), "c": normal(8, seed=2)},
    )
    check(model, {"x": normal(2, 3, 8, seed=3), "s": normal(2, 3, 8, seed=4)}, tmp_path)


@pytest.mark.parametrize(
    "op,domain,opset,form",
    [("BiasGelu", MICROSOFT, 17, "gelu_erf"), ("FastGelu", MICROSOFT, 17, "gelu_tanh")],
)
def test_fused_gelu_joins_its_product(op, domain, opset, form, tmp_path):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["p"]),
        helper.make_node(op, ["p", "b"], ["y"], domain=domain),
    ]
    model = build(
        nodes,
        [("x", [3, 8])],
        [("y", [3, 16])],
        {"w": normal(8, 16), "b": normal(16, seed=1)},
        opset,
    )
    text = check(model, {"x": normal(3, 8, seed=2)}, tmp_path, tolerance=1e-4)
    assert f"activation {form}" in text and count(text, "gelu") == 0


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_op(approximate, tmp_path):
    node = helper.make_node("Gelu", ["x"], ["y"], approximate=approximate)
    check(build([node], [("x", [3, 8])], [("y", [3, 8])], {}, 20), {"x": normal(3, 8)}, tmp_path)


def test_embed_layer_norm(tmp_path):
    node = helper.make_node(
        "EmbedLayerNormalization",
        ["ids", "types", "w", "p", "t", "g", "b"],
        ["y", ""],
        domain=MICROSOFT,
        epsilon=1e-5,
    )
    model = build(
        [node],
        [("ids", [2, 5], TensorProto.INT32), ("types", [2, 5], TensorProto.INT32)],
        [("y", [2, 5, 8])],
        {
            "w": normal(20, 8),
            "p": normal(6, 8, seed=1),
            "t": normal(2, 8, seed=2),
            "g": normal(8, seed=3),
            "b": normal(8, seed=4),
        },
    )
    ids = np.arange(10, dtype=np.int32).reshape(2, 5)
    text = check(model, {"ids": ids, "types": ids % 2}, tmp_path)
    assert count(text, "embedding") == 2


@pytest.mark.parametrize("mask", [None, "keys", "lengths"])
@pytest.mark.parametrize("causal", [0, 1])
def test_fused_attention(mask, causal, tmp_path):
    names = ["x", "w", "b"] + (["m"] if mask else [])
    node = helper.make_node(
        "Attention", names, ["y"], domain=MICROSOFT, num_heads=2, unidirectional=causal
    )
    inputs = [("x", [2, 5, 8])]
    feed = {"x": normal(2, 5, 8, seed=3)}
    if mask == "keys":
        inputs.append(("m", [2, 5], TensorProto.INT32))
        feed["m"] = np.array([[1, 1, 1, 0, 0], [1] * 5], np.int32)
    elif mask == "lengths":
        inputs.append(("m", [2], TensorProto.INT32))
        feed["m"] = np.array([3, 5], np.int32)
    model = build([node], inputs, [("y", [2, 5, 8])], {"w": normal(8, 24), "b": normal(24, seed=1)})
    text = check(model, feed, tmp_path)
    assert count(text, "attention") == count(text, "matmul") == 1


@pytest.mark.parametrize("bias", [False, True])
def test_multi_head_attention(bias, tmp_path):
    names = ["q", "k", "v", "b" if bias else "", "m"]
    node = helper.make_node("MultiHeadAttention", names, ["y"], domain=MICROSOFT, num_heads=2)
    model = build(
        [node],
        [("q", [2, 5, 8]), ("k", [2, 6, 8]), ("v", [2, 6, 8]), ("m", [2, 6], TensorProto.INT32)],
        [("y", [2, 5, 8])],
        {"b": normal(24)} if bias else {},
    )
    feed = {
        "q": normal(2, 5, 8),
        "k": normal(2, 6, 8, seed=1),
        "v": normal(2, 6, 8, seed=2),
        "m": np.array([[1, 1, 1, 1, 0, 0], [1] * 6], np.int32),
    }
    check(model, feed, tmp_path)


@pytest.mark.parametrize("rank", [3, 4])
@pytest.mark.parametrize("mask", [None, "bool", "float", "causal"])
def test_attention_op_of_opset_23(rank, mask, tmp_path):
    attributes = {"q_num_heads": 4, "kv_num_heads": 2} if rank == 3 else {}
    if mask == "causal":
        attributes["is_causal"] = 1
    node = helper.make_node(
        "Attention",
        ["q", "k", "v"] + (["m"] if mask in ("bool", "float") else []),
        ["y"],
        **attributes,
    )
    shapes = ([2, 5, 16], [2, 5, 8]) if rank == 3 else ([2, 4, 5, 4], [2, 2, 5, 4])
    weights = {}
    if mask == "bool":
        weights["m"] = np.tril(np.ones((5, 5), bool))
    elif mask == "float":
        weights["m"] = normal(2, 1, 5, 5, seed=9)
    model = build(
        [node],
        [("q", shapes[0]), ("k", shapes[1]), ("v", shapes[1])],
        [("y", shapes[0])],
        weights,
        23,
    )
    feed = {
        "q": normal(*shapes[0]),
        "k": normal(*shapes[1], seed=1),
        "v": normal(*shapes[1], seed=2),
    }
    text = check(model, feed, tmp_path)
    assert ("band" in text) == (mask in ("bool", "causal"))


def attention_by_hand(mask_nodes, heads=2, width=8, length=5, fused=False):
    """Projections, products and a softmax as an exporter splits them."""
    shape = "to_heads"
    names = ["q", "k", "v"]
    nodes, weights = (
        [],
        {
            "to_heads": np.array([2, length, heads, width // heads]),
            "merged": np.array([2, length, width]),
            "scale": np.array(0.5, np.float32),
        },
    )
    if fused:
        weights["w"], weights["b"] = normal(width, 3 * width), normal(3 * width, seed=1)
        nodes += [
            helper.make_node("MatMul", ["x", "w"], ["p"]),
            helper.make_node("Add", ["p", "b"], ["pb"]),
            helper.make_node("Split", ["pb"], ["q", "k", "v"], axis=2),
        ]
    for seed, n in enumerate(names):
        if not fused:
            weights["w" + n] = normal(width, width, seed=seed)
            nodes.append(helper.make_node("MatMul", ["x", "w" + n], [n]))
        nodes.append(helper.make_node("Reshape", [n, shape], [n + "4"]))
        nodes.append(
            helper.make_node(
                "Transpose", [n + "4"], [n + "t"], perm=[0, 2, 3, 1] if n == "k" else [0, 2, 1, 3]
            )
        )
    nodes.append(helper.make_node("MatMul", ["qt", "kt"], ["raw"]))
    nodes.append(helper.make_node("Mul", ["raw", "scale"], ["scores"]))
    nodes += mask_nodes
    nodes += [
        helper.make_node("Softmax", ["masked"], ["probabilities"], axis=-1),
        helper.make_node("MatMul", ["probabilities", "vt"], ["o"]),
        helper.make_node("Transpose", ["o"], ["ot"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["ot", "merged"], ["y"]),
    ]
    return nodes, weights


@pytest.mark.parametrize("fused", [False, True])
def test_causal_selection_becomes_a_band(fused, tmp_path):
    nodes, weights = attention_by_hand(
        [helper.make_node("Where", ["tri", "scores", "low"], ["masked"])], fused=fused
    )
    weights |= {
        "tri": np.tril(np.ones((1, 1, 5, 5), bool)),
        "low": np.array(np.finfo(np.float32).min),
    }
    model = build(nodes, [("x", [2, 5, 8])], [("y", [2, 5, 8])], weights)
    text = check(model, {"x": normal(2, 5, 8)}, tmp_path)
    assert "band = array<i64: -4, 0>" in text and "mask(" not in text
    assert count(text, "attention") == count(text, "matmul") == 1


def test_infinite_masks_stay_infinite(tmp_path):
    nodes, weights = attention_by_hand(
        [
            helper.make_node("Cast", ["m"], ["seen"], to=TensorProto.BOOL),
            helper.make_node("Unsqueeze", ["seen", "axes"], ["seen4"]),
            helper.make_node("Where", ["seen4", "zero", "low"], ["additive"]),
            helper.make_node("Add", ["scores", "additive"], ["masked"]),
        ]
    )
    weights |= {
        "axes": np.array([1, 2]),
        "zero": np.array(0, np.float32),
        "low": np.array(-np.inf, np.float32),
    }
    model = build(
        nodes, [("x", [2, 5, 8]), ("m", [2, 5], TensorProto.INT64)], [("y", [2, 5, 8])], weights
    )
    text = check(model, {"x": normal(2, 5, 8), "m": np.array([[1, 1, 0, 0, 0], [1] * 5])}, tmp_path)
    assert "0xFF80" in text and "tensor<2x5xbf16>" in text
