# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The wheel runs in an empty environment on a machine without compilers."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = re.compile(r"^```python test\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A virtual environment with the wheel, NumPy and ONNX, which are copied: tests fetch nothing."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(["cmake", "--build", ROOT / "build", "--target", "TileworkWheel"], check=True)
    made = subprocess.run(
        [sys.executable, ROOT / "tools" / "setup" / "wheel.py", ROOT / "build", folder],
        check=True,
        capture_output=True,
        text=True,
    )
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    site = next((venv / "lib").glob("python*/site-packages"))
    here = pathlib.Path(sysconfig.get_path("purelib"))
    for package in (
        "numpy",
        "onnx",
        "onnxruntime",
        "ml_dtypes",
        "google",
        "protobuf",
        "flatbuffers",
    ):
        for name in [
            *here.glob(package),
            *here.glob(f"{package}.libs"),
            *here.glob(f"{package}-*"),
        ]:
            shutil.copytree(name, site / name.name)
    shutil.copy(here / "typing_extensions.py", site)
    install = [venv / "bin" / "pip", "install", "--no-index", "-q", made.stdout.strip()]
    subprocess.run(install, check=True)
    return venv


@pytest.fixture(scope="module")
def call(environment, tmp_path_factory):
    """Runs a program of the environment in a folder with the demo's model alone."""
    folder = tmp_path_factory.mktemp("away")
    (folder / "build" / "models").mkdir(parents=True)
    for model in (ROOT / "build" / "models").glob("*.onnx"):
        (folder / "build" / "models" / model.name).symlink_to(model.resolve())

    def run(program, *arguments):
        return subprocess.run(
            [environment / "bin" / program, *arguments],
            cwd=folder,
            env={"PATH": str(environment / "bin"), "HOME": str(folder), "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
        )

    return run


def test_the_readmes_python_runs(call):
    for text in PYTHON.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        run = call("python", "-c", text)
        assert run.returncode == 0, run.stderr


# A cell as a notebook runs it: what its last line is worth draws itself.
CELL = """
import ast
def run(source, names):
    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    if last:
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        if value is not None:
            print(repr(value))
            assert "<svg" in value._repr_html_()
"""


def test_the_first_notebook_runs_with_a_model_of_its_own(call):
    """The demo's model is not installed here: a small one is made."""
    notebook = json.loads((ROOT / "tools/notebooks/first_steps.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    script = CELL + "names = {}\n" + "".join(f"run({cell!r}, names)\n" for cell in cells)
    run = call("python", "-c", script)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "EQUAL: every byte, every retire cycle" in run.stdout
    assert float(re.search(r"worst cosine with ONNX Runtime: ([0-9.]+)", run.stdout)[1]) > 0.999


@pytest.mark.parametrize("target", ["nano", "edge"])
def test_its_chips_run_without_a_compiler(call, matmul_model, tmp_path, target):
    model = tmp_path / "m.onnx"
    model.write_bytes(matmul_model.SerializeToString())
    run = call(
        "tilework", "simulate", model, "--dim", "n=3", "--target", target, "--engine", "both"
    )
    assert run.returncode == 0 and "EQUAL" in run.stdout, run.stdout + run.stderr


def test_another_chip_asks_for_the_tools_that_it_is_made_with(call, matmul_model, tmp_path):
    model = tmp_path / "m.onnx"
    model.write_bytes(matmul_model.SerializeToString())
    target = "nano,scratchpad.banks=4"
    run = call("tilework", "simulate", model, "--dim", "n=3", "--target", target, "--engine", "rtl")
    assert run.returncode == 1 and "there is no verilator" in run.stderr, run.stderr


def test_nothing_in_it_is_looked_for_outside(environment):
    package = next((environment / "lib").glob("python*/site-packages/tilework"))
    for binary in (package / "_tilework", *package.glob("*.so"), *package.glob("chips/*.so")):
        lines = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
        outside = re.findall(r"(?:not found|MLIR|LLVM|" + re.escape(str(ROOT)) + r").*", lines)
        assert not outside, f"{binary.name}: {outside}"
