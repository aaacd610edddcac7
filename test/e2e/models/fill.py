# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gives the graphs of this folder the seeded weights that export.py left out."""

import math

import numpy as np
import onnx


def load(path):
    """The model with every `seeded:<n>` marker replaced by values."""
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        entries = {e.key: e.value for e in tensor.external_data}
        if not entries.get("location", "").startswith("seeded:"):
            continue
        seed = int(entries["location"].split(":")[1])
        shape = list(tensor.dims)
        scale = 1.0 / math.sqrt(shape[0]) if len(shape) > 1 else 0.1
        values = np.random.default_rng(seed).normal(0, scale, shape).astype(np.float32)
        del tensor.external_data[:]
        tensor.ClearField("data_location")
        tensor.raw_data = values.tobytes()
    return model
