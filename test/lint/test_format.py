# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sources are formatted as the formatters of the project would; `./tw format` mends it."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import sources


def unformatted(path):
    command = ["clang-format-22", "--dry-run", "-Werror", str(path)]
    return subprocess.run(command, cwd=sources.ROOT, capture_output=True).returncode != 0


def test_cpp_is_clang_formatted():
    paths = sources.of_kind("cpp")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [str(path) for path, bad in zip(paths, pool.map(unformatted, paths)) if bad]
    assert not wrong, "run ./tw format, which changes:\n" + "\n".join(wrong)


def ruff(*arguments):
    paths = [str(path) for path in sources.of_kind("python")]
    command = [sys.executable, "-m", "ruff", *arguments, "--no-cache", *paths]
    run = subprocess.run(command, cwd=sources.ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_python_passes_ruff():
    ruff("check", "--quiet", "--output-format=concise")


def test_python_is_ruff_formatted():
    ruff("format", "--check")
