# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a model whose weights, all VALUE, are in a file beside it, and its input of ones.

external_model.py FOLDER VALUE: model.onnx, weights.bin, x.npy, and y.npy, what the model gives. All
files but weights.bin and y.npy are the same whatever VALUE is, and weights.bin has one time.
"""

import os
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 8

folder, value = Path(sys.argv[1]), float(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
weights = np.full((SIZE, SIZE), value, np.float32)
graph = helper.make_graph(
    [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
    "external",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, SIZE])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    [numpy_helper.from_array(weights, "w")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
(folder / "weights.bin").unlink(missing_ok=True)
onnx.save_model(
    model,
    folder / "model.onnx",
    save_as_external_data=True,
    location="weights.bin",
    size_threshold=0,
)
os.utime(folder / "weights.bin", (1e9, 1e9))
ones = np.ones((1, SIZE), np.float32)
np.save(folder / "x.npy", ones)
np.save(folder / "y.npy", ones @ weights)
