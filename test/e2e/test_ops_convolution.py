# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions as products over patches, and normalisations over channels, against
ONNX Runtime."""

import numpy as np
import pytest
from on_chip import Case, check, normal
from onnx import helper


def node(op, inputs, **attributes):
    return [helper.make_node(op, inputs.split(), ["y"], "node", **attributes)]


def convolution(name, x, w, **attributes):
    """The result cancels: the bound is of its largest."""
    weights = {"w": normal(*w, seed=1, scale=np.prod(w[1:]) ** -0.5), "b": normal(w[0], seed=2)}
    nodes = node("Conv", "x w b", **attributes)
    return Case(name, nodes, {"x": normal(*x)}, weights, absolute=2.0**-8)


CASES = [
    convolution("patches of an image", (1, 3, 32, 32), (40, 3, 16, 16), strides=[16, 16]),
    convolution("patches and a rest", (2, 3, 17, 23), (10, 3, 5, 7), strides=[5, 7]),
    convolution("audio", (1, 20, 37), (24, 20, 3), pads=[1, 1]),
    convolution("audio at half the rate", (1, 24, 37), (24, 24, 3), pads=[1, 1], strides=[2]),
    convolution("samples", (1, 1, 203), (16, 1, 10), strides=[5]),
    convolution("groups", (1, 16, 29), (16, 4, 5), pads=[2, 2], group=4),
    convolution("a channel a group", (1, 6, 9, 9), (6, 1, 3, 3), pads=[1, 1, 1, 1], group=6),
    convolution(
        "all at once",
        (2, 5, 9, 11),
        (7, 5, 3, 2),
        pads=[1, 0, 2, 1],
        strides=[2, 1],
        dilations=[1, 2],
    ),
    convolution("of one point", (1, 5, 4, 6), (9, 5, 1, 1)),
    convolution("of every second point", (1, 5, 5, 7), (9, 5, 1, 1), strides=[2, 2]),
    convolution("same size, more after", (1, 4, 10), (8, 4, 4), auto_pad="SAME_UPPER", strides=[3]),
    convolution("same size, more before", (1, 4, 10), (8, 4, 4), auto_pad="SAME_LOWER"),
    convolution("without padding", (1, 4, 10), (8, 4, 4), auto_pad="VALID"),
    convolution("three dimensions", (1, 2, 4, 5, 6), (3, 2, 2, 2, 2)),
    Case(
        "transposed, pads beyond what its output padding restores",
        node(
            "ConvTranspose",
            "x w b",
            pads=[1, 2, 2, 0],
            strides=[2, 4],
            dilations=[3, 2],
            output_padding=[1, 3],
        ),
        {"x": normal(1, 4, 6, 1)},
        {"w": normal(4, 5, 3, 1), "b": normal(5, seed=2)},
        absolute=2.0**-8,
    ),
    Case(
        "no bias",
        node("Conv", "x w"),
        {"x": normal(1, 3, 8)},
        {"w": normal(4, 3, 2)},
        absolute=2.0**-8,
    ),
    Case(
        "computed weights",
        node("Conv", "x w", pads=[1, 1]),
        {"x": normal(1, 3, 8), "w": normal(4, 3, 3)},
        absolute=2.0**-8,
    ),
    Case(
        "instances",
        node("InstanceNormalization", "x s b"),
        {"x": normal(2, 5, 37)},
        {"s": normal(5), "b": normal(5)},
        absolute=2.0**-7,
    ),
    Case(
        "groups of channels",
        node("GroupNormalization", "x s b", num_groups=3),
        {"x": normal(2, 6, 5, 7)},
        {"s": normal(6), "b": normal(6)},
        opset=21,
        absolute=2.0**-7,
    ),
]


@pytest.mark.parametrize("target", ["nano", "edge", "odd"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_computes_what_onnx_runtime_does(case, target):
    check(case, target)
