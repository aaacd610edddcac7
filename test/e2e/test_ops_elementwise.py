# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elementwise ops alone on the chip: values of every function and broadcast."""

import numpy as np
import on_chip
import pytest
from on_chip import MICROSOFT, Case, normal, to_bf16, uniform
from onnx import TensorProto, helper

SHAPE = (3, 7, 37)


def one(op, *feeds, name=None, weights=None, opset=20, domain="", **attributes):
    """A case of one node whose inputs are `feeds`, then `weights`."""
    bound = {k: attributes.pop(k) for k in ("relative", "absolute") if k in attributes}
    inputs = {f"x{i}": x for i, x in enumerate(feeds)}
    weights = {f"w{i}": w for i, w in enumerate(weights or [])}
    node = helper.make_node(op, [*inputs, *weights], ["y"], domain=domain, **attributes)
    return Case(name or op, [node], inputs, weights, opset, **bound)


def wide(seed=0):
    """Values on which activations differ: small, around ±3, and large."""
    return np.concatenate(
        [uniform(-6, 6, 3, 7, 30, seed=seed), normal(3, 7, 7, seed=seed + 1, scale=0.01)], -1
    )


def unary():
    positive = uniform(0.01, 20, *SHAPE)
    for op in ("Abs", "Neg", "Relu", "Sigmoid", "Tanh", "Erf", "Identity"):
        yield one(op, wide())
    yield one("Exp", uniform(-8, 8, *SHAPE))
    yield one("Log", positive)
    yield one("Sqrt", positive)
    yield one("Reciprocal", positive)
    yield one("Softplus", uniform(-20, 100, *SHAPE))
    yield one("LeakyRelu", wide(), alpha=0.1)
    yield one("LeakyRelu", wide(), alpha=1.5, name="LeakyRelu steep")
    yield one("Gelu", wide())
    yield one("Gelu", wide(), approximate="tanh", name="Gelu tanh")
    yield one("Swish", wide(), opset=24)
    yield one("Swish", wide(), opset=24, alpha=1.7, name="Swish alpha")
    yield one("Gelu", wide(), domain=MICROSOFT, name="ms Gelu")
    yield one("FastGelu", wide(), domain=MICROSOFT)
    yield one("FastGelu", wide(), domain=MICROSOFT, weights=[normal(37)], name="FastGelu bias")
    yield one("BiasGelu", wide(), domain=MICROSOFT, weights=[normal(37)])
    yield one("QuickGelu", wide(), domain=MICROSOFT)
    yield one("Dropout", wide())
    for low, high in ((-1.0, 1.5), (0.0, 6.0), (-3.0e38, 2.0)):
        limits = [np.float32(low), np.float32(high)]
        yield one("Clip", wide(), weights=limits, name=f"Clip {low} {high}")
    yield one("Clip", wide(), opset=10, min=-1.0, max=2.0, name="Clip attributes")
    for exponent in (1.0, 2.0, 3.0, 0.5, -0.5, -1.0):
        yield one("Pow", positive, weights=[np.float32(exponent)], name=f"Pow {exponent}")
    for shape in ((1,), (1, 1), (130,), (1, 130), (130, 1), (2, 3, 4, 5, 6), (37, 130)):
        yield one("Tanh", normal(*shape), name=f"Tanh {shape}")
    yield one("Tanh", np.array(0.5, np.float32), name="Tanh scalar")


def gates():
    """x · f(x) at both ends of the range: of minus infinity it is NaN."""
    x = np.array([[-np.inf, -3.0e38, -100, -1, -0.0, 0.0, 1, 100, 3.0e38, np.inf, np.nan]])
    x = to_bf16(x.repeat(7, 0))
    for op in ("Gelu", "FastGelu", "QuickGelu"):
        yield one(op, x, domain=MICROSOFT, name=f"ms {op} at the ends")
    yield one("Gelu", x, name="Gelu at the ends")
    yield one("Gelu", x, approximate="tanh", name="Gelu tanh at the ends")
    yield one("Swish", x, opset=24, name="Swish at the ends")
    root, one_, half = (np.float32(v) for v in (2**0.5, 1, 0.5))
    steps = [("Div", "x", "r", "a"), ("Erf", "a", "b"), ("Add", "b", "o", "c")]
    steps += [("Mul", "x", "c", "d"), ("Mul", "d", "h", "y")]
    nodes = [helper.make_node(op, [*ins], [out]) for op, *ins, out in steps]
    yield Case("Gelu by hand at the ends", nodes, {"x": x}, {"r": root, "o": one_, "h": half})
    steps = [("Sigmoid", "x", "a"), ("Mul", "a", "x", "y")]
    nodes = [helper.make_node(op, [*ins], [out]) for op, *ins, out in steps]
    yield Case("SiLU by hand at the ends", nodes, {"x": x})


