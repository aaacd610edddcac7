# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is supported does not depend on size: at a limit that saves time, one above
it and a hundred times it the answer is the same. What cannot be is refused by name."""

import numpy as np
import on_chip
import pytest
import tilework as tw
from on_chip import normal
from onnx import TensorProto, helper

node = helper.make_node


def around(limit):
    return pytest.mark.parametrize("size", (limit, limit + 1, 100 * limit))


def run(nodes, feeds, weights=None, target="edge", relative=2**-7):
    """The model's outputs are those of ONNX Runtime."""
    model = on_chip.build(nodes, feeds, weights)
    wanted = on_chip.reference(model, feeds)["y"]
    got = tw.compile(model, target=target)(**feeds)["y"]
    assert on_chip.worst(got, wanted, relative, relative) <= 1
    return got


@around(16)
def test_constants_of_floats_are_compared_to_the_last_bit(size):
    weight = np.random.default_rng(0).normal(0, 1, size).astype(np.float32)
    weight[::3] = np.nextafter(np.float32(0.1), np.float32(1))  # 0.1 as a bf16
    nodes = [
        node("Greater", ["w", "bound"], ["c"]),
        node("Where", ["c", "x", "zero"], ["y"]),
    ]
    run(
        nodes,
        {"x": normal(3, size)},
        {"w": weight, "bound": np.float32(0.1), "zero": np.float32(0)},
    )


@around(16)
def test_constants_that_are_nan_are_found(size):
    weight = normal(size)
    weight[::5] = np.nan
    nodes = [node("IsNaN", ["w"], ["c"]), node("Where", ["c", "x", "zero"], ["y"])]
    run(nodes, {"x": normal(3, size)}, {"w": weight, "zero": np.float32(0)})


@around(16)
@pytest.mark.parametrize("kind", (np.float32, np.int8, np.int16, np.int64))
def test_constants_become_indices(size, kind):
    places = np.random.default_rng(1).integers(0, 100, size).astype(kind)
    nodes = [
        node("Cast", ["w"], ["i"], to=TensorProto.INT64),
        node("Gather", ["x", "i"], ["y"], axis=0),
    ]
    run(nodes, {"x": normal(100, 8)}, {"w": places})


@around(16)
@pytest.mark.parametrize("kind", (np.int8, np.int32))
def test_integers_of_constants_are_computed_exactly(size, kind):
    weight = np.random.default_rng(2).integers(-100, 100, size).astype(kind)
    nodes = [
        node("Mul", ["w", "w"], ["square"]),
        node("Cast", ["square"], ["f"], to=TensorProto.FLOAT),
        node("Add", ["x", "f"], ["y"]),
    ]
    x = normal(3, size)
    got = tw.compile(on_chip.build(nodes, {"x": x}, {"w": weight}), target="edge")(x=x)["y"]
    square = (weight * weight).astype(np.float32)
    assert on_chip.worst(got, x + on_chip.to_bf16(square), 2**-7, 1e-6) <= 1


@around(16)
@pytest.mark.parametrize("kind", (np.int32, np.int64, np.uint64))
def test_constants_of_integers_are_views_to_the_last_bit(size, kind):
    info = np.iinfo(kind)
    weight = np.random.default_rng(5).integers(info.min, info.max, (1, size), kind)
    nodes = [
        node("Transpose", ["w"], ["t"]),
        node("Expand", ["t", "shape"], ["c"]),
        node("Add", ["c", "i"], ["y"]),
    ]
    weights = {"w": weight, "shape": np.array([2, size, 3])}
    feeds = {"i": np.array([1], kind)}
    model = on_chip.build(nodes, feeds, weights)
    model.graph.output[0].type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(
        np.dtype(kind)
    )
    wanted = np.broadcast_to(weight.T + feeds["i"], (2, size, 3))
    np.testing.assert_array_equal(tw.compile(model)(**feeds)["y"], wanted)


@around(16)
@pytest.mark.parametrize("op", ("ReduceProd", "ReduceMax", "CumSum", "Trilu"))
def test_constants_of_floats_are_reduced(op, size):
    weight = np.random.default_rng(3).uniform(0.9, 1.1, (2, size)).astype(np.float32)
    given = {"CumSum": ["w", "axis"], "Trilu": ["w"]}.get(op, ["w", "axes"])
    nodes = [node(op, given, ["r"]), node("Add", ["x", "r"], ["y"])]
    weights = {"w": weight, "axis": np.array(1), "axes": np.array([1])}
    weights = {n: v for n, v in weights.items() if n in given}
    run(nodes, {"x": normal(2, size)}, weights)


@around(12)
def test_chains_of_operations_have_any_length(size):
    """With a row's own sum in the middle."""
    nodes, last = [], "x"
    for i in range(size):
        if i == size // 2:
            nodes += [
                node("ReduceMean", [last, "axes"], ["mean"], keepdims=1),
                node("Sub", [last, "mean"], ["centred"]),
            ]
            last = "centred"
        nodes.append(node(("Sigmoid", "Tanh", "Abs")[i % 3], [last], [f"v{i}"]))
        last = f"v{i}"
    nodes.append(node("Add", [last, "x"], ["y"]))
    run(nodes, {"x": normal(5, 24)}, {"axes": np.array([1])}, "nano", 2**-5)


