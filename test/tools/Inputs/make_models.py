# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the tiny models and arrays that the tests of the command line use.

tiny.onnx         x[rows, 32] -> y: two matrix products, a softmax
unsupported.onnx  the same with two nodes that no compiler pass knows
positions.onnx    x[rows, 32] plus as many rows of a table of 48
names.onnx        one node, names that a terminal obeys and that are no UTF-8
m.safetensors     weights without a graph
stack.onnx        x[rows, 32] through two equal layers, fc1 and fc2
pair.onnx         a, b [rows, columns] -> s, their sum, and d, their difference
unnamed.onnx      x[?, 8], an axis without a name
steps.onnx        rows of a table by indices of the host's, as integers
contradiction.onnx  a matrix product whose shapes do not go together
x.npy, x_other.npy, bad_shape.npy, bad_type.npy, y.npy (what tiny gives for x), y_other.npy (something else)
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROWS, INNER, OUTER = 16, 32, 16


def weights():
    random = np.random.default_rng(1)
    return (
        random.normal(0, 0.2, (INNER, INNER)).astype(np.float32),
        random.normal(0, 0.2, (INNER, OUTER)).astype(np.float32),
    )


def model(nodes, inner=INNER, rows="rows"):
    a, b = weights()
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, inner])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(a, "a"), numpy_helper.from_array(b, "b")],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def node(op, inputs, output, domain="", **attributes):
    return helper.make_node(
        op, inputs, [output], name=f"/{op.lower()}_{output}", domain=domain, **attributes
    )


def lookup():
    """Rows of a table by index."""
    table = np.arange(64 * INNER, dtype=np.float32).reshape(64, INNER)
    graph = helper.make_graph(
        [node("Gather", ["table", "ids"], "y", axis=0)],
        "lookup",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [ROWS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(table, "table")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def unnamed():
    """An axis that has neither a size nor a name."""
    graph = helper.make_graph(
        [node("Relu", ["x"], "y")],
        "unnamed",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def steps():
    """Work of the host before the chip and behind it."""
    table = np.arange(64 * INNER, dtype=np.float32).reshape(64, INNER)
    nodes = [
        helper.make_node("Add", ["ids", "one"], ["next"], name="before"),
        helper.make_node("Gather", ["table", "next"], ["row"], name="rows"),
        helper.make_node("Cast", ["row"], ["y"], name="behind", to=TensorProto.INT64),
    ]
    graph = helper.make_graph(
        nodes,
        "steps",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [ROWS])],
        [helper.make_tensor_value_info("y", TensorProto.INT64, None)],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.int64(1), "one")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def positions():
    """A table of positions, cut to the length of the input."""
    nodes = [
        helper.make_node("Shape", ["x"], ["n"], start=0, end=1),
        helper.make_node("Slice", ["table", "zero", "n"], ["p"]),
        node("Add", ["x", "p"], "y"),
    ]
    table = numpy_helper.from_array(np.zeros((48, INNER), np.float32), "table")
    result = model(nodes)
    result.graph.initializer.extend([table, numpy_helper.from_array(np.array([0]), "zero")])
    return result


def names():
    """A file whose names are bytes that no text should hold."""
    relu = helper.make_node("Relu", ["INPUT"], ["y"], name="r\x9b\x1b]0;owned\x07NAME")
    value = helper.make_tensor_value_info("INPUT", TensorProto.FLOAT, [4, INNER])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([relu], "names", [value], [output])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    text = made.SerializeToString()
    return text.replace(b"INPUT", b"\x1b[2J\n").replace(b"NAME", b"\xffAME")


def pair():
    """Two dimensions to fix, two inputs to give, two outputs to take."""
    shape = ["rows", "columns"]
    graph = helper.make_graph(
        [node("Add", ["a", "b"], "s"), node("Sub", ["a", "b"], "d")],
        "pair",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "ab"],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "sd"],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def reference(x):
    a, b = weights()
    scores = x @ a
    exponents = np.exp(scores - scores.max(-1, keepdims=True))
    return (exponents / exponents.sum(-1, keepdims=True)) @ b


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    tiny = [
        node("MatMul", ["x", "a"], "h"),
        node("Softmax", ["h"], "p", axis=-1),
        node("MatMul", ["p", "b"], "y"),
    ]
    onnx.save(model(tiny), folder / "tiny.onnx")
    stack = [
        helper.make_node("MatMul", ["x", "a"], ["h"], "/fc1"),
        helper.make_node("Relu", ["h"], ["r"], "/relu"),
        helper.make_node("MatMul", ["r", "a"], ["y"], "/fc2"),
    ]
    onnx.save(model(stack), folder / "stack.onnx")
    onnx.save(positions(), folder / "positions.onnx")
    (folder / "names.onnx").write_bytes(names())
    header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (folder / "m.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    unsupported = [
        tiny[0],
        node("Frobnicate", ["h"], "f", domain="com.example"),
        node("Det", ["f"], "g"),
        node("MatMul", ["g", "b"], "y"),
    ]
    onnx.save(model(unsupported), folder / "unsupported.onnx")
    onnx.save(model(tiny, inner=INNER - 1), folder / "contradiction.onnx")
    onnx.save(lookup(), folder / "lookup.onnx")
    onnx.save(unnamed(), folder / "unnamed.onnx")
    onnx.save(steps(), folder / "steps.onnx")
    onnx.save(pair(), folder / "pair.onnx")
    np.save(folder / "ones.npy", np.ones((8, 16), np.float32))
    np.save(folder / "ids.npy", np.arange(ROWS, dtype=np.int64))
    np.save(folder / "far.npy", np.arange(ROWS, dtype=np.int64) + 60)

    x = np.random.default_rng(2).normal(0, 1, (ROWS, INNER)).astype(np.float32)
    np.save(folder / "x.npy", x)
    np.save(folder / "x_other.npy", 2 * x)
    np.save(folder / "bad_shape.npy", x[:-1])
    np.save(folder / "bad_type.npy", x.astype(np.int64))
    np.save(folder / "y.npy", reference(x))
    np.save(folder / "y_other.npy", -reference(x))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
