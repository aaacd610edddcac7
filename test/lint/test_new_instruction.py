# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An instruction that a walk over programs does not know must not compile.

Whoever walks a program would otherwise take it for one that touches no memory. Each
test adds a record and compiles a walk against what is generated then.
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
WALKS = [
    "compiler/verifier/Walk.cpp",
    "compiler/conversion/Replay.cpp",
    "sim/machine/Machine.cpp",
    "sim/machine/Footprint.cpp",
    "sim/functional/FunctionalEngine.cpp",
    "sim/systemc/Chip.cpp",
]
# Those that also carry out what the sequencer does itself.
SEQUENCERS = WALKS[:3]


def command_of(source):
    """How the build compiles a file, without what it writes."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if entry["file"] == str(ROOT / source):
            words = shlex.split(entry["command"])
            words = words[next(i for i, w in enumerate(words) if w.endswith(("c++", "g++"))) :]
            return words[: words.index("-o")] + [
                "-Werror=switch",
                "-fsyntax-only",
                str(ROOT / source),
            ]
    raise AssertionError(f"{source} is not compiled")


def generate(folder, addition):
    """The C++ types of the instruction set with a record more."""
    header = folder / "dialects/isa/Instructions.h"
    header.parent.mkdir(parents=True)
    records = folder / "Instructions.td"
    records.write_text((ROOT / RECORDS).read_text() + addition)
    tblgen = next(
        line.split("=", 1)[1]
        for line in (BUILD / "CMakeCache.txt").read_text().splitlines()
        if line.startswith("LLVM_TBLGEN_EXECUTABLE:")
    )
    subprocess.run(
        [sys.executable, "-B", ROOT / "dialects/recordgen/isagen.py", "--tblgen", tblgen]
        + ["--root", ROOT, "--definitions", records, "--output", f"header={header}"],
        check=True,
    )


def compile_with(tmp_path, source, addition):
    generate(tmp_path, addition)
    words = command_of(source)
    return subprocess.run(
        [words[0], "-I", str(tmp_path), *words[1:]], cwd=BUILD, capture_output=True, text=True
    )


@pytest.mark.parametrize("source", WALKS)
def test_a_walk_compiles_with_the_records_as_they_are(tmp_path, source):
    result = compile_with(tmp_path, source, "")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("source", "kind"), [(w, k) for w in WALKS for k in NEW if k == "unit" or w in SEQUENCERS]
)
def test_a_walk_refuses_an_instruction_it_does_not_know(tmp_path, source, kind):
    result = compile_with(tmp_path, source, NEW[kind])
    assert result.returncode != 0
    assert "Probe" in result.stderr