@around(32)
def test_gathers_by_constants_have_any_number_of_runs(size):
    places = np.random.default_rng(4).permutation(2 * size)[:size]
    run([node("Gather", ["x", "i"], ["y"], axis=1)], {"x": normal(3, 2 * size)}, {"i": places})


@around(256)
def test_one_constant_is_repeated_any_number_of_times(size):
    nodes = [
        node(
            "ConstantOfShape", ["shape"], ["half"], value=helper.make_tensor("v", 1, (1,), (0.5,))
        ),
        node("Mul", ["x", "half"], ["scaled"]),
        node("Softmax", ["scaled"], ["y"], axis=-1),
    ]
    run(nodes, {"x": normal(2, size)}, {"shape": np.array([2, size])})


@around(128)
def test_ids_in_the_model_are_of_any_number(size):
    """128 int64 stand in the program's module itself."""
    ids = np.random.default_rng(5).integers(0, 7, (1, size))
    nodes = [node("Gather", ["table", "ids"], ["e"]), node("Add", ["x", "e"], ["y"])]
    run(nodes, {"x": normal(1, size, 8)}, {"table": normal(7, 8, seed=1), "ids": ids})


@pytest.mark.parametrize("size", (2**24, 2**24 + 1))
def test_inputs_of_integers_have_any_size(size):
    x = np.arange(size, dtype=np.int32)
    graph = helper.make_graph(
        [node("Add", ["x", "x"], ["y"])],
        "case",
        [helper.make_tensor_value_info("x", TensorProto.INT32, (size,))],
        [helper.make_tensor_value_info("y", TensorProto.INT32, (size,))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 10
    np.testing.assert_array_equal(tw.compile(model)(x=x)["y"], 2 * x)


def test_what_exceeds_the_memory_of_the_host_is_refused_with_its_size():
    side = 1 << 15
    nodes = [
        node("Add", ["a", "b"], ["c"]),
        node("ReduceMax", ["c"], ["m"], keepdims=0),
        node("Cast", ["m"], ["f"], to=TensorProto.FLOAT),
        node("Mul", ["x", "f"], ["y"]),
    ]
    counted = np.arange(side)
    weights = {"a": counted.reshape(1, -1), "b": counted.reshape(-1, 1)}
    with pytest.raises(tw.UnsupportedModel, match=r"1073741824 elements .* up to 268435456"):
        tw.compile(on_chip.build(nodes, {"x": normal(3, 4)}, weights))


def batched(rank):
    """A product of a transposed tensor, whose dimensions cannot be merged."""
    shape = [2] * rank
    order = [*range(rank - 3, -1, -1), rank - 2, rank - 1]
    nodes = [node("Transpose", ["x"], ["t"], perm=order), node("MatMul", ["t", "z"], ["y"])]
    return nodes, {"x": normal(*shape), "z": normal(*shape, seed=1)}


@pytest.mark.parametrize("rank", range(3, 17))
def test_a_product_has_any_rank_or_is_refused_by_its_name(rank):
    nodes, feeds = batched(rank)
    nodes[1].name = "product"
    try:
        run(nodes, feeds, target="nano", relative=2**-6)
    except tw.UnsupportedModel as refusal:
        assert rank > 7 and "'product'" in str(refusal) and "loops" in str(refusal)


@pytest.mark.parametrize("rank", (16, 17))
def test_a_tensor_has_up_to_sixteen_dimensions(rank):
    x = normal(*[1] * (rank - 2), 2, 3)
    nodes = [node("Relu", ["x"], ["y"], name="deep")]
    if rank <= 16:
        run(nodes, {"x": x})
        return
    with pytest.raises(tw.UnsupportedModel, match="17 dimensions; up to 16"):
        tw.compile(on_chip.build(nodes, {"x": x}))
    flat = [node("Reshape", ["x", "shape"], ["y"], name="deep")]
    with pytest.raises(tw.UnsupportedModel, match="'deep'.*17 dimensions; up to 16"):
        tw.compile(on_chip.build(flat, {"x": normal(2, 3)}, {"shape": np.array(x.shape)}))


@pytest.mark.long
def test_rows_beyond_what_an_instruction_counts_are_computed():
    """A register counts to 2^24 − 1; a loop over more is written out."""
    x = np.zeros((2**24 + 1, 2), np.float32)
    x[:, 1] = np.arange(len(x)) % 2
    got = tw.compile(on_chip.build([node("Softmax", ["x"], ["y"])], {"x": x}))(x=x)["y"]
    wanted = np.float32(1) / (1 + np.exp(-x[:, 1]))
    np.testing.assert_allclose(got[:, 1], wanted, rtol=2**-8)
