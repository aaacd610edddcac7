# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small ONNX models on the chip against ONNX Runtime in fp32.

Inputs and weights are drawn from seeds and are bf16 numbers, so that both sides
read the same values. What is left is the chip's own rounding: within an op values
are fp32, and a result is stored once as bf16, which moves it by at most half a
unit in the last of 8 bits, 2^-8 of itself. That is the bound, `ROUNDED`; a case
states another where the chip stores a value in between or where a sum cancels.
"""

import dataclasses
import pathlib
import subprocess

import numpy as np
import onnxruntime
import tilework as tw
from onnx import TensorProto, helper, numpy_helper

MICROSOFT = "com.microsoft"
ROUNDED = 2.0**-8
TILEWORK = pathlib.Path(tw.__file__).parents[2] / "bin" / "tilework"

ODD = {
    "systolic_array.rows": 4,
    "systolic_array.columns": 8,
    "vector_unit.lanes": 4,
    "scratchpad.banks": 12,
    "scratchpad.size_bytes": 12 * 4096,
}
TARGETS = {"nano": ("nano", {}), "edge": ("edge", {}), "odd": ("edge", ODD)}


def target_named(name):
    base, changes = TARGETS[name]
    return tw.Target(base, changes)


def to_bf16(x):
    """The nearest bf16 numbers, as float32."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def normal(*shape, seed=0, scale=1.0):
    return to_bf16(np.random.default_rng(seed).normal(0, scale, shape))


def uniform(low, high, *shape, seed=0):
    return to_bf16(np.random.default_rng(seed).uniform(low, high, shape))


def ints(high, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, high, shape)


def build(nodes, feeds, weights=None, opset=20, outputs=("y",)):
    """A model of `nodes` with inputs as in `feeds` and constants `weights`."""
    inputs = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
        for n, v in feeds.items()
    ]
    graph = helper.make_graph(
        nodes,
        "case",
        inputs,
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in (weights or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=opsets)
    model.ir_version = 10 if opset < 23 else 11
    return model


@dataclasses.dataclass
class Case:
    """One model, its inputs, and how far the chip may be from ONNX Runtime.

    |chip - reference| <= relative · |reference| + absolute · (largest |reference|).
    """

    name: str
    nodes: list
    feeds: dict
    weights: dict = dataclasses.field(default_factory=dict)
    opset: int = 20
    relative: float = ROUNDED
    absolute: float = 1e-6
    outputs: tuple = ("y",)

    @property
    def model(self):
        return build(self.nodes, self.feeds, self.weights, self.opset, self.outputs)


def reference(model, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(None, feeds)))


def worst(got, wanted, relative, absolute):
    """The largest error in units of what is allowed; infinite for a NaN of one of them."""
    assert got.shape == wanted.shape, (got.shape, wanted.shape)
    if not got.size:
        return 0.0
    largest = np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)
    allowed = relative * np.abs(wanted) + absolute * max(largest, 1e-30)
    with np.errstate(invalid="ignore"):
        error = np.abs(got.astype(np.float64) - wanted) / allowed
    error = np.where((got == wanted) | (np.isnan(got) & np.isnan(wanted)), 0.0, error)
    return float(np.nan_to_num(error, nan=np.inf).max())


def check(case, target, wanted=None):
    """Runs a case on the functional engine; the outputs are within its bound."""
    model = case.model
    wanted = wanted or reference(model, case.feeds)
    executable = tw.compile(model, target=target_named(target))
    got = executable(**case.feeds)
    for name, value in wanted.items():
        units = worst(got[name], value, case.relative, case.absolute)
        assert units <= 1, f"{case.name} on {target}: {name} is {units:.2f} times the bound away"
    return executable


def check_shadowed(executable, feeds, folder):
    """No race, no overlap, no read of what nothing wrote."""
    program = folder / "m.tw"
    executable.save(program)
    command = [TILEWORK, "run", program, "--shadow", "-q"]
    for i, (name, value) in enumerate(feeds.items()):
        path = folder / f"{i}.npy"
        np.save(path, value)
        command += ["--input", f"{name}=@{path}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
