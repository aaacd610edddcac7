# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What pages tell a reader to type works, and prints what they show.

Fences marked `sh test` and `python test` run (test/lint/run_readme_commands.py).
The rest sets up, builds or tests, which cannot happen inside a test: there every
command must be one that exists.
"""

import json
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")]
FENCE = re.compile(r"^```(\w+)( test)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def presets():
    text = json.loads((ROOT / "CMakePresets.json").read_text())
    return {preset["name"] for preset in text["configurePresets"]}


def help_words():
    run = subprocess.run([ROOT / "tw", "--help"], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def targets_of_ninja():
    run = subprocess.run(
        ["ninja", "-C", ROOT / "build", "-t", "targets", "all"], capture_output=True, text=True
    )
    return {line.partition(":")[0] for line in run.stdout.splitlines()}


def command_exists(command):
    words = command.split("#")[0].split()
    if words[:1] == ["./tw"]:
        return set(words[1:]) <= help_words()
    if words[:2] in (["cmake", "--preset"], ["ctest", "--preset"]):
        return words[2] in presets()
    if words[:3] == ["cmake", "--build", "--preset"]:
        return words[3] in presets()
    if words[:3] == ["ninja", "-C", "build"]:
        return set(words[3:]) <= targets_of_ninja()
    if words[:1] == ["."]:
        return (ROOT / words[1]).exists()
    if words[:2] == ["pip", "install"]:
        return True
    return all(
        (ROOT / word).exists() for word in words if "/" in word and not word.startswith("/")
    ) and (len(words) > 1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_that_cannot_run_in_a_test_exist(page):
    for language, tested, text in FENCE.findall(page.read_text(encoding="utf-8")):
        if language != "sh" or tested:
            continue
        for line in text.splitlines():
            for command in re.split(r"&&|;", line.split("#")[0]):
                if command.strip():
                    assert command_exists(command), f"{page.name}: {command.strip()}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_is_tested_wherever_a_page_shows_it(page):
    for language, tested, text in FENCE.findall(page.read_text(encoding="utf-8")):
        assert language != "python" or tested, (
            f"{page.name}: mark this fence `python test`:\n{text}"
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs_and_prints_what_it_shows(page):
    run = subprocess.run(
        [sys.executable, ROOT / "test" / "lint" / "run_readme_commands.py", page],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