BROADCASTS = [
    ((7, 37), (7, 37)),
    ((2, 7, 37), (37,)),
    ((2, 7, 37), (7, 1)),
    ((2, 7, 37), (2, 1, 1)),
    ((2, 7, 37), (2, 1, 37)),
    ((2, 7, 1), (2, 1, 37)),
    ((7, 1), (1, 37)),
    ((1, 37), (7, 37)),
    ((2, 3, 4, 5), (3, 1, 5)),
    ((130,), (1,)),
    ((2, 1, 7, 1), (2, 5, 1, 9)),
]


def binary():
    for op in ("Add", "Sub", "Mul", "Div"):
        for a, b in BROADCASTS:
            if op == "Div":
                y = uniform(0.5, 4, *b, seed=1)
            else:
                y = normal(*b, seed=1)
            # A row of divisors is inverted once and stored: two roundings.
            bound = dict(relative=(2 if op == "Div" else 1) * on_chip.ROUNDED, absolute=4e-6)
            yield one(op, normal(*a), y, name=f"{op} {a} {b}", **bound)
            yield one(op, normal(*a), weights=[y], name=f"{op} {a} constant {b}", **bound)
    for op in ("Max", "Min"):
        yield one(op, normal(*SHAPE), normal(*SHAPE, seed=1), absolute=2**-8)
        yield one(
            op,
            normal(*SHAPE),
            normal(*SHAPE, seed=1),
            normal(*SHAPE, seed=2),
            name=f"{op} of three",
            absolute=2**-8,
        )
        yield one(op, normal(*SHAPE), weights=[np.float32(0.25)], name=f"{op} scalar")
    for op in ("Sum", "Mean"):
        yield one(op, *(normal(*SHAPE, seed=s) for s in range(3)), absolute=4e-6)
    for op in ("Add", "Sub", "Mul", "Div"):
        scalar = np.float32(1.375)
        yield one(op, normal(*SHAPE), weights=[scalar], name=f"{op} scalar")
        node = helper.make_node(op, ["w", "x"], ["y"])
        feeds = {"x": uniform(0.5, 3, *SHAPE)}
        yield Case(f"{op} from scalar", [node], feeds, {"w": scalar}, absolute=4e-6)
        yield Case(
            f"{op} with itself", [helper.make_node(op, ["x", "x"], ["y"])], feeds, absolute=4e-6
        )


def selections():
    keep = np.random.default_rng(3).random(SHAPE) < 0.5
    x, z = normal(*SHAPE), normal(*SHAPE, seed=1)
    where = [helper.make_node("Where", ["c", "x", "z"], ["y"])]
    yield Case("Where", where, {"c": keep, "x": x, "z": z})
    yield Case("Where constant condition", where, {"x": x, "z": z}, {"c": keep})
    for shape in ((37,), (7, 1), (3, 1, 1)):
        c = np.random.default_rng(4).random(shape) < 0.5
        yield Case(f"Where {shape}", where, {"c": c, "x": x, "z": z})
    yield Case("Where scalar", where, {"c": keep, "x": x}, {"z": np.float32(-5.0)})
    yield Case("Where scalar first", where, {"c": keep, "z": x}, {"x": np.float32(0.0)})
    for low in (np.finfo(np.float32).min, -np.inf):
        yield Case(
            f"softmax of Where {low}",
            [
                helper.make_node("Where", ["c", "x", "z"], ["m"]),
                helper.make_node("Softmax", ["m"], ["y"], axis=-1),
            ],
            {"c": keep, "x": x},
            {"z": np.float32(low)},
            absolute=2**-8,
        )
    mask = np.random.default_rng(5).integers(0, 2, (3, 37))
    yield Case(
        "mask to float",
        [
            helper.make_node("Cast", ["m"], ["f"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["f", "axes"], ["u"]),
            helper.make_node("Mul", ["x", "u"], ["y"]),
        ],
        {"m": mask, "x": normal(3, 37, 7)},
        {"axes": np.array([-1])},
    )


CASES = {case.name: case for make in (unary, gates, binary, selections) for case in make()}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("target", on_chip.TARGETS)
def test_values_are_those_of_onnx_runtime(target, name, tmp_path):
    executable = on_chip.check(CASES[name], target)
    if target == "odd":
        on_chip.check_shadowed(executable, CASES[name].feeds, tmp_path)
