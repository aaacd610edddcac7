# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The module in a process: Ctrl-C, threads, the order of imports."""

import itertools
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import onnx
import pytest
import tilework as tw
from onnx import TensorProto, helper, numpy_helper

WIDTH, ROWS = 1024, 1024


@pytest.fixture(scope="module")
def long_model():
    w = np.zeros((WIDTH, WIDTH), np.float32)
    nodes = [
        helper.make_node("MatMul", [f"x{i}", "w"], [f"x{i + 1}"], f"product {i}") for i in range(8)
    ]
    shape = [ROWS, WIDTH]
    graph = helper.make_graph(
        nodes,
        "long",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("x8", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(w, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def interrupted_after(call, delay):
    """Seconds from the signal to the exception; None if the call ended before."""
    sent = []

    def send():
        sent.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    # A process that a script starts in the background ignores SIGINT; this one shall not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(delay, send)
    timer.start()
    try:
        call()
    except KeyboardInterrupt:
        return time.monotonic() - sent[0]
    finally:
        timer.cancel()
        timer.join()
        signal.signal(signal.SIGINT, before)
    return None


@pytest.mark.parametrize("engine", ["functional", "systemc"])
def test_ctrl_c_ends_a_run(long_model, engine):
    executable = tw.compile(long_model)
    inputs = executable.draw_inputs()
    seconds = interrupted_after(lambda: executable(engine=engine, **inputs), 0.05)
    assert seconds is not None and seconds < 0.5


def test_ctrl_c_ends_a_compilation(long_model):
    model = long_model.SerializeToString()
    seconds = interrupted_after(lambda: tw.compile(model), 0.01)
    assert seconds is not None and seconds < 0.5


def test_other_threads_run_during_a_call(long_model):
    executable = tw.compile(long_model)
    inputs = executable.draw_inputs()
    running = threading.Event()
    call = threading.Thread(target=lambda: (running.set(), executable.simulate(inputs)))
    call.start()
    running.wait()
    slices = 0
    while call.is_alive():
        time.sleep(0.005)
        slices += 1
    assert slices > 5


@pytest.mark.parametrize("order", list(itertools.permutations(["onnx", "onnxruntime", "tilework"])))
def test_imports_work_in_every_order(order):
    script = "import " + ", ".join(order) + "; print(tilework.Target('edge').name)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.strip() == "edge", run.stderr


def test_onnx_still_reads_models_beside_the_module(matmul_model):
    onnx.load_from_string(matmul_model.SerializeToString())
