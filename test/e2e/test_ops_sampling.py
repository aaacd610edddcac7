# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pools, resizing, padding with what is there, and blocks between depth and space,
against ONNX Runtime."""

import itertools

import numpy as np
import pytest
import tilework as tw
from on_chip import Case, check, normal, reference, target_named
from onnx import helper

EXACT = dict(relative=0.0, absolute=1e-30)


def node(op, inputs, **attributes):
    return [helper.make_node(op, inputs.split(), ["y"], "node", **attributes)]


def pools():
    for op, bound in (("AveragePool", dict(absolute=2.0**-7)), ("MaxPool", EXACT)):
        for name, shape, attributes in (
            ("tiles", (2, 3, 12, 8), dict(kernel_shape=[3, 2], strides=[3, 2])),
            ("overlapping", (1, 4, 9, 11), dict(kernel_shape=[3, 3], strides=[2, 2])),
            ("padded", (1, 3, 9, 11), dict(kernel_shape=[3, 3], pads=[1, 0, 1, 1])),
            ("one dimension", (2, 5, 40), dict(kernel_shape=[7], strides=[3], pads=[3, 2])),
            ("wide", (1, 2, 14, 13), dict(kernel_shape=[10, 12])),
            ("upper", (1, 2, 10), dict(kernel_shape=[4], strides=[3], auto_pad="SAME_UPPER")),
            ("lower", (1, 2, 10), dict(kernel_shape=[4], strides=[3], auto_pad="SAME_LOWER")),
            ("three dimensions", (1, 2, 4, 5, 6), dict(kernel_shape=[2, 2, 3])),
            (
                "rounded up",
                (1, 2, 8, 9),
                dict(kernel_shape=[3, 3], strides=[3, 2], pads=[0, 1, 0, 1], ceil_mode=1),
            ),
            (
                "dilated",
                (1, 2, 10, 9),
                dict(kernel_shape=[3, 2], dilations=[2, 3], strides=[1, 2], pads=[1, 1, 1, 1]),
            ),
        ):
            yield Case(f"{op}, {name}", node(op, "x", **attributes), {"x": normal(*shape)}, **bound)
    yield Case(
        "AveragePool, padding counted",
        node("AveragePool", "x", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
        {"x": normal(1, 3, 7, 8)},
        absolute=2.0**-7,
    )
    for op in ("GlobalAveragePool", "GlobalMaxPool"):
        yield Case(op, node(op, "x"), {"x": normal(2, 3, 5, 7)}, absolute=2.0**-7)


def resizes():
    x = normal(1, 2, 5, 6)
    coordinates = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")
    for mode, place, size in itertools.product(
        ("nearest", "linear", "cubic"), coordinates, ([1, 2, 10, 9], [1, 2, 3, 4], [1, 2, 1, 13])
    ):
        attributes = dict(mode=mode, coordinate_transformation_mode=place)
        if mode == "nearest":
            attributes["nearest_mode"] = "floor" if place == "asymmetric" else "round_prefer_floor"
        yield Case(
            f"{mode} {place} to {size[2:]}",
            node("Resize", "x r s n", **attributes),
            {"x": x},
            {"r": np.zeros(0, np.float32), "s": np.zeros(0, np.float32), "n": np.array(size)},
            absolute=0 if mode == "nearest" else 2.0**-6,
        )
    for nearest in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
        for scale in (2.0, 1.5, 0.6):
            yield Case(
                f"nearest, {nearest} {scale}",
                node("Resize", "x r s", mode="nearest", nearest_mode=nearest),
                {"x": x},
                {
                    "r": np.zeros(0, np.float32),
                    "s": np.array([1, 1, scale, scale], np.float32),
                },
                **EXACT,
            )
    for scale in (0.7, 0.35):  # as floats below, of 20 elements 14 and 7
        yield Case(
            f"a whole size by {scale}",
            node("Resize", "x r s", mode="linear"),
            {"x": normal(1, 2, 10, 20)},
            {"r": np.zeros(0, np.float32), "s": np.array([1, 1, 1, scale], np.float32)},
            absolute=2.0**-6,
        )
    for mode, extra in (
        ("cubic", dict(exclude_outside=1)),
        ("cubic", dict(cubic_coeff_a=-0.5)),
        ("linear", dict(antialias=1)),
        ("cubic", dict(antialias=1)),
        ("linear", dict(coordinate_transformation_mode="half_pixel_symmetric")),
    ):
        yield Case(
            f"{mode} {extra}",
            node("Resize", "x r s", mode=mode, **extra),
            {"x": normal(1, 2, 9, 10)},
            {"r": np.zeros(0, np.float32), "s": np.array([1, 1, 0.6, 0.45], np.float32)},
            absolute=2.0**-6,
        )
    yield Case(
        "a region",
        node(
            "Resize",
            "x r s n",
            mode="linear",
            coordinate_transformation_mode="tf_crop_and_resize",
            extrapolation_value=3.0,
        ),
        {"x": x},
        {
            "r": np.array([0, 0, 0.4, 0.6, 1, 1, 1.2, 1.7], np.float32),
            "s": np.zeros(0, np.float32),
            "n": np.array([1, 2, 3, 3]),
        },
        absolute=2.0**-6,
    )
    yield Case(
        "of operator set 10",
        node("Resize", "x s", mode="linear"),
        {"x": x},
        {"s": np.array([1, 1, 2, 3], np.float32)},
        10,
        absolute=2.0**-6,
    )
    yield Case(
        "Upsample",
        node("Upsample", "x s", mode="nearest"),
        {"x": x},
        {"s": np.array([1, 1, 2, 3], np.float32)},
        9,
        **EXACT,
    )


def moves():
    x = normal(2, 4, 6, 8)
    for mode in ("reflect", "edge", "wrap"):
        for pads in (
            [0, 0, 2, 3, 0, 0, 1, 2],
            [1, 3, 0, 0, 1, 2, 0, 0],
            [0, 0, -1, 2, 0, 0, 2, -3],
        ):
            yield Case(
                f"Pad {mode} {pads}",
                node("Pad", "x p", mode=mode),
                {"x": x},
                {"p": np.array(pads)},
                **EXACT,
            )
    for mode in ("DCR", "CRD"):
        yield Case(mode, node("DepthToSpace", "x", blocksize=2, mode=mode), {"x": x}, **EXACT)
    yield Case("SpaceToDepth", node("SpaceToDepth", "x", blocksize=2), {"x": x}, **EXACT)


CASES = [case for make in (pools, resizes, moves) for case in make()]


@pytest.mark.parametrize("target", ["edge", "odd"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_computes_what_onnx_runtime_does(case, target):
    check(case, target)


PLACES = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
          "tf_half_pixel_for_nn", "half_pixel_symmetric", "tf_crop_and_resize")  # fmt: skip
NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


@pytest.mark.parametrize("place", (*PLACES, "of operator set 10"))
def test_the_nearest_element_is_that_of_onnx_runtime(place):
    """Places are quotients in fp32; a half is one within 1e-6 of it."""
    rng = np.random.default_rng(sum(map(ord, place)))
    tried = 0
    while tried < 60:
        size, other = (int(n) for n in rng.integers(1, 41, 2))
        scale = np.float32(rng.choice([other / size, rng.uniform(0.2, 4), rng.integers(2, 5)]))
        attributes, opset = dict(mode="nearest"), 10
        weights = {"s": np.array([1, scale], np.float32)}
        inputs = "x s"
        if place in PLACES:
            opset = 13
            attributes |= dict(
                coordinate_transformation_mode=place, nearest_mode=rng.choice(NEAREST)
            )
            first = np.float32(rng.uniform(-0.3, 0.6))
            region = [0, first, 1, first + rng.uniform(0.1, 1)]
            weights["r"] = np.array(region if "crop" in place else [], np.float32)
            inputs = "x r s"
            if rng.random() < 0.5:
                weights["s"] = np.zeros(0, np.float32)
                weights["n"] = np.array([1, other])
                inputs = "x r s n"
        case = Case("", node("Resize", inputs, **attributes), {}, weights, opset)
        case.feeds["x"] = np.arange(size, dtype=np.float32)[None]
        try:
            executable = tw.compile(case.model, target="nano")
        except tw.UnsupportedModel:  # a size that is not whole, or none
            continue
        (wanted,) = reference(case.model, case.feeds).values()
        if "crop" in place and wanted.shape == case.feeds["x"].shape:
            continue  # ONNX Runtime copies the input, whatever the region is
        tried += 1
        what = f"{size} {weights} {attributes}"
        np.testing.assert_array_equal(executable(**case.feeds)["y"], wanted, what)


@pytest.mark.parametrize("mode", ("nearest", "linear", "cubic"))
@pytest.mark.parametrize("scale", (1.0, 1.125, 1.5))
def test_a_scale_that_changes_no_size_moves_nothing_alone(scale, mode):
    weights = {"r": np.zeros(0, np.float32), "s": np.array([1, 1, scale, 1.125], np.float32)}
    attributes = dict(nearest_mode="floor") if mode == "nearest" else {}
    nodes = node("Resize", "x r s", mode=mode, **attributes)
    check(Case("", nodes, {"x": normal(1, 2, 5, 4)}, weights, 13, absolute=2.0**-6), "nano")


@pytest.mark.parametrize(
    "nodes, weights",
    [
        (node("AveragePool", "x", kernel_shape=[3, 3], pads=[1, 1, 1, 1]), {}),
        (
            node("Resize", "x r s", mode="linear"),
            {"r": np.zeros(0, np.float32), "s": np.array([1, 1, 1.6, 1.6], np.float32)},
        ),
    ],
)
def test_what_is_not_finite_stays_where_it_is_read(nodes, weights):
    x = normal(1, 2, 7, 7)
    x[0, 0, 2, 3], x[0, 0, 5, 1], x[0, 1, 6, 6] = np.inf, -np.inf, np.nan
    model = Case("", nodes, {"x": x}, weights).model
    got = tw.compile(model, target=target_named("edge"))(x=x)["y"]
    wanted = reference(model, {"x": x})["y"]
    # ONNX Runtime multiplies what it does not read by zero, which gives NaN for an infinity.
    wanted = np.where(np.isnan(wanted) & np.isfinite(got), got, wanted)
    np.testing.assert_allclose(got, wanted, rtol=2.0**-6, atol=2.0**-5)
    assert np.isfinite(got).mean() > 0.5
