# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the host knows without the chip is returned to the bit, in its own type;
indices mean what ONNX says, and names of a model never change values."""

import subprocess

import numpy as np
import pytest
import tilework as tw
from on_chip import TILEWORK, build, ints, normal, reference, target_named, worst
from onnx import TensorProto, helper

ENGINES = ("functional", "systemc")
IDS = np.array([[3, 0, 10, 7, 1, 5]], np.int64)
RAW = np.random.default_rng(3).normal(size=(5, 6)).astype(np.float32)  # not bf16 numbers


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs.split(), [output], f"{op}_{output}", **attributes)


def model_of(nodes, feeds, weights=None, outputs=("y",), types=()):
    model = build(nodes, feeds, weights, outputs=outputs)
    for value, kind in zip(model.graph.output, types):
        value.type.tensor_type.elem_type = kind
    return model


CHIP = node("Relu", "x", "z")

HOST = {
    "calculated_ids": ([node("Add", "ids five", "y")], TensorProto.INT64),
    "compared_ids": ([node("Greater", "ids five", "y")], TensorProto.BOOL),
    "summed_mask": ([node("ReduceSum", "ids one", "y", keepdims=1)], TensorProto.INT64),
    "ids_as_float": ([node("Cast", "ids", "y", to=TensorProto.FLOAT)], TensorProto.FLOAT),
    "ids_as_int32": ([node("Cast", "ids", "y", to=TensorProto.INT32)], TensorProto.INT32),
    "ids_passed": ([node("Identity", "ids", "y")], TensorProto.INT64),
    "flags_passed": ([node("Identity", "flags", "y")], TensorProto.BOOL),
    "floats_passed": ([node("Identity", "x", "y")], TensorProto.FLOAT),
    "constant": ([node("Identity", "raw", "y")], TensorProto.FLOAT),
    "row_of_a_vector": ([node("Gather", "vector ids", "y")], TensorProto.FLOAT),
}


@pytest.mark.parametrize("name", HOST)
@pytest.mark.parametrize("alone", [False, True], ids=["beside_the_chip", "alone"])
@pytest.mark.parametrize("target", ["nano", "odd"])
def test_host_output_is_exact(name, alone, target):
    nodes, kind = HOST[name]
    feeds = {"ids": IDS, "flags": IDS > 4, "x": RAW}
    weights = {
        "five": np.int64(5),
        "one": np.array([1], np.int64),
        "raw": RAW + np.float32(1e-3),
        "vector": np.random.default_rng(1).normal(size=11).astype(np.float32),
    }
    outputs, kinds = (("y",), (kind,)) if alone else (("y", "z"), (kind, TensorProto.FLOAT))
    model = model_of(nodes + ([] if alone else [CHIP]), feeds, weights, outputs, kinds)
    wanted = reference(model, feeds)
    executable = tw.compile(model, target=target_named(target))
    for engine in ENGINES:
        got = executable(**feeds, engine=engine)
        assert got["y"].dtype == wanted["y"].dtype
        np.testing.assert_array_equal(got["y"], wanted["y"])
        if not alone:
            assert worst(got["z"], wanted["z"], 2.0**-7, 1e-6) <= 1


GATHER = [node("Gather", "table ids", "y")]


def gather_case(ids):
    return {"ids": np.array(ids, np.int64)}, {"table": normal(11, 8)}


def test_negative_indices_count_from_the_end():
    feeds, weights = gather_case([[-1, 0, -11, 10]])
    model = build(GATHER, feeds, weights)
    got = tw.compile(model)(**feeds)["y"]
    np.testing.assert_array_equal(got, reference(model, feeds)["y"])


@pytest.mark.parametrize("op", ("Div", "Mod"))
def test_an_integer_divisor_of_zero_is_an_error_that_names_its_input(op):
    feeds = {"a": np.array([7, -7, 5]), "b": np.array([2, 0, 3])}
    executable = tw.compile(build([helper.make_node(op, ["a", "b"], ["y"])], feeds))
    wanted = "integer division by zero: element 1 of the divisor, which comes from input 'b', is 0"
    with pytest.raises(tw.InvalidArgument, match=wanted):
        executable(**feeds)
    feeds["b"][1] = 2
    executable(**feeds)


@pytest.mark.parametrize("wrong", [11, -12, 2**40])
def test_index_out_of_range_is_an_error(wrong, tmp_path):
    feeds, weights = gather_case([[0, wrong, 2]])
    executable = tw.compile(build(GATHER, feeds, weights))
    wanted = f"index {wrong} at element 1 .* input 'ids' is out of range.* -11 to 10"
    with pytest.raises(tw.InvalidArgument, match=wanted):
        executable(**feeds)
    executable.save(tmp_path / "m.tw")
    np.save(tmp_path / "ids.npy", feeds["ids"])
    command = [TILEWORK, "run", tmp_path / "m.tw", "--input", f"ids=@{tmp_path}/ids.npy"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "input 'ids' is out of range" in done.stderr
    # The program is as good as before.
    executable(ids=np.array([[0, 1, 2]], np.int64))


@pytest.mark.parametrize("names", [("y.bf16", "y"), ("step", "constant"), ("weights", "scratch")])
def test_names_of_the_model_change_no_values(names):
    given, made = names
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["rows"], "gather"),
        helper.make_node("Mul", ["rows", given], [made], "mul"),
        helper.make_node("Relu", [made], ["step.1"], "relu"),
    ]
    feeds = {given: normal(3, 8, seed=1), "ids": ints(11, 3)}
    model = build(nodes, feeds, {"table": normal(11, 8)}, outputs=(made, "step.1"))
    wanted = reference(model, feeds)
    got = tw.compile(model)(**feeds)
    for name, value in wanted.items():
        assert worst(got[name], value, 2.0**-7, 1e-6) <= 1


@pytest.mark.parametrize("value", (np.nan, np.inf, -np.inf, 3e38))
def test_a_constant_of_a_step_keeps_what_json_cannot_say(value):
    keep = np.array([[1, 0, 1]])
    nodes = [
        helper.make_node("Cast", ["keep"], ["b"], to=TensorProto.BOOL),
        helper.make_node("Where", ["b", "k", "zero"], ["y"]),
    ]
    weights = {"k": np.array([[value, 1, 2]], np.float32), "zero": np.float32(0)}
    model = build(nodes, {"keep": keep}, weights)
    wanted = np.where(keep, weights["k"], 0)
    np.testing.assert_array_equal(tw.compile(model)(keep=keep)["y"], wanted)


@pytest.mark.parametrize("count", (1, 300))
def test_integers_of_a_step_are_exact(count):
    large = np.array([[2**24 + 1, 2**31 - 1, -(2**40) - 3] * count])
    nodes = [
        helper.make_node("Sub", ["i", "k"], ["d"]),
        helper.make_node("Cast", ["d"], ["y"], to=TensorProto.FLOAT),
    ]
    model = build(nodes, {"i": large}, {"k": large})
    np.testing.assert_array_equal(tw.compile(model)(i=large + 1)["y"], np.ones_like(large))
