# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX's node tests: none is wrong, and the page of operators says what became of each."""

import difflib

import conformance
import numpy as np
import onnx_node_tests
import pytest
from onnx import helper


@pytest.fixture(scope="module")
def collected():
    return conformance.collect()


def test_no_node_test_is_wrong(collected):
    wrong = collected[1]
    assert not wrong, "\n".join(wrong)


def test_the_page_of_operators_is_current(collected):
    stored = conformance.PAGE.read_text().splitlines()
    changes = difflib.unified_diff(stored, conformance.page(*collected).splitlines(), lineterm="")
    text = "\n".join(changes)
    assert not text, f"store it anew with {conformance.UPDATE}\n{text}"


def test_a_difference_is_one_beyond_rounding_only():
    x = np.float32([1, -2, 0, np.inf, np.nan])
    assert onnx_node_tests.difference(x, x) == ""
    assert onnx_node_tests.difference(x * np.float32(1 + 2**-7), x) == ""
    for other in ([1.1, -2, 0, np.inf, np.nan], [1, -2, 0, -np.inf, np.nan], [1, -2, 0, 5, 6]):
        assert onnx_node_tests.difference(np.float32(other), x)
    assert onnx_node_tests.difference(x[:, None], x)
    assert onnx_node_tests.difference(np.int64([1]), np.float32([1]))
    assert onnx_node_tests.difference(np.int64([1]), np.int64([2]))


def test_a_wrong_value_is_found():
    """A test whose expected output is another op's."""
    made = helper.make_model(
        helper.make_graph(
            [helper.make_node("Relu", ["x"], ["y"])],
            "case",
            [helper.make_tensor_value_info("x", 1, (4,))],
            [helper.make_tensor_value_info("y", 1, (4,))],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    made.ir_version = 8
    x = np.float32([-1, 2, -3, 4])
    case = onnx_node_tests.NodeTest
    right = case("right", made, [([x], [np.maximum(x, 0)])])
    wrong = case("wrong", made, [([x], [x])])
    kinds = {n: o.kind for n, o in onnx_node_tests.outcomes({"a": right, "b": wrong}).items()}
    assert kinds == {"a": "passes", "b": "wrong"}
