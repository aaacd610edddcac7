# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gives the graphs of this folder the seeded weights that export.py left out."""

import math

import numpy as np
import onnx


def load(path):
    """The model with every `seeded:<seed>:<mean>` marker replaced by values.

    Matrices keep the variance of what they multiply; vectors are their mean and
    a little noise.
    """
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        entries = {e.key: e.value for e in tensor.external_data}
        if not entries.get("location", "").startswith("seeded:"):
            continue
        seed, mean = (int(field) for field in entries["location"].split(":")[1:])
        shape = list(tensor.dims)
        scale = 1.0 / math.sqrt(shape[0]) if len(shape) > 1 else 0.1
        values = np.random.default_rng(seed).normal(mean, scale, shape).astype(np.float32)
        del tensor.external_data[:]
        tensor.ClearField("data_location")
        tensor.raw_data = values.tobytes()
    return model
