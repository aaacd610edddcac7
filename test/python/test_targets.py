# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets in Python: reading, changing, refusing."""

import copy
import pickle

import pytest
import tilework as tw


def test_built_in_targets_are_listed():
    assert {"nano", "edge", "mobile", "server"} <= set(tw.targets())


def test_overrides_in_every_form_agree():
    text = tw.Target("edge,systolic_array.rows=32,scratchpad.size_bytes=1M")
    changes = {"systolic_array.rows": 32, "scratchpad.size_bytes": "1M"}
    assert text == tw.Target("edge", changes)
    target = tw.Target("edge")
    target.update(changes)
    assert target == text and target["scratchpad.size_bytes"] == 1 << 20


def test_a_copy_is_independent():
    first = tw.Target("edge")
    second = tw.Target(first)
    second["dram.channels"] = 2 * first["dram.channels"]
    assert first != second


def test_an_unknown_parameter_is_refused_and_nothing_changes():
    target = tw.Target("edge")
    with pytest.raises(tw.InvalidTarget, match="systolic_array.rows"):
        target.update({"dram.channels": 2, "systolic_array.row": 32})
    assert target == tw.Target("edge")
    with pytest.raises(KeyError):
        target["systolic_array.row"]


def test_a_target_file_comes_back(tmp_path):
    target = tw.Target("mobile", {"dram.channels": 2})
    (tmp_path / "t.yaml").write_text(target.to_yaml())
    assert tw.Target.load(tmp_path / "t.yaml").to_dict() == target.to_dict()


def test_every_parameter_has_a_value_and_a_sentence():
    for parameter in tw.Target("nano").parameters():
        assert parameter["sentence"] and parameter["value"] is not None


@pytest.mark.parametrize(
    "twin", (copy.copy, copy.deepcopy, lambda target: pickle.loads(pickle.dumps(target)))
)
def test_a_target_is_copied_and_pickled_by_value(twin):
    target = tw.Target("edge", {"systolic_array.rows": 32, "dram.channels": 4})
    other = twin(target)
    assert other == target and other.name == target.name and other.like == target.like
    other["dram.channels"] = 2
    assert target["dram.channels"] == 4
