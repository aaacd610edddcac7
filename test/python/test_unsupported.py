# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A refusal names everything that is in the way, and nothing else."""

import numpy as np
import pytest
import tilework as tw
from onnx import TensorProto, helper, numpy_helper

F = TensorProto.FLOAT


def model_of(nodes, shape, initializers=(), values=(), outputs=("y",)):
    graph = helper.make_graph(
        nodes,
        "refused",
        [helper.make_tensor_value_info("x", F, shape)],
        [helper.make_tensor_value_info(name, F, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in initializers],
        value_info=[helper.make_tensor_value_info(name, F, dims) for name, dims in values],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("odd", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def reasons(model, **how):
    with pytest.raises(tw.UnsupportedModel) as caught:
        tw.compile(model, **how)
    return {n["name"]: n["reason"] for n in caught.value.nodes if "reason" in n}, caught.value


def node(op, inputs, outputs, domain="", **attributes):
    return helper.make_node(op, inputs, outputs, outputs[0], domain=domain, **attributes)


# The import knows it, and the planner refuses it.
LAST = ("last", np.array([-1], np.int64))


def product(inputs, outputs):
    return node("ReduceProd", [*inputs, "last"], outputs)


POOL = {"kernel_shape": [2, 2], "strides": [2, 2]}


@pytest.mark.parametrize(
    "first, shape",
    [
        (node("MaxPool", ["x"], ["a"], **POOL), (1, 4, 8, 8)),
        (node("AveragePool", ["x"], ["a"], auto_pad="SAME_UPPER", **POOL), (1, 4, 7, 7)),
        (node("GlobalMaxPool", ["x"], ["a"]), (2, 4, 8, 8)),
        (node("HardSigmoid", ["x"], ["a"]), (3, 16)),
        (node("Softmax", ["x"], ["a"], unheard_of=1), (3, 16)),
    ],
    ids=lambda value: value.op_type if hasattr(value, "op_type") else "",
)
def test_shapes_go_on_through_a_refused_node(first, shape):
    """What the planner refuses behind it is named as well."""
    nodes = [first, product(["a"], ["s"]), node("Relu", ["s"], ["y"])]
    found, error = reasons(model_of(nodes, shape, [LAST]))
    assert set(found) - {"a"} == {"s"} and "product of a row" in found["s"]
    assert error.unchecked_nodes == 0 and "could be checked" not in str(error)


def test_what_has_no_shape_is_counted_and_not_blamed():
    nodes = [
        node("Odd", ["x"], ["a"], domain="odd"),
        node("Relu", ["a"], ["b"]),
        product(["b"], ["y"]),
    ]
    found, error = reasons(model_of(nodes, (3, 4), [LAST]))
    assert set(found) == {"a"} and error.unchecked_nodes == 2
    assert "2 nodes behind them could not" in str(error)
    stated = model_of(nodes, (3, 4), [LAST], values=[("a", (3, 4))])
    found, error = reasons(stated)
    assert set(found) == {"a", "y"} and error.unchecked_nodes == 0


def test_a_shape_from_a_refused_node_is_no_reason():
    nodes = [
        node("Odd", ["n"], ["shape"], domain="odd"),
        node("Reshape", ["x", "shape"], ["r"]),
        node("Relu", ["r"], ["y"]),
    ]
    constant = [("n", np.array([2, 6], np.int64))]
    found, error = reasons(model_of(nodes, (3, 4), constant))
    assert set(found) == {"shape"} and error.unchecked_nodes == 2


@pytest.mark.parametrize("stated", [False, True])
def test_the_share_does_not_depend_on_what_the_exporter_states(stated):
    weights = np.ones((16, 16), np.float32)
    nodes = [
        node("MatMul", ["x", "w"], ["a"]),
        node("Softmax", ["a"], ["b"], unheard_of=1),
        product(["b"], ["s"]),
        node("MatMul", ["s", "row"], ["y"]),
    ]
    values = [("a", (4, 16)), ("b", (4, 16)), ("s", (4, 1))] if stated else []
    constants = [("w", weights), ("row", weights[:1]), LAST]
    found, error = reasons(model_of(nodes, (4, 16), constants, values))
    assert set(found) == {"b", "s"}
    products = (4 * 16 * 16 + 4 * 16) + (4 * 1 * 16 + 4 * 16)
    refused = 4 * 16 + 4
    assert error.unsupported_share == pytest.approx(refused / (products + refused))


@pytest.mark.parametrize(
    "start, kind",
    [
        (b"GGUF\x03\0\0\0", "GGUF"),
        (b"\x10\0\0\0TFL3", "TensorFlow Lite"),
        (b"PK\x03\x04", "ZIP"),
        (b"\x80\x02}q\0", "pickle"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\x02\0\0\0\0\0\0\0{}", "safetensors"),
    ],
)
def test_a_file_of_another_kind_is_named_as_what_it_is(start, kind, tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(start)
    for call in (lambda: tw.compile(path), lambda: tw.compile(start), lambda: tw.inspect(path)):
        with pytest.raises(tw.InvalidArgument, match=kind):
            call()


@pytest.mark.parametrize("length", [7, 48, 511])
def test_a_table_says_how_far_it_reaches(length):
    nodes = [
        helper.make_node("Shape", ["x"], ["n"], start=1, end=2),
        helper.make_node("Slice", ["table", "zero", "n"], ["p"]),
        node("Add", ["x", "p"], ["y"]),
    ]
    constants = [("table", np.ones((length, 8), np.float32)), ("zero", np.array([0], np.int64))]
    model = model_of(nodes, ("batch", "tokens", 8), constants)
    assert tw.compile(model, dims={"batch": 1, "tokens": length})
    with pytest.raises(tw.InvalidModel) as caught:
        tw.compile(model, dims={"batch": 1, "tokens": length + 9})
    text = str(caught.value)
    assert f"[1, {length + 9}, 8]" in text and f"[{length}, 8]" in text
    assert f"the largest legal size of 'tokens' is {length}" in text and "'batch'" not in text


def test_a_size_of_one_says_nothing_of_larger_ones():
    """It broadcasts; what a model was exported for need not be a half of what was asked for."""
    model = model_of([node("Add", ["x", "table"], ["y"])], ("tokens", 8),
                     [("table", np.ones((24, 8), np.float32))])  # fmt: skip
    assert tw.compile(model, dims={"tokens": 24}) and tw.compile(model, dims={"tokens": 1})
    with pytest.raises(tw.InvalidModel) as caught:
        tw.compile(model, dims={"tokens": 100})
    assert "[100, 8] and [24, 8]" in str(caught.value) and "largest" not in str(caught.value)


def test_open_dimensions_are_listed():
    nodes = [node("Relu", ["x"], ["y"])]
    report = tw.inspect(model_of(nodes, ("batch", "tokens", 8)))
    assert report["supported"] is None and report["open_dimensions"] == ["batch", "tokens"]
    assert report["inputs"][0]["shape"] == ["batch", "tokens", 8]
    assert "'batch': N, 'tokens': N" in repr(report) and "batch" in report._repr_html_()
    assert [axis["axis"] for axis in report["open_axes"]] == [0, 1]


def test_axes_without_a_name_are_listed():
    model = model_of([node("Relu", ["x"], ["y"])], (None, 8))
    report = tw.inspect(model)
    assert report["open_axes"] == [{"input": "x", "axis": 0, "name": None}]
    assert "shapes={'x': (N, …)}" in repr(report)
    with pytest.raises(tw.InvalidArgument, match=r"--shape x=1x128.*shapes=\{'x': "):
        tw.compile(model)
    assert tw.inspect(model, shapes={"x": (2, 8)})["supported"]


def test_launch_steps_run_on_the_host():
    nodes = [node("Relu", ["x"], ["r"]), node("Cast", ["r"], ["y"], to=TensorProto.INT64)]
    model = model_of(nodes, (4, 8))
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    report = tw.inspect(model)
    assert [n["runs_on"] for n in report["nodes"]] == ["npu", "host"]
