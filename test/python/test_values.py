# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calling an executable: what comes out, and what is said when inputs do not fit."""

import concurrent.futures
import copy
import multiprocessing
import pickle
import sys

import conftest
import numpy as np
import onnx
import pytest
import tilework as tw
from onnx import TensorProto, helper


def reference(x):
    return x.astype(np.float64) @ conftest.weights()


def test_outputs_are_those_of_the_model(executable, x):
    y = executable(x=x)["y"]
    assert y.dtype == np.float32 and y.shape == (5, conftest.COLUMNS)
    assert np.abs(y - reference(x)).max() < 0.03


def test_arrays_that_are_not_dense_are_read_right(executable, x):
    wide = np.repeat(x, 2, axis=1)
    assert np.array_equal(executable(x=wide[:, ::2])["y"], executable(x=x)["y"])
    assert np.array_equal(executable(x=np.asfortranarray(x))["y"], executable(x=x)["y"])


def test_dense_inputs_are_read_in_place(executable, x, monkeypatch):
    def refuse(array):
        raise AssertionError("copied")

    monkeypatch.setattr(np, "ascontiguousarray", refuse)
    executable(x=x)
    with pytest.raises(AssertionError, match="copied"):
        executable(x=x[:, ::-1])


def test_an_input_is_held_during_a_call_and_let_go_after_it(executable, x):
    before = sys.getrefcount(x)
    result = executable.simulate({"x": x})
    assert sys.getrefcount(x) == before
    assert np.array_equal(result.outputs["y"], executable(x=x)["y"])


def test_outputs_are_views_of_what_the_engine_made(executable, x):
    result = executable.simulate({"x": x})
    first, second = (result._native.outputs(False)["y"] for _ in range(2))
    assert np.shares_memory(first, second) and np.shares_memory(result.outputs["y"], first)
    assert not first.flags.owndata and not first.flags.writeable


def test_lists_take_the_type_of_the_input(executable, x):
    assert np.array_equal(executable(x=x.tolist())["y"], executable(x=x)["y"])


def test_lists_of_what_is_not_whole_are_no_integers():
    node = helper.make_node("Gather", ["table", "ids"], ["y"])
    table = onnx.numpy_helper.from_array(np.eye(4, dtype=np.float32), "table")
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 4])
    graph = helper.make_graph([node], "rows", [ids], [y], [table])
    executable = tw.compile(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]))
    assert np.array_equal(executable(ids=[1, 3])["y"], np.eye(4)[[1, 3]])
    for wrong, words in (([1.7, 2.9], "not whole"), ([2**70, 1], "too large")):
        with pytest.raises(tw.WrongType, match=words):
            executable(ids=wrong)


def test_outputs_outlive_everything_else(matmul_model, x):
    y = tw.compile(matmul_model, dims={"n": 5})(x=x.copy())["y"]
    y += 1
    assert np.abs(y - 1 - reference(x)).max() < 0.03


@pytest.mark.parametrize("form", ["bytes", "path", "proto"])
def test_a_model_comes_in_three_forms(matmul_model, executable, x, tmp_path, form):
    path = tmp_path / "m.onnx"
    path.write_bytes(matmul_model.SerializeToString())
    model = {"bytes": path.read_bytes(), "path": path, "proto": matmul_model}[form]
    again = tw.compile(model, shapes={"x": (5, conftest.INNER)})
    assert np.array_equal(again(x=x)["y"], executable(x=x)["y"])


def test_a_saved_program_gives_the_same_bytes(executable, x, tmp_path):
    executable.save(tmp_path / "m.tw")
    loaded = tw.load(tmp_path / "m.tw")
    assert np.array_equal(loaded(x=x)["y"], executable(x=x)["y"])
    assert tw.inspect(tmp_path / "m.tw")["instructions"] == loaded.inspect()["instructions"]


def test_a_missing_input_is_named_with_type_and_shape(executable):
    with pytest.raises(tw.InvalidArgument, match=r"'x' float32\[5, 40\] is missing"):
        executable()


def test_a_wrong_shape_is_named(executable, x):
    with pytest.raises(tw.InvalidArgument, match=r"is given as float32\[4, 40\]"):
        executable(x=x[:4])


def test_a_wrong_type_is_named(executable, x):
    with pytest.raises(tw.InvalidArgument, match=r"is given as float64\[5, 40\]"):
        executable(x=x.astype(np.float64))


def test_a_type_that_no_model_takes_is_named(executable, x):
    with pytest.raises(tw.InvalidArgument, match="complex64"):
        executable(x=x.astype(np.complex64))


def test_the_one_input_of_a_model_needs_no_name(executable, x):
    assert np.array_equal(executable(x)["y"], executable(x=x)["y"])
    assert np.array_equal(executable(x.tolist(), engine="systemc")["y"], executable(x=x)["y"])
    for call in (
        lambda: executable(x, x),
        lambda: executable(x, x=x),
        lambda: executable({"x": x}, x),
    ):
        with pytest.raises(tw.WrongType, match=r"by name: exe\(x=…\), or as one dictionary"):
            call()


def test_inputs_may_be_a_dictionary(executable, x):
    assert np.array_equal(executable({"x": x}, engine="systemc")["y"], executable(x=x)["y"])
    with pytest.raises(tw.InvalidArgument, match="'z' is no input"):
        executable({"x": x, "z": x})
    with pytest.raises(tw.WrongType, match="the name of an input"):
        executable({1: x})


def test_an_input_may_be_called_as_an_argument_is():
    def tensor(name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [4, 8])

    node = helper.make_node("Sub", ["engine", "self"], ["array"])
    graph = helper.make_graph([node], "g", [tensor("engine"), tensor("self")], [tensor("array")])
    opset = [helper.make_opsetid("", 17)]
    exe = tw.compile(helper.make_model(graph, opset_imports=opset, ir_version=8))
    ones = np.ones((4, 8), np.float32)
    assert (exe({"engine": 3 * ones, "self": ones}, engine="systemc")["array"] == 2).all()
    with pytest.raises(tw.WrongType, match=r"exe\(\{'engine': array"):
        exe(engine=ones, self=ones)


def test_several_inputs_are_told_apart_by_name():
    shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4, 8]) for name in "aby"]
    nodes = [helper.make_node("Sub", ["a", "b"], ["y"])]
    graph = helper.make_graph(nodes, "two", shape[:2], shape[2:])
    opset = [helper.make_opsetid("", 17)]
    two = tw.compile(helper.make_model(graph, opset_imports=opset, ir_version=8))
    array = np.ones((4, 8), np.float32)
    for arrays in ((array,), (array, array)):
        with pytest.raises(tw.WrongType, match=r"by name: exe\(a=…, b=…\), or as"):
            two(*arrays)
    assert not two(a=array, b=array)["y"].any()


def test_an_input_too_many_is_named(executable, x):
    with pytest.raises(tw.InvalidArgument, match="'z' is no input"):
        executable(x=x, z=x)


def test_an_unknown_engine_is_refused(executable, x):
    with pytest.raises(tw.InvalidArgument, match="functional"):
        executable(x=x, engine="quantum")


@pytest.mark.parametrize("twin", (copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))))
def test_an_executable_is_copied_and_pickled_by_value(executable, x, twin):
    other = twin(executable)
    assert other.target == executable.target and other.nodes == executable.nodes
    np.testing.assert_array_equal(other(x=x)["y"], executable(x=x)["y"])


def test_an_executable_goes_to_other_processes(executable, x):
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        y = pool.submit(executable.__call__, x=x).result()["y"]
    np.testing.assert_array_equal(y, executable(x=x)["y"])
