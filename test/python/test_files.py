# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files that Python reads and writes: any name works, and what cannot be written leaves nothing."""

import copy
import json
import os

import numpy as np
import onnx
import pytest
import tilework as tw

NAME = os.fsdecode(b"r\x1b[31m\xff e")


@pytest.fixture(scope="module")
def writers(executable):
    run = executable.simulate()
    return {
        "tw": executable.save,
        "json": run.save,
        "npz": run.save,
        "csv": run.layers.save,
        "roofline.html": run.roofline().save,
        "timeline.html": run.timeline().save,
        "scratchpad.html": run.scratchpad().save,
    }


PAGES = ("roofline.html", "timeline.html", "scratchpad.html")
KINDS = ("tw", "json", "npz", "csv", *PAGES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_is_not_there_is_named(writers, tmp_path, kind):
    path = tmp_path / "none" / f"a.{kind}"
    with pytest.raises((tw.InvalidArgument, tw.InvalidProgram)) as caught:
        writers[kind](path)
    assert str(path) in str(caught.value) and "No such file or directory" in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_an_error_and_leaves_what_was_there(writers, tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    path.symlink_to("/dev/full")
    with pytest.raises((tw.InvalidArgument, tw.InvalidProgram), match="No space left on device"):
        writers[kind](path)
    assert os.listdir(tmp_path) == [path.name] and path.is_symlink()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_replaced_whole_and_has_the_usual_rights(writers, tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    path.write_text("before")
    writers[kind](path)
    assert os.listdir(tmp_path) == [path.name] and path.stat().st_size > 6
    other = tmp_path / "other"
    other.touch()
    assert path.stat().st_mode == other.stat().st_mode


@pytest.mark.parametrize("kind", PAGES)
def test_a_picture_is_a_page_that_needs_nothing_beside_it(writers, tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    writers[kind](path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and text.rstrip().endswith("</html>")
    assert "<svg" in text and "charset" in text and 'class="tw-picture"' in text
    assert not any(word in text for word in ("<script", "<link", "src=", "@import"))


def test_what_fails_half_way_leaves_the_old_file(executable, tmp_path, monkeypatch):
    run, path = executable.simulate(), tmp_path / "a.npz"
    path.write_text("before")

    def fail(file, array, **how):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", fail)
    with pytest.raises(tw.InvalidArgument, match="cannot write .*a.npz': No space left"):
        run.save(path)
    assert os.listdir(tmp_path) == ["a.npz"] and path.read_text() == "before"


def test_names_that_are_no_utf_8_work(matmul_model, x, tmp_path):
    model = tmp_path / f"{NAME}.onnx"
    model.write_bytes(matmul_model.SerializeToString())
    executable = tw.compile(model, dims={"n": 5})
    executable.save(tmp_path / f"{NAME}.tw")
    loaded = tw.load(tmp_path / f"{NAME}.tw")
    assert np.array_equal(loaded(x=x)["y"], executable(x=x)["y"])
    assert tw.inspect(tmp_path / f"{NAME}.tw")["instructions"] > 0
    run = loaded.simulate()
    run.save(tmp_path / f"{NAME}.json")
    assert json.loads((tmp_path / f"{NAME}.json").read_text())["cycles"] == run.cycles
    with pytest.raises(tw.InvalidArgument) as caught:
        tw.compile(tmp_path / f"{NAME}.none")
    str(caught.value).encode()  # can be shown


def test_a_target_s_file_may_have_any_name(tmp_path):
    path = tmp_path / f"{NAME}.yaml"
    path.write_text(tw.Target("edge", {"dram.channels": 4}).to_yaml())
    assert tw.Target(path)["dram.channels"] == 4
    with pytest.raises(tw.InvalidArgument) as caught:
        tw.Target(NAME)
    str(caught.value).encode()


HALF = "\ud800"


@pytest.mark.parametrize(
    "call",
    [
        lambda exe: tw.compile(HALF),
        lambda exe: tw.load(HALF),
        lambda exe: tw.Target(HALF),
        lambda exe: tw.Target("edge", {HALF: 1}),
        lambda exe: tw.compile("m.onnx", dims={HALF: 1}),
        lambda exe: exe.save(HALF),
        lambda exe: exe(engine=HALF),
    ],
)
def test_half_a_character_is_no_name(executable, call):
    with pytest.raises(tw.InvalidArgument, match="half a character"):
        call(executable)


def test_nothing_is_written_over_its_model(matmul_model, tmp_path):
    onnx.save(
        copy.deepcopy(matmul_model),  # the writer moves weights out of it
        tmp_path / "m.onnx",
        save_as_external_data=True,
        location="m.bin",
        size_threshold=0,
    )
    executable = tw.compile(tmp_path / "m.onnx", dims={"n": 5})
    (tmp_path / "link").symlink_to("m.onnx")
    result = executable.simulate()
    parts = [result.layers, result.roofline(), result.timeline(), result.scratchpad()]
    for name in ("m.onnx", "m.bin", "link"):
        before = (tmp_path / name).read_bytes()
        for one in (executable, result, copy.copy(result), *parts):
            with pytest.raises(tw.InvalidArgument, match="would be written over .* read for it"):
                one.save(tmp_path / name)
        assert (tmp_path / name).read_bytes() == before
    executable.save(tmp_path / "m.tw")
    loaded = tw.load(tmp_path / "m.tw")
    loaded.save(tmp_path / "m.tw")  # the same bytes again
    result = loaded.simulate()
    for one in (result, result.layers, result.timeline(), result.scratchpad()):
        with pytest.raises(tw.InvalidArgument, match="would be written over .* read for it"):
            one.save(tmp_path / "m.tw")
    assert np.array_equal(tw.load(tmp_path / "m.tw").simulate().outputs["y"], result.outputs["y"])


@pytest.mark.parametrize(
    "head, words",
    [
        (b"\x7fELF\x02\x01", "is a compiled program, or another ELF file.*tilework.load"),
        (b"\x89PNG\r\n", r"is a picture \(PNG\)"),
        (b"PK\x03\x04", "is a ZIP archive"),
        (b"hello\n", "looks like text"),
        (b"\x08\x08\x12", "begins as one and is damaged or cut short"),
        (b"\xf1\x00\x02", "of no known kind"),
        (b"", "the file is empty"),
    ],
)
def test_what_is_no_model_is_told_by_its_kind(head, words, tmp_path):
    (tmp_path / "m.onnx").write_bytes(head)
    for model in (tmp_path / "m.onnx", head):
        with pytest.raises(tw.InvalidArgument, match=words):
            tw.compile(model)
