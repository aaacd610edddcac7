# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The module in a process: Ctrl-C, threads, the order of imports."""

import concurrent.futures
import itertools
import os
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


def quickest_interruption(call, delay):
    """Of five tries, so that only a machine that is busy all the time misses 100 ms."""
    times = [interrupted_after(call, delay) for _ in range(5)]
    assert None not in times, "the call ended before it was interrupted"
    return min(times)


@pytest.mark.parametrize("engine", ["functional", "systemc", "rtl"])
def test_ctrl_c_ends_a_run_within_100_ms(long_model, engine):
    executable = tw.compile(long_model)
    inputs = executable.draw_inputs()
    assert quickest_interruption(lambda: executable(engine=engine, **inputs), 0.05) < 0.1


def test_ctrl_c_ends_a_compilation_within_100_ms(long_model):
    model = long_model.SerializeToString()
    assert quickest_interruption(lambda: tw.compile(model), 0.01) < 0.1


def test_the_package_works_on_after_an_interruption(long_model, executable, x):
    model = long_model.SerializeToString()
    before = executable(x=x)["y"]
    assert interrupted_after(lambda: tw.compile(model), 0.01) is not None
    assert np.array_equal(executable(x=x)["y"], before)
    assert tw.compile(long_model).simulate(timing_only=True).cycles > 0


@pytest.mark.parametrize("call", ["compile", "simulate"])
def test_other_threads_run_during_a_call(long_model, call):
    model = long_model.SerializeToString()
    executable = tw.compile(model)
    inputs = executable.draw_inputs()
    work = {"compile": lambda: tw.compile(model), "simulate": lambda: executable.simulate(inputs)}
    thread = threading.Thread(target=work[call])
    thread.start()
    slices = 0
    while thread.is_alive():
        time.sleep(0.005)
        slices += 1
    assert slices > 5


def test_calls_in_several_threads_give_what_they_give_alone(executable):
    seeds = range(1, 7)
    alone = [executable.simulate(seed=seed) for seed in seeds]
    with concurrent.futures.ThreadPoolExecutor(len(seeds)) as pool:
        together = list(pool.map(lambda seed: executable.simulate(seed=seed), seeds))
    for first, second in zip(alone, together):
        assert first.digest == second.digest and first.cycles == second.cycles


def test_a_forked_process_works_on(executable, x):
    expected = executable(x=x)["y"]
    cycles = executable.simulate({"x": x}).cycles
    child = os.fork()
    if child == 0:
        code = 1
        try:
            same = np.array_equal(executable(x=x)["y"], expected)
            code = 0 if same and executable.simulate({"x": x}).cycles == cycles else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("order", list(itertools.permutations(["onnx", "onnxruntime", "tilework"])))
def test_imports_work_in_every_order(order):
    script = f"""
import {", ".join(order)}
import numpy
from onnx import TensorProto, helper
node = helper.make_node("Relu", ["x"], ["y"])
values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 8]) for name in "xy"]
graph = helper.make_graph([node], "g", values[:1], values[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
x = numpy.linspace(-1, 1, 16, dtype=numpy.float32).reshape(2, 8)
ours = tilework.compile(model)(x=x)["y"]
session = onnxruntime.InferenceSession(
    model.SerializeToString(), providers=["CPUExecutionProvider"])
assert numpy.allclose(ours, session.run(None, {{"x": x}})[0], atol=0.01)
print(tilework.Target("edge").name)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.strip() == "edge", run.stderr


def test_onnx_still_reads_models_beside_the_module(matmul_model):
    onnx.load_from_string(matmul_model.SerializeToString())
