# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators without a lowering are imported through the bodies that ONNX gives them."""

import importlib.util
import pathlib

import numpy as np
import pytest
import tilework as tw
from on_chip import Case, check, normal, reference, uniform, worst
from onnx import TensorProto, defs, helper

SOURCE = pathlib.Path(__file__).parents[2] / "compiler" / "import" / "function_bodies.py"
_spec = importlib.util.spec_from_file_location("function_bodies", SOURCE)
function_bodies = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(function_bodies)

BODIES = function_bodies.bodies()


def test_the_table_is_what_onnx_says():
    stored = function_bodies.TABLE.read_text()
    assert stored == function_bodies.table(), f"store it anew with {function_bodies.UPDATE}"


@pytest.mark.parametrize("op, since", [entry[:2] for entry in BODIES])
def test_every_body_is_imported(op, since):
    """The node is known, and nothing in its body is invalid."""
    schema = defs.get_schema(op, since)
    attributes = {n: 1 for n, a in schema.attributes.items() if a.required}
    weights = {"size": np.int64([2, 1, 2, 3]), "one": np.float32(1)}
    names = {"AffineGrid": ["x3", "size"], "Range": ["one", "one", "one"]}.get(op)
    names = names or ["n"] * (op in ("BlackmanWindow", "HammingWindow", "HannWindow"))
    names = names or ["x"] * schema.min_input
    shapes = {"x": (1, 2, 2, 3), "x3": (2, 2, 3), "n": ()}
    graph = helper.make_graph(
        [helper.make_node(op, names, ["y"], "node", **attributes)],
        "case",
        [
            helper.make_tensor_value_info(
                n, TensorProto.INT64 if n == "n" else TensorProto.FLOAT, shapes[n]
            )
            for n in dict.fromkeys(names)
            if n in shapes
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [
            helper.make_tensor(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape, v.ravel())
            for n, v in weights.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", max(since, 7))])
    try:
        tw.compile(model)
    except tw.UnsupportedModel as error:
        refused = {n["name"]: n["reason"] for n in error.nodes if n.get("reason")}
        assert refused and refused.get("node") != "no lowering for this op", error


def node(op, inputs, **attributes):
    return [helper.make_node(op, inputs.split(), ["y"], "node", **attributes)]


X = {"x": uniform(-3, 3, 6, 40)}
SOFT = 2.0**-6  # a few values are stored on the way


@pytest.mark.parametrize("target", ["nano", "odd"])
@pytest.mark.parametrize(
    "case",
    [
        Case("hard sigmoid", node("HardSigmoid", "x", alpha=0.25, beta=0.375), X, relative=SOFT),
        Case("its defaults", node("HardSigmoid", "x"), X, relative=SOFT),
        Case("hard swish", node("HardSwish", "x"), X, relative=SOFT, absolute=2**-9),
        Case("mish", node("Mish", "x"), X, relative=SOFT, absolute=2**-8),
        Case("softsign", node("Softsign", "x"), X, relative=SOFT),
        Case("reduce l1", node("ReduceL1", "x axes"), X, {"axes": np.int64([1])}, relative=SOFT),
        Case("every axis", node("ReduceL1", "x", keepdims=0), X, relative=SOFT),
        Case(
            "log of a sum",
            node("ReduceLogSumExp", "x axes", keepdims=0),
            {"x": normal(3, 5, 16)},
            {"axes": np.int64([-1])},
            relative=SOFT,
            absolute=2**-8,
        ),
        Case(
            "mean and variance",
            node("MeanVarianceNormalization", "x", axes=[0, 2, 3]),
            {"x": normal(2, 3, 4, 5)},
            relative=SOFT,
            absolute=2**-6,
        ),
    ],
    ids=lambda case: case.name,
)
def test_a_body_computes_what_onnx_runtime_does(case, target):
    check(case, target)


@pytest.mark.parametrize("domain, op", [("", "Relu"), ("", "Mish"), ("com.microsoft", "Gelu")])
def test_a_function_of_the_model_does_not_change_a_known_operator(domain, op):
    """As in ONNX Runtime: it serves only where nothing else knows the name."""
    x = normal(7, 37)
    case = Case(op, [helper.make_node(op, ["x"], ["y"], domain=domain)], {"x": x}, relative=2**-7)
    wanted = reference(case.model, case.feeds)["y"]
    model = case.model
    negation = [helper.make_node("Neg", ["a"], ["b"])]
    opsets = [helper.make_opsetid("", 20)]
    model.functions.append(helper.make_function(domain, op, ["a"], ["b"], negation, opsets))
    got = tw.compile(model, target="nano")(x=x)["y"]
    assert worst(got, wanted, case.relative, case.absolute) <= 1
