# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every element type through every surface: as input, output, constant and cast,
drawn, given as an array and as a list, and read from and written to files."""

import json
import subprocess

import ml_dtypes
import numpy as np
import pytest
import tilework as tw
from on_chip import TILEWORK, normal, to_bf16
from onnx import TensorProto, helper, numpy_helper

FLOATS = {
    TensorProto.FLOAT: np.float32,
    TensorProto.FLOAT16: np.float16,
    TensorProto.DOUBLE: np.float64,
    TensorProto.BFLOAT16: ml_dtypes.bfloat16,
}
INTEGERS = {
    TensorProto.INT2: ml_dtypes.int2,
    TensorProto.UINT2: ml_dtypes.uint2,
    TensorProto.INT4: ml_dtypes.int4,
    TensorProto.UINT4: ml_dtypes.uint4,
    TensorProto.INT8: np.int8,
    TensorProto.UINT8: np.uint8,
    TensorProto.INT16: np.int16,
    TensorProto.UINT16: np.uint16,
    TensorProto.INT32: np.int32,
    TensorProto.UINT32: np.uint32,
    TensorProto.INT64: np.int64,
    TensorProto.UINT64: np.uint64,
    TensorProto.BOOL: np.bool_,
}
TYPES = {**FLOATS, **INTEGERS}
# Types that NumPy lacks, and what holds their values in its place.
CARRIERS = {
    ml_dtypes.bfloat16: np.float32,
    ml_dtypes.int2: np.int8,
    ml_dtypes.uint2: np.uint8,
    ml_dtypes.int4: np.int8,
    ml_dtypes.uint4: np.uint8,
}
NAMED = (
    TensorProto.FLOAT8E4M3FN,
    TensorProto.FLOAT8E5M2,
    TensorProto.FLOAT4E2M1,
    TensorProto.COMPLEX64,
)
SHAPE = (4, 24)

each_type = pytest.mark.parametrize("element", TYPES, ids=TensorProto.DataType.Name)


def made(nodes, inputs, outputs, constants=()):
    """A model of these nodes; inputs and outputs are {name: element type}."""

    def infos(types):
        return [helper.make_tensor_value_info(name, t, SHAPE) for name, t in types.items()]

    graph = helper.make_graph(nodes, "case", infos(inputs), infos(outputs), list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)])
    model.ir_version = 13
    return model


def cast(source, result, to):
    return helper.make_node("Cast", [source], [result], to=to)


def carried(array):
    """An array without the types that NumPy lacks."""
    return array.astype(CARRIERS.get(array.dtype.type, array.dtype))


def extremes(kind):
    """The least and the largest value of a type of integers, exactly."""
    if kind is np.bool_:
        return 0, 1
    info = ml_dtypes.iinfo(kind)
    return int(info.min), int(info.max)


def values(kind, seed=0):
    """Values over the whole range of the type, its ends among them."""
    if kind in FLOATS.values():
        return to_bf16(normal(*SHAPE)).astype(kind)
    low, high = extremes(kind)
    random = np.random.default_rng(seed)
    drawn = random.integers(low, high, SHAPE, dtype=np.uint64 if high >= 2**63 else np.int64)
    x = drawn.astype(np.bool_ if kind is np.bool_ else kind)
    x.flat[0], x.flat[1] = low, high
    return x


@each_type
def test_a_type_goes_in_and_out_unchanged(element):
    kind = TYPES[element]
    x = values(kind)
    exe = tw.compile(
        made([helper.make_node("Identity", ["x"], ["y"])], {"x": element}, {"y": element})
    )
    got = exe(x=x)["y"]
    assert got.dtype == CARRIERS.get(kind, kind)
    np.testing.assert_array_equal(got, carried(x))
    # As lists, and as what carries the type.
    np.testing.assert_array_equal(exe(x=carried(x).tolist())["y"], carried(x))
    np.testing.assert_array_equal(exe(x=carried(x))["y"], carried(x))


@each_type
def test_a_type_becomes_numbers_of_the_chip(element):
    x = values(TYPES[element])
    nodes = [cast("x", "f", TensorProto.FLOAT), helper.make_node("Relu", ["f"], ["y"])]
    exe = tw.compile(made(nodes, {"x": element}, {"y": TensorProto.FLOAT}))
    for given in (x, exe.draw_inputs(seed=1)["x"]):
        wanted = np.maximum(given.astype(np.float32), 0)
        np.testing.assert_allclose(exe(x=given)["y"], wanted, rtol=2**-8)
    assert exe.simulate(seed=1).cycles > 0


@each_type
def test_a_type_is_read_from_and_written_to_files(element, tmp_path):
    kind = TYPES[element]
    x = values(kind)
    program, given, taken = tmp_path / "m.tw", tmp_path / "x.npy", tmp_path / "y.npy"
    tw.compile(
        made([helper.make_node("Identity", ["x"], ["y"])], {"x": element}, {"y": element})
    ).save(program)

    def run(file, output, *more):
        command = [TILEWORK, "run", program, "--input", f"x=@{file}", "--output", f"y=@{output}"]
        return subprocess.run([*command, *more], capture_output=True, text=True)

    # NumPy writes extensions of its own as bytes without a type: bfloat16 alone
    # has two of them.
    np.save(given, x if kind is ml_dtypes.bfloat16 else carried(x))
    done = run(given, taken, "--expect", f"y=@{given}", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outputs"]["y"]["shape"] == list(SHAPE)
    written = np.load(taken)
    if kind is ml_dtypes.bfloat16:
        written = written.view(kind)
    np.testing.assert_array_equal(carried(written), carried(x))
    assert run(taken, tmp_path / "again.npy").returncode == 0


@each_type
def test_a_constant_of_a_type_is_read(element):
    kind = TYPES[element]
    x, weight = values(np.float32), values(kind, seed=1)
    for small in (False, True):  # folded by value, and left in the file
        w = weight[:, :2] if small else weight
        constant = numpy_helper.from_array(np.ascontiguousarray(w), "w")
        if kind is ml_dtypes.bfloat16:
            constant = helper.make_tensor("w", element, w.shape, w.tobytes(), raw=True)
        nodes = [cast("w", "f", TensorProto.FLOAT)]
        nodes += [helper.make_node("ReduceMax", ["f"], ["m"], keepdims=1)]
        nodes += [helper.make_node("Mul", ["x", "m"], ["y"])]
        exe = tw.compile(
            made(nodes, {"x": TensorProto.FLOAT}, {"y": TensorProto.FLOAT}, [constant])
        )
        factor = to_bf16(np.float32(w.astype(np.float32).max()))
        np.testing.assert_allclose(exe(x=x)["y"], to_bf16(x) * factor, rtol=2**-7, atol=1e-6)


@pytest.mark.parametrize("to", INTEGERS, ids=TensorProto.DataType.Name)
@pytest.mark.parametrize("element", INTEGERS, ids=TensorProto.DataType.Name)
def test_integers_wrap_where_a_cast_makes_them_narrower(element, to):
    x = values(INTEGERS[element])
    exe = tw.compile(made([cast("x", "y", to)], {"x": element}, {"y": to}))
    wide = np.array([int(v) for v in x.flat], object)
    low, high = extremes(INTEGERS[to])
    if INTEGERS[to] is np.bool_:
        wanted = wide != 0
    else:
        wanted = (wide - low) % (high - low + 1) + low
    got = [int(v) for v in exe(x=x)["y"].flat]
    assert got == [int(v) for v in wanted]


@pytest.mark.parametrize("element", (TensorProto.UINT64, TensorProto.INT64, TensorProto.UINT8))
@pytest.mark.parametrize("op", ("Add", "Sub", "Mul", "Div", "Mod", "Max", "Min"))
def test_integers_are_computed_in_their_own_type(op, element):
    kind = INTEGERS[element]
    x, y = values(kind, seed=2), values(kind, seed=3)
    y = np.where(y == 0, kind(1), y)
    exe = tw.compile(
        made(
            [helper.make_node(op, ["x", "y"], ["z"])], {"x": element, "y": element}, {"z": element}
        )
    )
    a, b = (np.array([int(v) for v in part.flat], object) for part in (x, y))
    quotient = [abs(p) // abs(q) * (1 if (p < 0) == (q < 0) else -1) for p, q in zip(a, b)]
    exact = {
        "Add": a + b,
        "Sub": a - b,
        "Mul": a * b,
        "Div": np.array(quotient, object),
        "Mod": a % b,
        "Max": np.maximum(a, b),
        "Min": np.minimum(a, b),
    }[op]
    low, high = extremes(kind)
    assert [int(v) for v in exe(x=x, y=y)["z"].flat] == [
        int((v - low) % (high - low + 1) + low) for v in exact
    ]


@pytest.mark.parametrize("op", ("Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"))
def test_the_largest_uint64_is_no_negative_number(op):
    x, y = values(np.uint64, seed=4), values(np.uint64, seed=5)
    x.flat[2], y.flat[2] = 2**64 - 1, 1
    types = {"x": TensorProto.UINT64, "y": TensorProto.UINT64}
    exe = tw.compile(
        made([helper.make_node(op, ["x", "y"], ["z"])], types, {"z": TensorProto.BOOL})
    )
    compare = {
        "Less": np.less,
        "LessOrEqual": np.less_equal,
        "Greater": np.greater,
        "GreaterOrEqual": np.greater_equal,
        "Equal": np.equal,
    }[op]
    np.testing.assert_array_equal(exe(x=x, y=y)["z"], compare(x, y))


@pytest.mark.parametrize("kind", (np.float32, np.float16, np.float64))
def test_a_bfloat16_input_takes_the_floats_that_numpy_has(kind):
    x = np.random.default_rng(3).normal(0, 1, SHAPE).astype(kind)
    nodes = [helper.make_node("Relu", ["x"], ["r"]), cast("r", "y", TensorProto.FLOAT)]
    exe = tw.compile(made(nodes, {"x": TensorProto.BFLOAT16}, {"y": TensorProto.FLOAT}))
    np.testing.assert_array_equal(exe(x=x)["y"], np.maximum(to_bf16(x.astype(np.float32)), 0))
    with pytest.raises(tw.InvalidArgument, match=r"is given as int64\[4, 24\]"):
        exe(x=np.zeros(SHAPE, np.int64))


def test_an_integer_that_does_not_fit_its_input_is_named():
    model = made(
        [helper.make_node("Identity", ["x"], ["y"])],
        {"x": TensorProto.INT4},
        {"y": TensorProto.INT4},
    )
    x = np.zeros(SHAPE, np.int8)
    x[1, 2] = 9
    with pytest.raises(
        tw.InvalidArgument, match="input 'x' has 9 at element 26, and int4 takes -8 to 7"
    ):
        tw.compile(model)(x=x)


@pytest.mark.parametrize("element", NAMED, ids=TensorProto.DataType.Name)
def test_a_type_without_tensors_is_refused_by_its_name(element):
    name = TensorProto.DataType.Name(element).lower()
    identity = helper.make_node("Identity", ["x"], ["y"])
    with pytest.raises(tw.UnsupportedModel, match=rf"'x' .*{name}"):
        tw.compile(made([identity], {"x": element}, {"y": element}))
    with pytest.raises(tw.UnsupportedModel, match=name):
        tw.compile(made([cast("x", "y", element)], {"x": TensorProto.FLOAT}, {"y": element}))
