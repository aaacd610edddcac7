# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Simulations in Python: figures, pictures, comparisons."""

import json
import pickle

import numpy as np
import pytest
import tilework as tw
from onnx import TensorProto, helper


def test_the_cycle_model_gives_the_functional_bytes(executable, x):
    result = executable.simulate({"x": x})
    assert np.array_equal(result.outputs["y"], executable(x=x)["y"])
    assert result.latency_s == pytest.approx(result.cycles / result.clock_hz)


def test_each_unit_adds_up_to_the_cycles(executable):
    result = executable.simulate()
    for unit in result.units.values():
        assert unit["busy"] + sum(unit["stalls"].values()) == result.cycles


def test_values_do_not_change_cycles(executable):
    timed = executable.simulate(timing_only=True)
    assert timed.cycles == executable.simulate().cycles
    assert timed.outputs == {}


def test_bytes_that_nothing_computed_are_not_equal_and_have_no_digest(executable):
    timed, valued = executable.simulate(timing_only=True), executable.simulate()
    assert timed.digest is None and valued.digest is not None
    for pair in ((timed, timed), (timed, valued), (valued, timed)):
        comparison = tw.compare(*pair)
        assert comparison.equal["bytes"] is None and comparison.equal["cycles"] is True
        assert "bytes not computed, cycles equal" in repr(comparison)


def test_drawn_inputs_come_from_the_seed(executable):
    first, second, other = (executable.simulate(seed=seed) for seed in (1, 1, 2))
    assert first.digest == second.digest != other.digest
    assert repr(tw.compare(first, second)).endswith("EQUAL: every byte, every retire cycle)")


def test_compare_sees_whether_inputs_are_the_same(executable):
    given = executable.draw_inputs(seed=1)
    drawn, same = executable.simulate(seed=1), executable.simulate(given)
    other = executable.simulate({name: 2 * array for name, array in given.items()})
    timed = executable.simulate(timing_only=True)
    assert drawn.inputs_digest == same.inputs_digest == timed.inputs_digest != other.inputs_digest
    assert tw.compare(drawn, same).warnings == tw.compare(same, timed).warnings == []
    for pair in ((same, other), (drawn, other), (timed, other)):
        assert tw.compare(*pair).warnings == ["the two reports speak of different inputs"]


def test_latency_says_what_is_faster_and_not_cycles(executable):
    fast, slow = (executable.simulate(set={"clock.frequency_hz": f}) for f in (10**9, 5 * 10**8))
    assert slow.cycles < fast.cycles and slow.latency_s > fast.latency_s
    comparison = tw.compare(fast, slow)
    latency, cycles = str(comparison).splitlines()[:2]
    assert latency.endswith(f"{comparison.speedup:.3g} × as fast, slower")
    assert cycles.strip().startswith(f"cycles: {fast.cycles:,} → {slow.cycles:,} (-")
    assert comparison.speedup < 1 and not comparison.to_dict()["equal"]


def test_a_key_that_is_not_there_is_an_error_of_this_package(executable, x):
    result, outputs = executable.simulate(), executable(x=x)
    wide = executable.simulate(set={"dram.channels": 4})
    for mapping, key, near in (
        (executable.target, "dram.channel", "dram.channels"),
        (executable.inputs, "xx", "x"),
        (executable.inspect(), "instruction", "instructions"),
        (tw.targets(), "eddge", "edge"),
        (result.stalls, "systolic_aray", "systolic_array"),
        (result.units["load_dma"], "bussy", "busy"),
        (result.dram_bytes, "reads", "read"),
        (result.counters, "load_byte", "load_bytes"),
        (result.layers[0], "cycle", "cycles"),
        (result.timeline().units, "load_dm", "load_dma"),
        (result.timeline().units["load_dma"], "ends", "end"),
        (result.scratchpad().bytes, "load_dm", "load_dma"),
        (tw.compare(result, wide).chips, "dram.channel", "dram.channels"),
    ):
        with pytest.raises(tw.UnknownKey) as caught:
            mapping[key]
        assert isinstance(caught.value, (KeyError, tw.TileworkError))
        assert str(caught.value) == f"there is no {key!r}; did you mean {near!r}?"
    for mapping in (outputs, result.outputs):
        with pytest.raises(tw.UnknownKey, match="there is no 'logits'; there are y"):
            mapping["logits"]


