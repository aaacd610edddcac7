# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A program with an instruction that a walk over programs does not know must not link.

Whoever walks a program would otherwise take it for one that touches no memory. Each
test adds a record and compiles a walk against what is generated then: what stands by
kinds is refused by the compiler, and an overload that the record declares is missing.
"""

import json
import shlex
import subprocess
import sys

import pytest
import sources

ROOT, BUILD = sources.ROOT, sources.ROOT / "build"
RECORDS = "dialects/isa/Instructions.td"
NEW = {
    "unit": 'def ProbeInst : UnitInstruction<"probe", 63, "touches what nobody knows"> {\n'
    '  let unit = "load";\n  let fields = Waits<>.fields;\n}\n',
    "sequencer": 'def ProbeInst : SequencerInstruction<"probe", 63, "does what nobody knows">;\n',
}
# By overloads, for what the sequencer does itself too; and by kinds of units' instructions.
OVERLOADS = [
    "compiler/verifier/Walk.cpp",
    "compiler/conversion/Replay.cpp",
    "sim/machine/Machine.cpp",
]
KINDS = ["sim/machine/Footprint.cpp", "sim/functional/Execute.cpp"]


def command_of(source):
    """How the build compiles a file, without what it writes."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if entry["file"] == str(ROOT / source):
            words = shlex.split(entry["command"])
            words = words[next(i for i, w in enumerate(words) if w.endswith(("c++", "g++"))) :]
            return words[: words.index("-o")] + ["-Werror=switch", "-c", str(ROOT / source)]
    raise AssertionError(f"{source} is not compiled")


def generate(folder, addition):
    """The C++ types of the instruction set with a record more."""
    made = folder / "dialects/isa"
    made.mkdir(parents=True)
    records = folder / "Instructions.td"
    records.write_text((ROOT / RECORDS).read_text() + addition)
    tblgen = next(
        line.split("=", 1)[1]
        for line in (BUILD / "CMakeCache.txt").read_text().splitlines()
        if line.startswith("LLVM_TBLGEN_EXECUTABLE:")
    )
    subprocess.run(
        [sys.executable, "-B", ROOT / "dialects/recordgen/isagen.py", "--tblgen", tblgen]
        + ["--root", ROOT, "--definitions", records, "--output", f"header={made}/Instructions.h"]
        + ["--output", f"list={made}/InstructionList.inc"],
        check=True,
    )


def compile_with(tmp_path, source, addition):
    """The compiler's answer, and what the object asks others for."""
    generate(tmp_path, addition)
    words = command_of(source)
    made = tmp_path / "walk.o"
    result = subprocess.run(
        [words[0], "-I", str(tmp_path), *words[1:], "-o", str(made)],
        cwd=BUILD,
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        return result, ""
    missing = subprocess.run(["nm", "-uC", made], check=True, capture_output=True, text=True)
    return result, missing.stdout


@pytest.mark.parametrize("source", OVERLOADS + KINDS)
def test_a_walk_compiles_with_the_records_as_they_are(tmp_path, source):
    result, missing = compile_with(tmp_path, source, "")
    assert result.returncode == 0, result.stderr
    assert "Probe" not in missing


@pytest.mark.parametrize("kind", NEW)
@pytest.mark.parametrize("source", OVERLOADS)
def test_a_walk_does_not_link_without_a_meaning_of_each_instruction(tmp_path, source, kind):
    result, missing = compile_with(tmp_path, source, NEW[kind])
    assert result.returncode == 0, result.stderr
    assert "isa::Probe const&" in missing


@pytest.mark.parametrize("source", KINDS)
def test_a_walk_refuses_a_kind_that_it_does_not_know(tmp_path, source):
    result, _ = compile_with(tmp_path, source, NEW["unit"])
    assert result.returncode != 0
    assert "Probe" in result.stderr
