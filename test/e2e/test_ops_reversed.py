# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Slices with negative steps of computed values: each element is the right one."""

import numpy as np
import pytest
import tilework as tw
from on_chip import build, normal, reference, target_named
from onnx import helper

LEAST, MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
X = normal(3, 5, 9)


@pytest.mark.parametrize("target", ["nano", "odd"])
@pytest.mark.parametrize(
    "starts, ends, axes, steps",
    [
        ([-1], [LEAST], [2], [-1]),
        ([MOST], [LEAST], [0], [-1]),
        ([-2], [0], [1], [-2]),
        ([2, 8, 0], [LEAST, 1, 4], [0, 2, 1], [-1, -3, 2]),
        ([0], [LEAST], [2], [-4]),
        ([-20, -6], [LEAST, LEAST], [2, 1], [-1, -2]),  # from before the first: the first
    ],
)
def test_a_negative_step_counts_backwards(starts, ends, axes, steps, target):
    weights = {n: np.int64(v) for n, v in zip("sead", (starts, ends, axes, steps))}
    nodes = [
        helper.make_node("Slice", ["x", "s", "e", "a", "d"], ["r"]),
        helper.make_node("Relu", ["r"], ["y"]),
    ]
    model = build(nodes, {"x": X}, weights)
    got = tw.compile(model, target=target_named(target))(x=X)
    np.testing.assert_array_equal(got["y"], reference(model, {"x": X})["y"])
