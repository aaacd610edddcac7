# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The checkers of this folder and the test summary find what they are for."""

import pathlib
import re
import subprocess
import sys

import pytest
import run_readme_commands
import sources
import test_includes


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A function that makes a repository of the given files for test_includes."""

    def make(files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        monkeypatch.setattr(sources, "ROOT", tmp_path)
        monkeypatch.setattr(
            sources, "tracked", lambda: [pathlib.PurePosixPath(path) for path in files]
        )
        test_includes.includes_of.cache_clear()
        test_includes.reached_libraries.cache_clear()

    yield make
    test_includes.includes_of.cache_clear()
    test_includes.reached_libraries.cache_clear()


def test_an_include_against_the_direction_is_refused(repository):
    repository({"compiler/a.cpp": '#include "sim/memory/Dram.h"\n'})
    with pytest.raises(AssertionError, match="compiler may not include sim/memory/Dram.h"):
        test_includes.test_folders_include_only_what_the_table_allows()


def test_an_include_along_the_direction_passes(repository):
    repository({"compiler/conversion/a.cpp": '#include "dialects/npu/NPU.h"\n'})
    test_includes.test_folders_include_only_what_the_table_allows()


def test_an_include_against_the_direction_inside_a_part_is_refused(repository):
    repository({"compiler/planning/a.cpp": '#include "compiler/conversion/Replay.h"\n'})
    with pytest.raises(AssertionError, match="compiler/planning may not include compiler/conv"):
        test_includes.test_folders_include_only_what_the_table_allows()


def test_a_folder_without_a_row_is_refused(repository):
    repository({"compiler/search/a.cpp": "\n"})
    with pytest.raises(AssertionError, match="no row in include_rules.yaml: compiler/search"):
        test_includes.test_every_folder_with_sources_has_a_row()


def test_a_circle_in_the_table_is_refused(monkeypatch):
    monkeypatch.setitem(test_includes.PARTS, "dialects/target", ["dialects/isa"])
    with pytest.raises(AssertionError, match="dialects/target names dialects/isa"):
        test_includes.test_rows_stand_below_those_that_they_name()


def test_a_library_outside_its_folders_is_refused(repository):
    repository({"runtime/a.cpp": "#include <systemc>\n"})
    with pytest.raises(AssertionError, match="may not use systemc"):
        test_includes.test_libraries_are_used_where_the_table_allows()


def test_mlir_behind_a_header_of_the_simulator_is_refused(repository):
    repository(
        {
            "sim/machine/a.cpp": '#include "dialects/isa/B.h"\n',
            "dialects/isa/B.h": '#include "mlir/IR/Dialect.h"\n',
        }
    )
    with pytest.raises(
        AssertionError, match=r"sim/machine/a.cpp: reaches mlir: dialects/isa/B.h -> mlir"
    ):
        test_includes.test_no_chain_of_includes_reaches_a_forbidden_library()


def test_a_block_that_imports_another_blocks_package_is_refused(repository):
    repository(
        {
            "rtl/dma/tw_dma_pkg.sv": "package tw_dma_pkg;\nendpackage\n",
            "rtl/scratchpad/tw_bank.sv": "module tw_bank import tw_dma_pkg::*; ();\nendmodule\n",
        }
    )
    with pytest.raises(AssertionError, match="scratchpad may not import tw_dma_pkg of dma"):
        test_includes.test_rtl_blocks_import_their_own_and_shared_packages()


def test_only_marked_fences_run_and_a_failing_one_is_reported(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\nfalse\n```\n```sh test\ntrue\n```\n```python test\nraise SystemExit(3)\n```\n"
    )
    failures = run_readme_commands.run_page(page, timeout=60)
    assert len(failures) == 1
    assert failures[0].startswith("page.md:7: exit 3")


SHOWN = "```sh test\necho 'took 1,204 cycles, 3.5 s, x'\n```\n\n```\n%s\n```\n"


def test_shown_output_is_compared_without_its_figures(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(SHOWN % "took 7 cycles, 0.1 s, …")
    assert run_readme_commands.run_page(page, timeout=60) == []
    assert run_readme_commands.run_page(page, timeout=60, update=True) == []
    assert page.read_text() == SHOWN % "took 1,204 cycles, 3.5 s, …"
    page.write_text(SHOWN % "took 7 seconds, …")
    assert "took 7 seconds" in run_readme_commands.run_page(page, timeout=60)[0]


def summary(folder):
    script = sources.ROOT / "tools" / "setup" / "summarise.py"
    run = subprocess.run([sys.executable, script, folder], capture_output=True, text=True)
    return run.returncode, run.stdout.splitlines()[-1]


PASSED = '<testsuite><testcase name="a"/></testsuite>'
FAILED = '<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>'


@pytest.mark.parametrize(
    "files, expected",
    [
        ({"unit.ctest.xml": PASSED, "lit.lit.xml": PASSED}, (0, "2 passed, 0 failed")),
        ({"unit.ctest.xml": FAILED}, (1, "1 passed, 1 failed")),
        ({"unit.ctest.xml": PASSED, "unit.ctest.failed": ""}, (1, "1 passed, 1 failed")),
        ({"unit.ctest.xml": PASSED, "e2e.pytest.failed": ""}, (1, "1 passed, 1 failed")),
        ({}, (1, "0 passed, 0 failed")),
    ],
)
def test_the_summary_never_hides_a_failure(tmp_path, files, expected):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert summary(tmp_path) == expected


@pytest.mark.parametrize(
    "system, advice",
    [
        ("ID=debian\nVERSION_CODENAME=bookworm\n", "bookworm-security"),
        ("ID=debian\nVERSION_CODENAME=trixie\n", "llvm-toolchain-trixie-22"),
        ("ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n", "llvm-toolchain-noble-22"),
        ('ID=mint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=x\n', "llvm-toolchain-x-22"),
        ('ID=fedora\nPRETTY_NAME="Fedora Linux 43"\n', "This is Fedora Linux 43."),
    ],
)
def test_advice_fits_the_distribution(tmp_path, system, advice):
    (tmp_path / "os-release").write_text(system)
    script = f"ROOT={tmp_path}; OS_RELEASE={tmp_path}/os-release; . tools/setup/steps.sh"
    run = subprocess.run(
        ["bash", "-c", script + "; advice_for_system"],
        cwd=sources.ROOT,
        capture_output=True,
        text=True,
    )
    assert advice in run.stdout and not run.stderr
    assert ("bookworm" in run.stdout) == ("bookworm" in system)


def test_set_up_says_first_how_long_it_takes_and_how_much_disk(tmp_path):
    script = f"""ROOT={sources.ROOT}; BUILD={tmp_path}; LOGS={tmp_path}; VENV={tmp_path}
    . tools/setup/steps.sh; . tools/setup/setup.sh
    announce TileworkDemo; announce all
    mkdir {tmp_path}/bin; touch {tmp_path}/bin/tilework {tmp_path}/tilework-stamp
    missing_packages() {{ :; }}
    announce all"""
    run = subprocess.run(["bash", "-euc", script], cwd=sources.ROOT, capture_output=True, text=True)
    lines = run.stdout.splitlines()
    assert run.returncode == 0 and len(lines) == 2, run.stdout + run.stderr
    assert all(re.search(r"[0-9]+ minutes .* [0-9.]+ GB", line) for line in lines)


def test_set_up_clears_no_environment_that_a_link_leads_to(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    venv = tmp_path / ".venv"
    venv.symlink_to(elsewhere)
    python = tmp_path / "python"
    python.write_text(
        """#!/bin/sh
        [ "$1" = -m ] || exit 0
        rm -rf "$4"/* && mkdir -p "$4/bin" && ln -s /bin/true "$4/bin/pip"
        """
    )
    python.chmod(0o755)
    script = f"""ROOT={sources.ROOT}; VENV={venv}; . tools/setup/setup.sh; SYSTEM_PYTHON={python}
    install_python_packages"""
    subprocess.run(["bash", "-euc", script], cwd=sources.ROOT, check=True)
    assert (elsewhere / "kept").exists()
    assert (venv / "tilework-stamp").exists() and not venv.is_symlink()


@pytest.mark.parametrize(
    "log, advice",
    [
        ("E: Unable to locate package llvm-22-dev", "bookworm-security"),
        ("Temporary failure resolving 'mirror.example'\nE: Unable to locate package x", "proxy"),
        ("write error: No space left on device", "disk is full"),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend", "uses apt"),
        ("c++: fatal error: Killed signal terminated program cc1plus", "out of memory"),
        ("error: expected ';'", ""),
    ],
)
def test_a_failed_set_up_says_what_to_do(tmp_path, log, advice):
    (tmp_path / "log").write_text(log)
    script = f"ROOT={tmp_path}; . tools/setup/steps.sh; advice_for {tmp_path}/log"
    run = subprocess.run(["bash", "-c", script], cwd=sources.ROOT, capture_output=True, text=True)
    assert advice in run.stdout and bool(run.stdout) == bool(advice), run.stderr
