# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Indexing, padding, pools, resizing and convolutions of random shapes and attributes,
against ONNX Runtime. A seed is a case; what fails is found again by its number."""

import numpy as np
import pytest
from on_chip import Case, check, reference, to_bf16
from onnx import helper

EXACT = dict(relative=0.0, absolute=1e-30)
SEEDS = 12


class Draw:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def number(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def numbers(self, low, high, count):
        return [self.number(low, high) for _ in range(count)]

    def one(self, values):
        return values[self.number(0, len(values) - 1)]

    def floats(self, shape):
        return to_bf16(self.rng.normal(0, 1, shape))

    def indices(self, size, shape):
        """In any order, in order, repeated, or backwards."""
        count = int(np.prod(shape))
        kind = self.one(["any", "run", "repeat", "back", "band"])
        steps = np.arange(count)
        values = {
            "any": self.rng.integers(-size, size, count),
            "run": (steps + self.number(0, size - 1)) % size,
            "repeat": steps // self.number(1, 3) % size,
            "back": -1 - steps % size,
            "band": np.clip(
                steps // max(shape[-1], 1) - steps % max(shape[-1], 1) + size // 2, 0, size - 1
            ),
        }[kind]
        return values.reshape(shape)


def case(op, inputs, feeds, weights, bound, opset=20, **attributes):
    node = helper.make_node(op, inputs.split(), ["y"], "node", **attributes)
    return Case(f"{op} {attributes}", [node], feeds, weights, opset, **bound)


def placed(d, op, inputs, feeds, indices, bound=EXACT, **attributes):
    given = d.number(0, 1)
    feeds, weights = dict(feeds), {}
    (feeds if given else weights)["i"] = indices
    return case(op, inputs, feeds, weights, bound, **attributes)


def gather_elements(d):
    shape = d.numbers(1, 9, d.number(1, 4))
    axis = d.number(0, len(shape) - 1)
    wanted = [d.number(1, n) for n in shape]
    wanted[axis] = d.number(1, 12)
    x = d.floats(shape)
    return placed(d, "GatherElements", "x i", {"x": x}, d.indices(shape[axis], wanted), axis=axis)


def gather(d):
    shape = d.numbers(1, 9, d.number(1, 4))
    axis = d.number(0, len(shape) - 1)
    indices = d.indices(shape[axis], d.numbers(1, 5, d.number(1, 3)))
    return placed(d, "Gather", "x i", {"x": d.floats(shape)}, indices, axis=axis)


def gather_nd(d):
    shape = d.numbers(2, 6, d.number(2, 4))
    batch = d.number(0, 1)
    depth = d.number(1, len(shape) - batch)
    outer = shape[:batch] + d.numbers(1, 5, d.number(1 - batch, 2))
    parts = [d.indices(n, outer) for n in shape[batch : batch + depth]]
    x = d.floats(shape)
    return placed(d, "GatherND", "x i", {"x": x}, np.stack(parts, -1), batch_dims=batch)


def scatter_nd(d):
    shape = d.numbers(2, 6, d.number(1, 4))
    depth = d.number(1, len(shape))
    size = int(np.prod(shape[:depth]))
    count = d.number(1, min(size, 7))
    places = d.rng.permutation(size)[:count]
    indices = np.stack(np.unravel_index(places, shape[:depth]), -1)
    feeds = {"x": d.floats(shape), "u": d.floats([count, *shape[depth:]])}
    return placed(d, "ScatterND", "x i u", feeds, indices)


def scatter_elements(d):
    shape = d.numbers(1, 7, d.number(1, 3))
    axis = d.number(0, len(shape) - 1)
    wanted = [d.number(1, n) for n in shape]
    order = np.argsort(d.rng.normal(size=shape), axis)
    indices = order[tuple(slice(n) for n in wanted)]
    feeds = {"x": d.floats(shape), "u": d.floats(wanted)}
    return placed(d, "ScatterElements", "x i u", feeds, indices, axis=axis)


def pad(d):
    shape = d.numbers(3, 9, d.number(1, 4))
    mode = d.one(["constant", "reflect", "edge", "wrap"])
    pads = np.array(d.numbers(0, 2, 2 * len(shape)))
    return case("Pad", "x p", {"x": d.floats(shape)}, {"p": pads}, EXACT, mode=mode)


def slice_back(d):
    shape = d.numbers(2, 12, d.number(1, 5))
    starts, ends, steps = [], [], []
    for n in shape:
        step = d.one([-3, -2, -1, -1, 1, 2])
        starts.append(d.number(n // 2, n - 1) if step < 0 else d.number(0, n // 2))
        ends.append(-n - 1 if step < 0 else n)
        steps.append(step)
    weights = {n: np.array(v) for n, v in zip("sead", (starts, ends, range(len(shape)), steps))}
    return case("Slice", "x s e a d", {"x": d.floats(shape)}, weights, EXACT)


def windows(d, count):
    kernel = d.numbers(1, 4, count)
    return kernel, dict(
        strides=d.numbers(1, 3, count),
        dilations=d.numbers(1, 2, count),
        pads=[d.number(0, k // 2) for k in kernel * 2],
    )


def pool(d):
    count = d.number(1, 3)
    kernel, attributes = windows(d, count)
    op = d.one(["MaxPool", "AveragePool"])
    x = d.floats([d.number(1, 2), d.number(1, 5), *d.numbers(8, 11, count)])
    if op == "AveragePool":
        attributes["count_include_pad"] = d.number(0, 1)
    attributes["ceil_mode"] = d.number(0, 1)
    bound = EXACT if op == "MaxPool" else dict(absolute=2.0**-6)
    return case(op, "x", {"x": x}, {}, bound, kernel_shape=kernel, **attributes)


def convolution(d):
    count = d.number(1, 2)
    kernel, attributes = windows(d, count)
    groups, each, filters = d.number(1, 4), d.number(1, 6), d.number(1, 6)
    x = d.floats([d.number(1, 2), groups * each, *d.numbers(8, 14, count)])
    w = d.floats([groups * filters, each, *kernel])
    b = d.floats([groups * filters])
    bound = dict(absolute=2.0**-6)
    return case("Conv", "x w b", {"x": x}, {"w": w, "b": b}, bound, group=groups, **attributes)


def transposed_convolution(d):
    count = d.number(1, 2)
    kernel, attributes = windows(d, count)
    groups, each, filters = d.number(1, 3), d.number(1, 4), d.number(1, 4)
    x = d.floats([d.number(1, 2), groups * each, *d.numbers(3, 7, count)])
    w = d.floats([groups * each, filters, *kernel])
    attributes["pads"] = [0] * (2 * count)
    attributes["output_padding"] = [d.number(0, s - 1) for s in attributes["strides"]]
    bound = dict(absolute=2.0**-6)
    return case("ConvTranspose", "x w", {"x": x}, {"w": w}, bound, group=groups, **attributes)


def resize(d):
    mode = d.one(["nearest", "linear", "cubic"])
    x = d.floats([1, d.number(1, 3), d.number(3, 9), d.number(3, 9)])
    sizes = np.array([1, x.shape[1], d.number(2, 14), d.number(2, 14)])
    place = d.one(["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"])
    bound = EXACT if mode == "nearest" else dict(absolute=2.0**-6)
    none = np.zeros(0, np.float32)
    return case(
        "Resize",
        "x r s n",
        {"x": x},
        {"r": none, "s": none, "n": sizes},
        bound,
        mode=mode,
        coordinate_transformation_mode=place,
        nearest_mode=d.one(["round_prefer_floor", "floor", "ceil"]),
    )


def running_sum(d):
    shape = d.numbers(1, 12, d.number(1, 3))
    weights = {"a": np.array(d.number(0, len(shape) - 1))}
    attributes = dict(exclusive=d.number(0, 1), reverse=d.number(0, 1))
    bound = dict(absolute=2.0**-7)
    return case("CumSum", "x a", {"x": d.floats(shape)}, weights, bound, **attributes)


MAKERS = (
    gather_elements,
    gather,
    gather_nd,
    scatter_nd,
    scatter_elements,
    pad,
    slice_back,
    pool,
    convolution,
    transposed_convolution,
    resize,
    running_sum,
)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_it_computes_what_onnx_runtime_does(make, seed):
    drawn = make(Draw(seed))
    wanted = reference(drawn.model, drawn.feeds)
    check(drawn, ("edge", "odd", "nano")[seed % 3], wanted)
