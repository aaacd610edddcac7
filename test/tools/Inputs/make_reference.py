# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes references for --check-stages: make_reference.py MODEL.onnx INPUT.npy

reference.npz  every value of the model, from ONNX Runtime
wrong.npz      the same with one value changed
reference/     the input and the output alone, as .npy files
packed.npz     reference.npz, compressed
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

model = onnx.load(sys.argv[1])
x = np.load(sys.argv[2])
outputs = {o.name for o in model.graph.output}
for node in model.graph.node:
    for name in node.output:
        if name not in outputs:
            model.graph.output.append(
                onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            )
session = onnxruntime.InferenceSession(
    model.SerializeToString(), providers=["CPUExecutionProvider"]
)
names = [o.name for o in session.get_outputs()]
values = {"x": x} | dict(zip(names, session.run(names, {"x": x})))
np.savez("reference.npz", **values)
np.savez_compressed("packed.npz", **values)
wrong = dict(values)
wrong["p"] = values["p"].copy()
wrong["p"][3, 5] += 0.25
np.savez("wrong.npz", **wrong)
np.savez("no_input.npz", y=values["y"])
Path("reference").mkdir()
np.save("reference/x.npy", x)
np.save("reference/y.npy", values["y"])
