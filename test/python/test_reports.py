# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables and pictures of a simulation: they add up, and draw without script."""

import csv
import xml.etree.ElementTree as ElementTree

import conftest
import numpy as np
import pytest
import tilework as tw
from onnx import TensorProto, helper, numpy_helper
from tilework.layers import UNITS


@pytest.fixture(scope="module")
def two_products():
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], "first"),
        helper.make_node("Softmax", ["a"], ["p"], "weigh", axis=-1),
        helper.make_node("MatMul", ["p", "v"], ["y"], "second"),
    ]
    weights = conftest.weights()
    model = conftest.model_of(
        nodes, [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(weights.T, "v")]
    )
    return tw.compile(model, shapes={"x": (5, conftest.INNER)})


@pytest.fixture(scope="module", params=["systemc", "timing_only", "rtl"])
def result(request, two_products):
    timing_only = request.param == "timing_only"
    engine = "systemc" if timing_only else request.param
    return two_products.simulate(engine=engine, timing_only=timing_only)


def test_layers_add_up_to_the_cycles(result):
    layers = result.layers
    assert sum(row["cycles"] for row in layers) == result.cycles == layers.total
    for row in layers[:-1]:
        assert row["cycles"] == sum(row[unit] for unit in UNITS)
    retired = sum(unit.get("retired", 0) for unit in result.units.values())
    assert sum(row["retired"] for row in layers) == retired
    assert sum(row["read_bytes"] for row in layers) <= result.dram_bytes["read"]


def test_layers_are_named_as_the_model_names_its_nodes(result):
    nodes = [row["node"] for row in result.layers]
    assert nodes[:1] == ["first"] and "second" in nodes
    assert {row["op"] for row in result.layers} >= {"MatMul"}
    assert "weigh" in {name for row in result.layers for name in row["nodes"]}


def test_layers_by_operator_add_up_too(result):
    by_op = result.layers.by("op")
    assert sum(row["cycles"] for row in by_op) == result.cycles
    with pytest.raises(tw.InvalidArgument, match="'op'"):
        result.layers.by("moon")


def test_layers_know_their_work(result):
    rows = {row["node"]: row for row in result.layers}
    first = rows["first"]
    assert first["shape"] == f"5×{conftest.INNER}×{conftest.COLUMNS}"
    assert first["macs"] == 5 * conftest.INNER * conftest.COLUMNS
    assert 0 < first["bound_cycles"] <= first["cycles"]
    assert sum(row["share"] for row in result.layers) == pytest.approx(1)
    assert result.to_dict()["layers"] == result.layers.rows


