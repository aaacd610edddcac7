# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models that are refused: by which exception, and what it says."""

import conftest
import pytest
import tilework as tw
from onnx import helper


@pytest.fixture
def unsupported():
    nodes = [
        helper.make_node("Sin", ["x"], ["s"], "wave"),
        helper.make_node("Tanh", ["s"], ["t"], "bend"),
        helper.make_node("Det", ["t"], ["y"], "volume"),
    ]
    return conftest.model_of(nodes)


def test_every_unsupported_node_is_named(unsupported):
    with pytest.raises(tw.UnsupportedModel, match="volume") as caught:
        tw.compile(unsupported, dims={"n": 5})
    reasons = {node["name"]: node.get("reason") for node in caught.value.nodes}
    assert reasons["volume"]
    assert 0 < caught.value.unsupported_share <= 1


def test_inspect_reports_an_unsupported_model(unsupported):
    report = tw.inspect(unsupported, dims={"n": 5})
    assert report["supported"] is False
    assert any(node["op"] == "Det" and node["reason"] for node in report["nodes"])


def test_inspect_says_where_nodes_run(matmul_model):
    report = tw.inspect(matmul_model, dims={"n": 5})
    assert report["supported"] is True
    assert [node["runs_on"] for node in report["nodes"]] == ["npu"]


def test_damaged_bytes_are_refused():
    with pytest.raises(tw.TileworkError):
        tw.compile(b"\x0a\xff\xff\xff\xff\xff not a model")


def test_a_missing_file_is_named():
    with pytest.raises(tw.TileworkError, match="nowhere.onnx"):
        tw.compile("nowhere.onnx")
    with pytest.raises(tw.InvalidProgram, match="nowhere.tw"):
        tw.load("nowhere.tw")


def test_an_open_dimension_is_named(matmul_model):
    with pytest.raises(tw.InvalidArgument, match="n"):
        tw.compile(matmul_model)


def test_other_objects_are_refused():
    with pytest.raises(TypeError, match="path, bytes or an onnx.ModelProto"):
        tw.compile(3)