def test_memory_can_be_changed_and_the_program_not(executable):
    slow = executable.simulate(set={"dram.read_latency_ps": 400000})
    comparison = tw.compare(slow, executable.simulate())
    assert comparison.speedup > 1 and comparison.moved()
    with pytest.raises(tw.InvalidArgument, match="compile"):
        executable.simulate(set={"systolic_array.rows": 32})


def test_a_result_names_the_chip_it_ran_on_and_the_one_it_was_planned_for(executable):
    wider = executable.simulate(set={"dram.channels": 4})
    report, name = wider.to_dict(), executable.target.name
    assert report["kind"] == "simulate" and report["set"] == {"dram.channels": 4}
    assert report["target"]["changes"]["dram.channels"] == 4
    planned = report["planned_for"]["parameters"]["dram.channels"]
    assert planned == executable.target["dram.channels"] != 4
    assert f"planned for {name}, ran on {name}(dram.channels=4)" in repr(wider)
    assert "planned_for" not in executable.simulate().to_dict()
    comparison = tw.compare(executable.simulate(), wider)
    assert comparison.chips == {"dram.channels": (planned, 4)}
    assert comparison.chips["dram.channels"].second == 4
    lines = [line.strip() for line in str(comparison).splitlines()]
    assert lines[0].startswith("latency: ") and lines[1].startswith("cycles: ")
    assert lines[2] == f"chip: dram.channels {planned} → 4"
    assert comparison.warnings == []


def test_a_result_writes_itself(executable, tmp_path):
    result = executable.simulate()
    result.save(tmp_path / "r.json")
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["cycles"] == result.cycles and report["schema"] == 2
    result.save(tmp_path / "r.npz")
    assert np.array_equal(np.load(tmp_path / "r.npz")["y"], result.outputs["y"])


def test_a_result_draws_itself_without_script(executable):
    html = executable.simulate()._repr_html_()
    assert "<svg" in html and "systolic_array" in html and "<script" not in html


def test_outputs_of_a_result_are_read_only(executable):
    with pytest.raises(ValueError, match="read-only"):
        executable.simulate().outputs["y"][0] = 0


def test_records_are_one_for_each_instruction(executable):
    result = executable.simulate()
    records = result.records()
    retired = sum(unit.get("retired", 0) for unit in result.units.values())
    assert len(records["pc"]) == retired
    assert (records["end"] <= result.cycles).all()


def test_an_engine_without_cycles_is_refused(executable):
    with pytest.raises(tw.InvalidArgument, match="systemc"):
        executable.simulate(engine="functional")
    with pytest.raises(tw.InvalidArgument, match="two results|takes two"):
        tw.compare(executable, executable)


def test_a_model_without_work_for_the_chip_has_no_bound_and_idles():
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "host",
        [value("x", TensorProto.FLOAT, [4, 4])],
        [value("y", TensorProto.FLOAT, [4, 4])],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    result = tw.compile(model, target="nano").simulate()
    assert result.bound["cycles"] == 0 and result.bound_limit is None
    (idle,) = result.layers
    assert idle["cycles"] == result.layers.by("op")[0]["cycles"] == result.cycles > 0
    assert result.scratchpad().peak_bytes == 0 and "nothing in flight" in str(result.layers)
    assert pickle.loads(pickle.dumps(result)).scratchpad().peak_bytes == 0
    with pytest.raises(tw.InvalidArgument, match="nothing of the model runs on the chip"):
        result.roofline()
    # All that moved are instructions, which DMA windows do not hold back.
    small = {"dma.outstanding_bursts": 2, "dma.burst_bytes": 32}
    run = tw.compile(model, target=tw.Target("nano", small)).simulate()
    limits = run.to_dict()["limits"]
    assert limits["dram_bytes_limit"] == "fetch"
    assert sum(run.dram_bytes.values()) / run.latency_s <= limits["dram_bytes_per_s"]
