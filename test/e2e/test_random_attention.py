# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random graphs of one attention are what ONNX Runtime computes, NaN and infinities too."""

import subprocess

import on_chip
import onnx
import pytest
import random_attention


@pytest.mark.parametrize("target", ["nano", "edge"])
@pytest.mark.parametrize("first", range(0, 100, 20))
def test_random_attention_is_that_of_onnx_runtime(first, target):
    found = {seed: random_attention.wrong(seed, target) for seed in range(first, first + 20)}
    assert not {seed: sentence for seed, sentence in found.items() if sentence}


@pytest.mark.parametrize("seed", (32, 396))
def test_stages_agree_on_a_row_that_a_large_mask_hides(seed, tmp_path):
    """-1e9 leaves nothing of its scores."""
    model, _, _ = random_attention.draw(seed)
    onnx.save(model, tmp_path / "m.onnx")
    command = [on_chip.TILEWORK, "compile", tmp_path / "m.onnx", "-o", tmp_path / "m.tw"]
    done = subprocess.run([*command, "--check-stages"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
