# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fourier transforms of dimensions and of windows over a signal, against ONNX Runtime."""

import itertools

import numpy as np
import pytest
import tilework as tw
from on_chip import Case, build, check, normal, worst
from onnx import helper

ROUNDED = 2.0**-7  # of the largest: matrices and parts are bf16


def transform(opset, axis, length, **attributes):
    """Nodes and constants of a DFT: its axis was an attribute before set 20."""
    weights, inputs = {}, ["x", ""]
    if length:
        weights["n"], inputs[1] = np.int64(length), "n"
    if opset < 20:
        attributes["axis"] = axis
    else:
        weights["a"] = np.int64(axis)
        inputs.append("a")
    return [helper.make_node("DFT", inputs, ["y"], "node", **attributes)], weights


def transforms():
    for opset, parts, length, axis in itertools.product((17, 20), (1, 2), (None, 5, 12), (1, 2)):
        for inverse in (0, 1):
            nodes, weights = transform(opset, axis, length, inverse=inverse)
            x = {"x": normal(2, 8, 7, parts)}
            name = f"set {opset}, {parts} parts, length {length}, axis {axis}, inverse {inverse}"
            yield Case(name, nodes, x, weights, opset, absolute=ROUNDED)
    for length, axis in itertools.product((None, 5, 12), (1, -2)):
        nodes, weights = transform(20, axis, length, onesided=1)
        name = f"one-sided, length {length}, axis {axis}"
        yield Case(name, nodes, {"x": normal(3, 8, 7, 1)}, weights, absolute=ROUNDED)
    for parts, windowed, length in itertools.product((1, 2), (False, True), (16, 9)):
        weights = {"step": np.int64(5), "length": np.int64(length)}
        if windowed:
            weights["window"] = np.hanning(length).astype(np.float32)
        inputs = ["x", "step", "window" if windowed else "", "length"]
        nodes = [helper.make_node("STFT", inputs, ["y"], "node", onesided=2 - parts)]
        name = f"windows of {length}, {parts} parts, {'weighted' if windowed else 'plain'}"
        yield Case(name, nodes, {"x": normal(2, 50, parts)}, weights, 17, absolute=ROUNDED)
    step = {"step": np.int64(4)}
    nodes = [helper.make_node("STFT", ["x", "step", "window"], ["y"], "node")]
    signal = {"x": normal(2, 50, 1), "window": normal(12)}
    yield Case("a window that is computed", nodes, signal, step, 17, absolute=ROUNDED)


CASES = list(transforms())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_transforms_are_those_of_onnx_runtime(case):
    check(case, "nano")


@pytest.mark.parametrize("length", (None, 5, 8, 9, 14))
@pytest.mark.parametrize("axis", (0, 1))
def test_a_one_sided_spectrum_of_any_length_becomes_its_signal(length, axis):
    """NumPy's: ONNX Runtime mirrors what is cut off or missing."""
    x = normal(8, 6, 2)
    nodes, weights = transform(20, axis, length, onesided=1, inverse=1)
    got = tw.compile(build(nodes, {"x": x}, weights), target="nano")(x=x)["y"]
    wanted = np.fft.irfft(x[..., 0] + 1j * x[..., 1], length, axis)[..., None]
    assert worst(got, wanted, ROUNDED, ROUNDED) <= 1


def test_half_a_spectrum_of_real_numbers_is_refused():
    nodes, weights = transform(20, 1, None, onesided=1, inverse=1)
    with pytest.raises(tw.InvalidModel, match="half of a spectrum is complex"):
        tw.compile(build(nodes, {"x": normal(2, 5, 1)}, weights))


def test_an_imaginary_part_of_zeros_costs_nothing():
    """As exporters write the real part of a transform of real numbers."""
    x = normal(4, 6)
    nodes = [
        helper.make_node("Unsqueeze", ["x", "last"], ["real"]),
        helper.make_node("Concat", ["real", "zeros"], ["complex"], axis=-1),
        helper.make_node("DFT", ["complex", "", "one"], ["rows"]),
        helper.make_node("DFT", ["rows", "", "zero"], ["both"]),
        helper.make_node("Gather", ["both", "zero"], ["y"], axis=2),
    ]
    weights = {
        "last": np.array([-1]),
        "zeros": np.zeros((4, 6, 1), np.float32),
        "zero": np.int64(0),
        "one": np.int64(1),
    }
    executable = tw.compile(build(nodes, {"x": x}, weights), target="nano")
    wanted = np.fft.fft2(x).real
    assert worst(executable(x=x)["y"], wanted, ROUNDED, ROUNDED) <= 1
    work = executable.inspect()["statistics"]["work"]["matmuls"]
    products = sum(m * k * n * count for m, k, n, _, count in work)
    assert products == 2 * 4 * 6 * 6 + 2 * 4 * 4 * 6  # two of rows, two of columns
