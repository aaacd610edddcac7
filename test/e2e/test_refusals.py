# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What has no plan is refused whole: every node, its reason, its share of the work;
text that no stage can take is an error of its writer."""

import subprocess

import numpy as np
import pytest
import tilework as tw
from on_chip import TILEWORK, build, ints, normal, reference
from onnx import TensorProto, helper


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs.split(), output.split(), f"{op}_{output}", **attributes)


X = {"x": normal(4, 8)}


def refusal(model):
    with pytest.raises(tw.UnsupportedModel) as caught:
        tw.compile(model)
    return {n["name"]: n["reason"] for n in caught.value.nodes if n.get("reason")}, caught.value


def test_every_refused_node_is_named():
    nodes = [
        node("LRN", "x", "a", size=3),
        node("Relu", "a", "b"),
        node("ReduceProd", "b", "c", axes=[0]),
        node("Add", "b c", "d"),
        node("MatMul", "d w", "e"),
        node("ReverseSequence", "e lengths", "y"),
    ]
    weights = {"w": normal(8, 8), "lengths": ints(4, 8)}
    reasons, error = refusal(build(nodes, X, weights, opset=17))
    assert set(reasons) == {"LRN_a", "ReduceProd_c", "ReverseSequence_y"}
    assert all(reasons.values())
    assert 0 < error.unsupported_share < 1
    for name in reasons:
        assert name in str(error)


def test_integers_of_computed_values_are_refused_by_name():
    nodes = [
        node("Cast", "x", "i", to=TensorProto.INT32),
        node("Cast", "i", "f", to=1),
        node("Softmax", "f", "y"),
    ]
    reasons, _ = refusal(build(nodes, X))
    assert "Cast_i" in reasons


@pytest.mark.parametrize("made", [False, True])
@pytest.mark.parametrize("joined", [False, True])
def test_integers_that_a_computed_condition_chooses_are_refused_by_name(joined, made):
    """Whether the host makes them or not, and whether a group of the chip makes the condition."""
    nodes = [
        node("Greater", "x zero", "c"),
        node("Not" if joined else "Identity", "c", "d"),
        node("Abs" if made else "Identity", "ids", "i"),
        node("Where", "d i other", "w"),
        node("Cast", "w", "f", to=1),
        node("Add", "x f", "y"),
    ]
    feeds = {**X, "ids": ints(9, 4, 8), "other": ints(9, 4, 8, seed=1)}
    reasons, _ = refusal(build(nodes, feeds, {"zero": np.float32(0)}))
    assert "Where_w" in reasons


@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd"])
def test_integers_are_reduced_over_several_axes(op):
    nodes = [
        node(op, "ids", "s", keepdims=0),
        node("Cast", "s", "f", to=1),
        node("Mul", "x f", "y"),
    ]
    feeds = {**X, "ids": ints(3, 4, 8)}
    model = build(nodes, feeds)
    wanted = reference(model, feeds)["y"]
    np.testing.assert_allclose(tw.compile(model)(**feeds)["y"], wanted, rtol=2.0**-7)


@pytest.mark.parametrize("split", [[3, 4], [4, 5], [9, -1]])
def test_split_sizes_must_add_up(split):
    nodes = [node("Split", "x sizes", "y z", axis=1)]
    model = build(nodes, X, {"sizes": np.array(split)}, outputs=("y", "z"))
    with pytest.raises(tw.InvalidModel, match="Split"):
        tw.compile(model)


@pytest.mark.parametrize(
    ("op", "attributes", "words"),
    [
        ("LeakyRelu", {"alpha": 2}, "'alpha' is an integer, not a float"),
        ("Softmax", {"axis": 0.0}, "'axis' is a float, not an integer"),
        ("Softmax", {"axis": "1"}, "'axis' is a text, not an integer"),
        ("Transpose", {"perm": 1}, "'perm' is an integer, not a list of integers"),
        ("Gelu", {"approximate": 1}, "'approximate' is an integer, not a text"),
    ],
)
def test_attributes_of_another_kind_are_named(op, attributes, words):
    with pytest.raises(tw.InvalidModel, match=words):
        tw.compile(build([node(op, "x", "y", **attributes)], X))


def test_empty_k_of_trilu_is_invalid():
    model = build([node("Trilu", "x k", "y")], X, {"k": np.zeros(0, np.int64)})
    with pytest.raises(tw.InvalidModel, match="k is not one integer"):
        tw.compile(model)


TEXT = {
    "names": (
        "module attributes {graph.files = [1 : i32]} { func.func @main(%a: tensor<2xf32>) "
        "-> tensor<2xf32> { return %a : tensor<2xf32> } }",
        "holds no names",
    ),
    "scalar": (
        "func.func @main(%a: f32) -> f32 { return %a : f32 }",
        "argument 0 of 'main' is f32",
    ),
    "empty": (
        "func.func @main(%a: tensor<0x3xf32>) -> tensor<0x3xf32> { return %a : tensor<0x3xf32> }",
        "at least 1",
    ),
    "dynamic": (
        "func.func @main(%a: tensor<?x3xf32>) -> tensor<?x3xf32> { return %a : tensor<?x3xf32> }",
        "every size known",
    ),
    "external": ("func.func private @main(tensor<3xf32>) -> tensor<3xf32>", "a body"),
    "call": (
        "func.func @f(%a: tensor<3xf32>) -> tensor<3xf32> { return %a : tensor<3xf32> }\n"
        "func.func @main(%a: tensor<3xf32>) -> tensor<3xf32> {\n"
        "  %0 = func.call @f(%a) : (tensor<3xf32>) -> tensor<3xf32>\n"
        "  return %0 : tensor<3xf32> }",
        "no op of the graph dialect",
    ),
    "same_names": (
        'func.func @main(%a: tensor<3xf32> {graph.name = "x"}, %b: tensor<3xf32> '
        '{graph.name = "x"}) -> tensor<3xf32> { return %a : tensor<3xf32> }',
        "two arguments",
    ),
    "file": (
        'func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {\n  %w = graph.weight "w" '
        "#graph.expr<#graph.span<file = 7, offset = 0, bytes = 256, element = f32, "
        "shape = [8, 8]>, []> -> tensor<8x8xf32>\n"
        "  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>\n"
        "  return %0 : tensor<4x8xf32> }",
        "leaves its file",
    ),
}


@pytest.mark.parametrize("name", TEXT)
def test_text_that_no_stage_takes_is_invalid(name, tmp_path):
    text, wanted = TEXT[name]
    path = tmp_path / "a.mlir"
    path.write_text(text)
    command = [TILEWORK, "compile", path, "-o", tmp_path / "a.tw"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert wanted in done.stderr


def test_embedding_of_a_computed_table_by_constants(tmp_path):
    path = tmp_path / "a.mlir"
    path.write_text(
        "func.func @main(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {\n"
        "  %0 = graph.binary add %a, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>\n"
        "  %i = arith.constant dense<[-1, 0]> : tensor<2xi64>\n"
        "  %g = graph.embedding %0, %i : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>\n"
        "  return %g : tensor<2x3xf32> }"
    )
    x = normal(2, 3)
    got = tw.compile(path)(input0=x)["output0"]
    np.testing.assert_array_equal(got, 2 * x[[1, 0]])


@pytest.mark.parametrize("opset, refused", [(7, True), (11, True), (12, False)])
def test_a_mask_of_dropout_is_refused_where_it_has_no_value(opset, refused):
    model = build([node("Dropout", "x", "y m")], X, opset=opset, outputs=("y", "m"))
    if refused:
        reasons, _ = refusal(model)
        assert "before operator set 12" in reasons["Dropout_y m"]
    else:
        assert tw.compile(model)(**X)["m"].all()


def test_an_empty_list_of_axes_is_refused_where_it_has_two_readings():
    squeeze, none = [node("Squeeze", "x a", "y")], {"a": np.zeros(0, np.int64)}
    reasons, _ = refusal(build(squeeze, {"x": normal(1, 8)}, none, opset=13))
    assert "empty list of axes" in reasons["Squeeze_y"]
    np.testing.assert_array_equal(tw.compile(build(squeeze, X, none, opset=13))(**X)["y"], X["x"])


@pytest.mark.parametrize(
    "op, inputs, attributes, named",
    [
        ("Softmax", "x", {"foo": 3}, "'foo' (3)"),
        ("MatMul", "x w", {"transB": 1}, "'transB' (1)"),
        ("Gemm", "x w", {"activation": "Relu"}, "'activation' ('Relu')"),
        ("LayerNormalization", "x s", {"stash_type": 16}, "'stash_type' (16)"),
        ("Relu", "x", {"alpha": 0.5}, "'alpha' (0.5)"),
        ("Transpose", "x", {"order": [1, 0]}, "'order'"),
    ],
)
def test_an_attribute_that_nothing_reads_is_refused_by_name(op, inputs, attributes, named):
    weights = {"w": normal(8, 8), "s": normal(8)}
    model = build([node(op, inputs, "y", **attributes)], X, weights)
    reasons, _ = refusal(model)
    assert set(reasons) == {f"{op}_y"}
    assert f"its attribute {named}" in reasons[f"{op}_y"]


@pytest.mark.parametrize(
    "op, inputs, attributes",
    [
        ("Gemm", "x w", {"beta": 0.5}),  # scales a bias that is not there
        ("Cast", "x", {"to": TensorProto.FLOAT, "saturate": 0}),  # of types of 8 bits alone
        ("LayerNormalization", "x s", {"stash_type": 1}),
        ("ReduceSum", "x a", {"noop_with_empty_axes": 1}),
    ],
)
def test_an_attribute_that_changes_nothing_is_no_obstacle(op, inputs, attributes):
    weights = {"w": normal(8, 8), "s": normal(8), "a": np.array([1])}
    model = build([node(op, inputs, "y", **attributes)], X, weights)
    plain = build([node(op, inputs, "y", **{k: v for k, v in attributes.items() if k == "to"})],
                  X, weights)  # fmt: skip
    np.testing.assert_array_equal(tw.compile(model)(**X)["y"], tw.compile(plain)(**X)["y"])


@pytest.mark.parametrize(
    "opset, fits", [(6, False), (7, True), (26, True), (28, True), (99, False)]
)
def test_the_version_of_the_operator_set_refuses_ops_and_not_models(opset, fits):
    model = build([node("Add", "x x", "y")], X, opset=opset)
    if fits:
        np.testing.assert_array_equal(tw.compile(model)(**X)["y"], reference_of_twice(X["x"]))
        return
    reasons, _ = refusal(model)
    assert reasons["Add_y"].startswith(f"version {opset} of its operator set")


def reference_of_twice(x):
    """2x is a bf16 number where x is one."""
    return x + x


def test_a_refusal_names_what_no_tile_fits():
    changes = {
        "systolic_array.rows": 128,
        "accumulator.banks": 4,
        "accumulator.size_bytes": 256,
        "scratchpad.banks": 16,
        "scratchpad.size_bytes": 16 * 256 * 4096,
    }
    model = build([node("MatMul", "x w", "y")], {"x": normal(20, 48)}, {"w": normal(48, 100)})
    with pytest.raises(tw.UnsupportedModel) as caught:
        tw.compile(model, target=tw.Target("edge", changes))
    assert "needs 8 accumulator rows, the target has 4" in str(caught.value)


def test_a_node_needs_a_version_of_its_operator_set():
    """A model of another domain's nodes alone names no default set, and is valid."""
    model = build([node("Binarizer", "x", "y", domain="ai.onnx.ml")], X)
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    reasons, _ = refusal(model)
    assert set(reasons) == {"Binarizer_y"}
    model.graph.node.append(node("Relu", "x", "z"))
    with pytest.raises(tw.InvalidModel, match="'Relu_z' is of the default operator set"):
        tw.compile(model)


@pytest.mark.parametrize(
    ("high", "low", "more", "named"),
    [
        (1001, 1003, [node("Cast", "i", "y", to=TensorProto.FLOAT)], "Where_i"),
        (256, 257, [node("Equal", "i high", "y")], "Where_i"),
        (7, -7, [node("Div", "i high", "y")], "Div_y"),
        (5, 3, [node("Sub", "i high", "y")], "Sub_y"),
        (7, 3, [node("ReduceSum", "i", "y")], "ReduceSum_y"),
    ],
)
def test_integers_that_are_no_floats_of_the_chip_are_refused(high, low, more, named):
    """What a computed condition chooses is held as bf16, which ends at 256 and never wraps."""
    choice = [node("Greater", "x zero", "c"), node("Where", "c high low", "i")]
    weights = {"zero": np.float32(0), "high": np.int64(high), "low": np.int64(low)}
    reasons, _ = refusal(build(choice + more, X, weights))
    assert "integer" in reasons[named]