@pytest.mark.parametrize(("op", "count"), [("Mul", 2), ("Sum", 4)])
def test_what_a_node_uses_again_crosses_the_pins_once(op, count):
    """The only node of a model is bound as the model is."""
    sides = [helper.make_tensor_value_info(s, TensorProto.FLOAT, [256, 512]) for s in "xy"]
    node = helper.make_node(op, ["x"] * count, ["y"], "node")
    graph = helper.make_graph([node], "again", sides[:1], sides[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    result = tw.compile(model, target="server,dram.channels=1").simulate(timing_only=True)
    (row,) = [row for row in result.layers if row["node"] == "node"]
    assert row["bound_cycles"] == result.bound["cycles"] <= result.cycles


def test_the_nodes_of_a_stack_are_one_block():
    names = [f"/layers.{i}/relu_{10 + i}" for i in range(3)]
    values = ["x", "a", "b", "y"]
    nodes = []
    for i, name in enumerate(names):
        nodes.append(helper.make_node("MatMul", [values[i], "w"], [f"m{i}"], f"/layers.{i}/mul"))
        nodes.append(helper.make_node("Softmax", [f"m{i}"], [values[i + 1]], name))
    square = np.eye(conftest.INNER, dtype=np.float32)
    model = conftest.model_of(nodes, [numpy_helper.from_array(square, "w")])
    layers = tw.compile(model, dims={"n": 5}).simulate().layers
    blocks = {row["block"]: row["count"] for row in layers.by("block")}
    assert blocks["/layers.*/relu_*"] == 3 and blocks["/layers.*/mul"] == 3
    assert sum(row["cycles"] for row in layers.by("block")) == layers.total


def test_a_loaded_program_has_the_same_layers(two_products, tmp_path):
    two_products.save(tmp_path / "m.tw")
    loaded, kept = tw.load(tmp_path / "m.tw").simulate().layers, two_products.simulate().layers
    assert loaded.rows == kept.rows and "MatMul" in {row["op"] for row in loaded}


def test_names_that_a_terminal_would_obey_are_shown():
    node = helper.make_node("MatMul", ["x", "w"], ["y"], "red\x1b[31m\n\x9b0m")
    weights = numpy_helper.from_array(conftest.weights(), "w")
    result = tw.compile(conftest.model_of([node], [weights]), dims={"n": 5}).simulate()
    layers = result.layers
    for text in (str(layers), str(layers.by("block")), repr(layers)):
        assert "\x1b" not in text and "\x9b" not in text
    assert "red\\x1b[31m\\x0a\\u009b0m" in str(layers)
    assert "red\\x1b[*m\\x0a\\u009b*m" in str(layers.by("block"))


def test_layers_become_a_file(result, tmp_path):
    result.layers.save(tmp_path / "layers.csv")
    rows = list(csv.DictReader((tmp_path / "layers.csv").open(encoding="utf-8")))
    assert sum(int(row["cycles"]) for row in rows) == result.cycles


def test_the_timeline_holds_every_instruction(result):
    timeline = result.timeline()
    assert sum(len(u["end"]) for u in timeline.units.values()) == len(result.records()["pc"])
    for name, unit in timeline.units.items():
        assert (unit["start"] <= unit["end"]).all() and (unit["end"] < result.cycles).all()
        assert result.units[name]["busy"] <= timeline.in_flight(name) <= result.cycles


def test_the_roofline_agrees_with_the_utilization(result):
    roof = result.roofline()
    assert roof.macs == 5 * conftest.INNER * conftest.COLUMNS * 2
    share = roof.macs_per_s / roof.peak_macs_per_s
    assert share == pytest.approx(result.mac_utilization)
    assert 0 < roof.efficiency <= 1 and roof.intensity <= roof.least_intensity
    assert roof.attainable(roof.ridge) == pytest.approx(roof.peak_macs_per_s)


def test_energy_is_refused_and_not_made_up(result):
    with pytest.raises(tw.NotModelled, match="energy is not modelled"):
        result.energy  # noqa: B018
    assert not hasattr(result, "energy")


def pictures(two_products):
    result = two_products.simulate()
    slow = two_products.simulate(set={"dram.read_latency_ps": 400000})
    return [
        result,
        result.layers,
        result.layers.by("op"),
        result.roofline(),
        result.timeline(),
        result.scratchpad(),
        tw.compare(slow, result),
        two_products,
        two_products.inspect(),
        two_products.target,
    ]


def test_everything_draws_itself_without_script_and_in_one_line(two_products):
    for thing in pictures(two_products):
        html = thing._repr_html_()
        svg = html[html.index("<svg") : html.index("</svg>") + 6]
        ElementTree.fromstring(svg)
        assert "<script" not in html and "http://www.w3.org/2000/svg" in svg
        assert "\n" not in repr(thing) and len(repr(thing)) < 200


def test_reports_are_plain_for_machines(two_products):
    import json

    for thing in pictures(two_products):
        if hasattr(thing, "to_dict"):
            json.dumps(thing.to_dict())


def test_a_model_that_is_refused_draws_its_reasons():
    nodes = [helper.make_node("Det", ["x"], ["y"], "<volume>")]
    html = tw.inspect(conftest.model_of(nodes), dims={"n": 5})._repr_html_()
    assert "&lt;volume&gt;" in html and "Det" in html


def test_frames_need_pandas_and_say_so(result):
    try:
        import pandas  # noqa: F401
    except ImportError:
        with pytest.raises(ImportError, match="pip install pandas"):
            result.to_pandas()
        return
    frame = result.to_pandas()
    assert len(frame) == len(result.records()["pc"]) and set(frame["unit"]) <= set(result.units)
    assert result.layers.to_pandas()["cycles"].sum() == result.cycles


def test_records_name_their_node(two_products):
    result = two_products.simulate()
    nodes = result.timeline().nodes
    named = {nodes[i] for i in np.unique(result.records()["node"]) if i >= 0}
    assert {"first", "second"} <= named
