# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Long work says how far it is, where somebody looks, and leaves neither line nor child."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import nbclient
import nbformat
import psutil
import pytest
import tilework as tw

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCREEN = ROOT / "test" / "tools" / "Inputs" / "screen.py"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(pathlib.Path(tw.__file__).parents[1])}
# Three products whose RTL takes a few seconds.
MODEL = """
import numpy as np, tilework as tw
from onnx import TensorProto, helper, numpy_helper
w = numpy_helper.from_array(np.zeros((512, 512), np.float32), "w")
nodes = [helper.make_node("MatMul", [f"x{i}", "w"], [f"x{i + 1}"]) for i in range(3)]
x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [128, 512]) for n in ("x0", "x3"))
model = helper.make_model(helper.make_graph(nodes, "long", [x], [y], [w]))
"""
RUN = MODEL + 'tw.compile(model).simulate(engine="rtl"); print("done")\n'
# A chip that no folder has, and that takes a minute.
BUILD = MODEL + (
    'target = tw.Target("nano", {"scratchpad.banks": 4})\n'
    'tw.compile(model, target=target).simulate(engine="rtl")\n'
)


def on_a_terminal(script, **environment):
    command = [sys.executable, SCREEN, sys.executable, "-c", script]
    run = subprocess.run(
        command, capture_output=True, text=True, env={**ENVIRONMENT, **environment}
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.splitlines()


def test_a_terminal_has_a_line_that_is_gone_before_anything_else():
    lines = on_a_terminal(RUN)
    assert lines[-2:] == ["screen: done", "code: 0"]
    shown = [line for line in lines if line.startswith("progress: ")]
    assert shown and all(re.search(r" \(\d+ s\)$", line) for line in shown)
    whole = [line for line in shown if "simulating on rtl" in line]
    ends = {re.search(r": [\d,]+ of ([\d,]+) cycles, \d+ %", line)[1] for line in whole}
    assert len(ends) == 1, ends


def test_nothing_is_shown_to_a_pipe_or_to_who_wants_none():
    run = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, env=ENVIRONMENT
    )
    assert (run.stdout, run.stderr) == ("done\n", "")
    lines = on_a_terminal(RUN.replace("w = ", "tw.show_progress(False)\nw = ", 1))
    assert lines == ["screen: done", "code: 0"]
    with pytest.raises(tw.WrongType, match="shown"):
        tw.show_progress("no")


def test_the_line_is_gone_before_an_error():
    lines = on_a_terminal(
        MODEL + "import signal, threading\n"
        "threading.Timer(2.5, signal.raise_signal, [signal.SIGINT]).start()\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        'tw.compile(model).simulate(engine="rtl")\n'
    )
    assert any("progress: simulating" in line for line in lines)
    assert lines[-2] == "screen: KeyboardInterrupt"


def test_a_notebook_has_a_line_of_text_that_is_empty_in_the_end():
    cell = nbformat.v4.new_code_cell('print("first")\n' + RUN)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "", "language": "python"}
    updates = []

    class Client(nbclient.NotebookClient):
        def process_message(self, message, cell, index):
            if message["msg_type"] in ("display_data", "update_display_data"):
                updates.append(message["content"]["data"]["text/plain"])
            return super().process_message(message, cell, index)

    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = ENVIRONMENT["PYTHONPATH"]
    try:
        Client(notebook, timeout=120).execute()
    finally:
        os.environ.pop("PYTHONPATH")
        if before:
            os.environ["PYTHONPATH"] = before
    assert any(re.match(r"simulating on rtl: .* cycles, \d+ %", text) for text in updates)
    assert updates[-1] == ""
    words = [output["text"] for output in cell.outputs if output.output_type == "stream"]
    assert "".join(words) == "first\ndone\n"
    assert {o["data"]["text/plain"] for o in cell.outputs if "data" in o} == {""}


def test_an_interruption_leaves_no_child_and_no_file(tmp_path):
    environment = {**ENVIRONMENT, "XDG_CACHE_HOME": str(tmp_path)}
    script = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n" + BUILD
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE, text=True
    )
    watched = psutil.Process(process.pid)
    end = time.monotonic() + 60
    while not (children := watched.children(recursive=True)) and time.monotonic() < end:
        time.sleep(0.1)
    assert children, "no chip is built"
    time.sleep(1)
    children = watched.children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=30)[1]
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    assert not list((tmp_path / "tilework" / "chips").iterdir())


def test_processes_of_a_pool_leave_the_terminal_alone():
    script = RUN.replace(
        'tw.compile(model).simulate(engine="rtl")',
        "import multiprocessing, concurrent.futures\n"
        "executable = tw.compile(model)\n"
        'for how in ("spawn", "fork"):\n'
        "    context = multiprocessing.get_context(how)\n"
        "    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:\n"
        "        for seed in (1,):\n"
        '            pool.submit(executable.simulate, engine="rtl", seed=seed)',
    )
    script = script.replace('; print("done")', '\nprint("done")')
    lines = on_a_terminal(script)
    assert lines == ["screen: done", "code: 0"]
