# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A small sentence encoder with random weights: the demo's questions without the demo's model."""

from __future__ import annotations

import re
import zlib
from typing import Any

import numpy as np

_WORDS, _WIDTH, _HEADS, _INNER, _LAYERS = 1000, 128, 4, 512, 2


def tokens(sentence: str) -> list[int]:
    """A number for each word, 1 to 999; always the same."""
    words = re.findall(r"\w+|[^\w\s]", sentence.lower())
    return [1 + zlib.crc32(word.encode()) % (_WORDS - 1) for word in words]


def model() -> bytes:
    """An ONNX file: embeddings, two layers of attention and a feed-forward net, in fp32."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    nodes: list[Any] = []
    constants: list[Any] = []

    def constant(name: str, value: Any) -> str:
        constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def weights(name: str, *shape: int) -> str:
        scale = 1 / np.sqrt(shape[0] if len(shape) > 1 else 100)
        return constant(name, rng.normal(0, scale, shape).astype(np.float32))

    def node(op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(op, inputs, [output], output, **attributes))
        return output

    def dense(x: str, name: str, inputs: int, outputs: int) -> str:
        product = node("MatMul", [x, weights(f"{name}.weight", inputs, outputs)], f"{name}/MatMul")
        return node("Add", [product, weights(f"{name}.bias", outputs)], f"{name}/Add")

    def normalised(x: str, name: str) -> str:
        scale = constant(f"{name}.weight", np.ones(_WIDTH, np.float32))
        return node("LayerNormalization", [x, scale, weights(f"{name}.bias", _WIDTH)], name)

    def heads(x: str, name: str, axes: list[int]) -> str:
        split = node("Reshape", [x, "split"], f"{name}/split")
        return node("Transpose", [split], f"{name}/heads", perm=axes)

    constant("split", np.array([0, 0, _HEADS, _WIDTH // _HEADS], np.int64))
    constant("join", np.array([0, 0, _WIDTH], np.int64))
    words = node("Gather", [weights("words", _WORDS, _WIDTH), "input_ids"], "embed/words")
    kinds = node("Gather", [weights("kinds", 2, _WIDTH), "token_type_ids"], "embed/kinds")
    x = normalised(node("Add", [words, kinds], "embed/sum"), "embed/norm")
    mask = node("Cast", ["attention_mask"], "mask/cast", to=TensorProto.FLOAT)
    away = node("Sub", [constant("one", np.float32(1)), mask], "mask/away")
    far = node("Mul", [away, constant("far", np.float32(-1e4))], "mask/far")
    bias = node("Unsqueeze", [far, constant("axes", np.array([1, 2], np.int64))], "mask/bias")
    root = constant("root", np.float32(np.sqrt(_WIDTH // _HEADS)))
    for layer in range(_LAYERS):
        at = f"layer.{layer}"
        q, k, v = (dense(x, f"{at}/{name}", _WIDTH, _WIDTH) for name in ("query", "key", "value"))
        scores = node(
            "MatMul",
            [heads(q, f"{at}/query", [0, 2, 1, 3]), heads(k, f"{at}/key", [0, 2, 3, 1])],
            f"{at}/scores",
        )
        scaled = node("Div", [scores, root], f"{at}/scaled")
        shares = node("Softmax", [node("Add", [scaled, bias], f"{at}/masked")], f"{at}/shares")
        mixed = node("MatMul", [shares, heads(v, f"{at}/value", [0, 2, 1, 3])], f"{at}/mixed")
        back = node("Transpose", [mixed], f"{at}/back", perm=[0, 2, 1, 3])
        joined = dense(node("Reshape", [back, "join"], f"{at}/joined"), f"{at}/out", _WIDTH, _WIDTH)
        x = normalised(node("Add", [joined, x], f"{at}/attended"), f"{at}/attention_norm")
        inner = node("Gelu", [dense(x, f"{at}/up", _WIDTH, _INNER)], f"{at}/gelu")
        outer = dense(inner, f"{at}/down", _INNER, _WIDTH)
        x = normalised(node("Add", [outer, x], f"{at}/fed"), f"{at}/norm")
    node("Identity", [x], "last_hidden_state")
    shape = ["batch", "sequence"]
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in names]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, _WIDTH])
    graph = helper.make_graph(nodes, "small encoder", inputs, [output], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return bytes(made.SerializeToString())
