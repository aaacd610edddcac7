# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small models, made by hand."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

INNER, COLUMNS = 40, 24


def weights():
    return np.random.default_rng(0).normal(0, 0.2, (INNER, COLUMNS)).astype(np.float32)


def model_of(nodes, initializers=()):
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", INNER])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        list(initializers),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


@pytest.fixture(scope="session")
def matmul_model():
    """y[n, 24] = x[n, 40] · w."""
    node = helper.make_node("MatMul", ["x", "w"], ["y"], "product")
    model = model_of([node], [numpy_helper.from_array(weights(), "w")])
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", COLUMNS]))
    onnx.checker.check_model(model)
    return model


@pytest.fixture(scope="session")
def executable(matmul_model):
    import tilework

    return tilework.compile(matmul_model, dims={"n": 5})


@pytest.fixture
def x():
    return np.random.default_rng(1).normal(size=(5, INNER)).astype(np.float32)
