# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Encoders of the base shape, as PyTorch's exporters write them, against ONNX Runtime.

The graphs stand in models/; their weights are drawn when a test loads them. The
last op of each is a layer normalisation of unit variance, so that errors are
relative to 1.
"""

import pathlib
import sys

import numpy as np
import on_chip
import pytest
import tilework as tw

MODELS = pathlib.Path(__file__).parent / "models"
sys.path.insert(0, str(MODELS))
import fill  # noqa: E402

NAMES = sorted(path.stem for path in MODELS.glob("*.onnx"))
TARGETS = {"edge": ("edge", {}), "mobile": ("mobile", {}), "odd": ("edge", on_chip.ODD)}
SEED = 17


@pytest.fixture(scope="module", params=NAMES)
def model(request):
    return fill.load(MODELS / f"{request.param}.onnx")


def feeds_of(model, batch, length):
    """Tokens from a seed; rows end in padding of different lengths."""
    random = np.random.default_rng(SEED)
    mask = np.ones((batch, length), np.int64)
    for row in range(batch):
        mask[row, length - row * (length // 3) :] = 0
    # RoBERTa tells padding by its id, 1.
    feeds = {
        "input_ids": np.where(mask, random.integers(3, 160, (batch, length)), 1),
        "attention_mask": mask,
        "token_type_ids": random.integers(0, 2, (batch, length)),
    }
    return {i.name: feeds[i.name] for i in model.graph.input}


def cosines(a, b):
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def mean_of_tokens(hidden, mask):
    return (hidden * mask[..., None]).sum(1) / mask.sum(1)[:, None]


def check(got, wanted, mask):
    """Bounds of bf16 done right: several times below what 16 lost columns cost."""
    a, b = got["last_hidden_state"], wanted["last_hidden_state"]
    kept = mask.astype(bool)
    assert np.isfinite(a).all()
    embeddings = cosines(mean_of_tokens(a, mask), mean_of_tokens(b, mask)).min()
    tokens = cosines(a[kept], b[kept]).min()
    rms = np.sqrt(((a[kept] - b[kept]) ** 2).mean())
    print(f"seed {SEED}: embedding {embeddings:.6f}, token {tokens:.6f}, RMS {rms:.4f}")
    assert embeddings >= 0.9998 and tokens >= 0.9995 and rms <= 0.015
    if "pooled" in wanted:
        assert cosines(got["pooled"], wanted["pooled"]).min() >= 0.9998


@pytest.mark.parametrize(
    "target,batch,length", [("edge", 1, 128), ("mobile", 2, 37), ("odd", 2, 37), ("edge", 3, 5)]
)
def test_encoders_are_those_of_onnx_runtime(model, target, batch, length):
    feeds = feeds_of(model, batch, length)
    wanted = on_chip.reference(model, feeds)
    name, changes = TARGETS[target]
    executable = tw.compile(
        model, target=tw.Target(name, changes), dims={"batch": batch, "sequence": length}
    )
    check(executable(**feeds), wanted, feeds["attention_mask"])


def test_padding_changes_nothing(model):
    """What stands behind the mask does not reach the tokens before it."""
    feeds = feeds_of(model, 1, 16)
    feeds["attention_mask"][:, 11:] = 0
    executable = tw.compile(model, target="edge", dims={"batch": 1, "sequence": 16})
    first = executable(**feeds)["last_hidden_state"]
    feeds["input_ids"][:, 11:] += 1
    again = executable(**feeds)["last_hidden_state"]
    np.testing.assert_array_equal(first[:, :11], again[:, :11])
