# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Encoders of words and of images, with fixed and open dimensions, at lengths around
powers of two and tiles: none is refused, and small ones give ONNX Runtime's values."""

import numpy as np
import on_chip
import pytest
import tilework as tw
from onnx import TensorProto, helper, numpy_helper

node = helper.make_node
HEADS, SIZE, INNER, WORDS, PATCH = 2, 24, 40, 50, 4
LENGTHS = (1, 2, 3, 17, 100, 257, 511, 512)
BATCHES = (1, 3, 16)


class Graph:
    """Nodes and random constants of a model in the making."""

    def __init__(self, seed):
        self.nodes, self.constants = [], []
        self.random = np.random.default_rng(seed)

    def op(self, kind, *inputs, **attributes):
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def weight(self, *shape):
        return self.constant(on_chip.to_bf16(self.random.normal(0, 0.3, shape)))

    def linear(self, x, inputs, outputs):
        product = self.op("MatMul", x, self.weight(inputs, outputs))
        return self.op("Add", product, self.weight(outputs))

    def norm(self, x):
        return self.op("LayerNormalization", x, self.weight(SIZE), self.weight(SIZE), axis=-1)

    def heads(self, x, sizes, order):
        split = self.op("Reshape", self.linear(x, SIZE, SIZE), sizes)
        return self.op("Transpose", split, perm=order)

    def layer(self, x, mask):
        """Sizes come from the tensor itself, as exporters write open dimensions."""
        length = self.op("Slice", self.op("Shape", x), *map(self.constant, ([0], [2])))
        sizes = self.op("Concat", length, self.constant([HEADS, SIZE // HEADS]), axis=0)
        q, k, v = (self.heads(x, sizes, o) for o in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
        scale = self.constant(np.float32((SIZE // HEADS) ** -0.5))
        scores = self.op("Mul", self.op("MatMul", q, k), scale)
        if mask:
            scores = self.op("Add", scores, mask)
        seen = self.op("MatMul", self.op("Softmax", scores, axis=-1), v)
        joined = self.op(
            "Reshape", self.op("Transpose", seen, perm=[0, 2, 1, 3]), self.op("Shape", x)
        )
        x = self.norm(self.op("Add", x, self.linear(joined, SIZE, SIZE)))
        inner = self.op("Gelu", self.linear(x, SIZE, INNER))
        return self.norm(self.op("Add", x, self.linear(inner, INNER, SIZE)))

    def model(self, inputs, result):
        self.nodes.append(node("Identity", [result], ["y"]))
        infos = [helper.make_tensor_value_info(n, t, shape) for n, (t, shape) in inputs.items()]
        outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
        graph = helper.make_graph(self.nodes, "encoder", infos, outputs, self.constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
        made.ir_version = 10
        return made


def words(batch, length):
    """Ids and a mask of keys; sizes are numbers, or names of open dimensions."""
    g = Graph(1)
    mask = g.op("Cast", g.op("Unsqueeze", "mask", g.constant([1, 2])), to=TensorProto.FLOAT)
    hidden = g.op("Sub", g.constant(np.float32(1)), mask)
    added = g.op("Mul", hidden, g.constant(np.float32(-1e4)))
    x = g.op("Gather", g.weight(WORDS, SIZE), "ids")
    end = g.op("Slice", g.op("Shape", "ids"), *map(g.constant, ([1], [2])))
    places = g.op("Slice", g.weight(512, SIZE), g.constant([0]), end, g.constant([0]))
    x = g.norm(g.op("Add", x, places))
    shape = (TensorProto.INT64, [batch, length])
    return g.model({"ids": shape, "mask": shape}, g.layer(x, added))


def images(batch, length):
    """Patches in one row of an image, by a convolution, behind a token of their class."""
    g = Graph(2)
    width = PATCH * length if isinstance(length, int) else length
    patches = g.op(
        "Conv", "x", g.weight(SIZE, 3, PATCH, PATCH), g.weight(SIZE), strides=[PATCH, PATCH]
    )
    rows = g.op("Reshape", patches, g.constant([0, SIZE, -1]))
    x = g.op("Transpose", rows, perm=[0, 2, 1])
    count = g.op("Slice", g.op("Shape", x), *map(g.constant, ([0], [1])))
    sizes = g.op("Concat", count, g.constant([1, SIZE]), axis=0)
    x = g.op("Concat", g.op("Expand", g.weight(1, 1, SIZE), sizes), x, axis=1)
    return g.model({"x": (TensorProto.FLOAT, [batch, 3, PATCH, width])}, g.layer(g.norm(x), None))


def feeds(kind, batch, length):
    random = np.random.default_rng(3)
    if kind is images:
        return {"x": on_chip.to_bf16(random.normal(0, 1, (batch, 3, PATCH, PATCH * length)))}
    mask = np.ones((batch, length), np.int64)
    mask[:, (length + 1) // 2 :] = 0
    return {"ids": random.integers(0, WORDS, (batch, length)), "mask": mask}


def compiled(kind, batch, length, target, is_open):
    if not is_open:
        return tw.compile(kind(batch, length), target=target)
    dims = {"b": batch, "n": PATCH * length if kind is images else length}
    return tw.compile(kind("b", "n"), target=target, dims=dims)


either = pytest.mark.parametrize("kind", (words, images))


@either
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("length", (2, 17))
def test_values_are_those_of_onnx_runtime(kind, batch, length):
    given = feeds(kind, batch, length)
    wanted = on_chip.reference(kind(batch, length), given)["y"]
    for is_open in (False, True):
        got = compiled(kind, batch, length, "edge", is_open)(**given)["y"]
        assert on_chip.worst(got, wanted, 2**-5, 2**-5) <= 1


@either
@pytest.mark.parametrize("length", LENGTHS)
def test_no_length_is_refused(kind, length):
    assert compiled(kind, 3, length, "edge", is_open=True).inputs


@pytest.mark.long
@either
@pytest.mark.parametrize("target", ("nano", "edge", "server"))
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("is_open", (False, True))
def test_no_length_is_refused_in_any_batch_on_any_preset(kind, target, batch, length, is_open):
    assert compiled(kind, batch, length, target, is_open).inputs
