# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `pip install .` installs runs away from the build folder."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SESSION = """
import sys
sys.path.insert(0, sys.argv[1])
import tilework as tw
assert tw.__file__.startswith(sys.argv[1]), tw.__file__
executable = tw.compile(open(sys.argv[2], "rb").read(), target="nano", dims={"n": 3})
print(executable.simulate(seed=1).cycles)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(
        ["cmake", "--install", ROOT / "build", "--component", "python", "--prefix", folder],
        check=True,
        capture_output=True,
    )
    return folder


def test_the_package_compiles_and_simulates(installed, matmul_model, tmp_path):
    model = tmp_path / "m.onnx"
    model.write_bytes(matmul_model.SerializeToString())
    run = subprocess.run(
        [sys.executable, "-c", SESSION, installed, model],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 0


def test_the_command_line_runs(installed, tmp_path):
    run = subprocess.run(
        [installed / "bin" / "tilework", "targets"], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "nano" in run.stdout
