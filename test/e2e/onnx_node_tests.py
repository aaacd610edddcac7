# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX's own tests of its operators, and what becomes of each here.

A node test is a model, mostly of one node, with inputs and the outputs that they must
give. Two collections are read: the one that the `onnx` package makes (its newest
operator sets) and the one of the Debian package libonnx-testdata (sets up to 17). A
test that is refused is run a second time with those inputs as constants of the model that
exporters write so: what the operator calls axes, shapes, scales or the like, and the
integers that stand beside floats.
"""

import collections
import dataclasses
import multiprocessing
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
import tilework as tw
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

DEBIAN = pathlib.Path("/usr/share/libonnx-testdata/data/node")
FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)
OUTCOMES = ("passes", "refused", "not applicable", "wrong")
# Of an element and of the largest in the tensor: a few roundings to bf16, 2^-9 each.
RELATIVE, ABSOLUTE = 2.0**-6, 2.0**-8


@dataclasses.dataclass
class NodeTest:
    name: str
    model: onnx.ModelProto
    data_sets: list  # (inputs, outputs): NumPy arrays, or what is no tensor

    @property
    def op(self):
        """The op that the test is about: of an expanded body the one that it defines."""
        nodes = self.model.graph.node
        if len(nodes) == 1:
            return f"{nodes[0].domain}.{nodes[0].op_type}".lstrip(".")
        return None


@dataclasses.dataclass(frozen=True)
class Outcome:
    kind: str
    reason: str = ""


def made_by_onnx():
    """{name: NodeTest} of the `onnx` package; making them takes it half a minute."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.loader import load_model_tests

        cases = load_model_tests(kind="node")
    return {
        c.name: NodeTest(
            c.name,
            c.model,
            [([*map(_array, given)], [*map(_array, wanted)]) for given, wanted in c.data_sets],
        )
        for c in cases
    }


def kept_by_debian():
    """{name: NodeTest} of the Debian package."""
    tests = {}
    for folder in sorted(DEBIAN.iterdir()):
        model = onnx.load(folder / "model.onnx")
        sets = sorted(folder.glob("test_data_set_*"))
        data = [(_values(s, "input", model), _values(s, "output", model)) for s in sets]
        tests[folder.name] = NodeTest(folder.name, model, data)
    return tests


def _array(value):
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else value


def _values(folder, kind, model):
    """The stored inputs or outputs; None for what is no tensor."""
    arrays = []
    for i, value in enumerate(getattr(model.graph, kind)):
        path, tensor = folder / f"{kind}_{i}.pb", TensorProto()
        if not value.type.HasField("tensor_type") or not path.exists():
            arrays.append(None)
            continue
        tensor.ParseFromString(path.read_bytes())
        # Of bf16 some files state the type of the bits.
        if value.type.tensor_type.elem_type == TensorProto.BFLOAT16:
            tensor.data_type = TensorProto.BFLOAT16
        arrays.append(numpy_helper.to_array(tensor))
    return arrays


def _stated(value):
    """The dimensions that the model states, None where it leaves one open; None for no shape."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]


def _fits(value, array):
    stated, shape = _stated(value), np.shape(array)
    return stated is None or (
        len(stated) == len(shape) and all(d in (None, n) for d, n in zip(stated, shape))
    )


# Formal names of inputs that a model has as constants, whatever their type.
PARAMETERS = {"axes", "axis", "depth", "k", "pads", "repeats", "roi", "scales", "sizes"}


def _parameters(model):
    """The names of the inputs of the model's first node that are its parameters."""
    node = model.graph.node[0]
    opset = next((o.version for o in model.opset_import if o.domain == node.domain), 1)
    try:
        formal = onnx.defs.get_schema(node.op_type, opset, node.domain).inputs
    except onnx.defs.SchemaError:
        return set()
    return {name for name, f in zip(node.input, formal) if f.name in PARAMETERS}


def frozen(test):
    """The test with its parameters as constants; None where nothing is left to do."""
    graph = test.model.graph
    names = {i.name for i in graph.initializer}
    inputs = [v for v in graph.input if v.name not in names]
    if not all(v.type.HasField("tensor_type") for v in inputs) or len(test.data_sets) != 1:
        return None
    given, wanted = test.data_sets[0]
    floats = [v.type.tensor_type.elem_type in FLOATS for v in inputs]
    parameters = _parameters(test.model)
    keep = [v.name not in parameters and (f or not any(floats)) for v, f in zip(inputs, floats)]
    if all(keep) or not any(keep) or len(given) != len(inputs):
        return None
    if not all(isinstance(a, np.ndarray) and a.dtype != object for a in map(np.asarray, given)):
        return None
    model = onnx.ModelProto()
    model.CopyFrom(test.model)
    for kept, value, array in zip(keep, inputs, given):
        if not kept:
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), value.name))
            model.graph.input.remove(next(v for v in model.graph.input if v.name == value.name))
    rest = [array for kept, array in zip(keep, given) if kept]
    return NodeTest(test.name, model, [(rest, wanted)])


# What holds the values of types that NumPy itself lacks.
CARRIERS = {
    "bfloat16": np.float32,
    "int2": np.int8,
    "int4": np.int8,
    "uint2": np.uint8,
    "uint4": np.uint8,
}


def _plain(value):
    """In a type that NumPy itself has."""
    array = np.asarray(value)
    return array.astype(CARRIERS.get(array.dtype.name, array.dtype))


def _rounded(value):
    """Floats as the nearest bf16; what is no number stays."""
    array = _plain(value)
    if array.dtype.kind != "f":
        return np.asarray(value)
    with np.errstate(all="ignore"):
        bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
        near = ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)
        near = np.where(np.isfinite(array), near.reshape(array.shape), array)
        return near.astype(np.asarray(value).dtype)


def difference(got, wanted):
    """What is wrong with an output; empty where rounding explains it."""
    got, wanted = np.asarray(got), _plain(wanted)
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        return f"{got.dtype}{got.shape} for {wanted.dtype}{wanted.shape}"
    if wanted.dtype.kind != "f":
        return "" if np.array_equal(got, wanted) else "other integers"
    g, w = got.astype(np.float64), wanted.astype(np.float64)
    if not np.array_equal(np.isnan(g), np.isnan(w)):
        return "NaN elsewhere"
    infinite = np.isinf(w)
    if not np.array_equal(np.isinf(g), infinite) or not np.array_equal(g[infinite], w[infinite]):
        return "infinities elsewhere"
    g, w = g[np.isfinite(w)], w[np.isfinite(w)]
    allowed = RELATIVE * np.abs(w) + ABSOLUTE * np.abs(w).max(initial=0.0) + 1e-30
    excess = (np.abs(g - w) / allowed).max(initial=0.0)
    return "" if excess <= 1 else f"{excess:.3g} times the bound away"


def _reference(model, feeds):
    """ONNX Runtime's outputs, or those of ONNX's own evaluator for what it lacks."""
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return session.run(None, feeds)
    except Exception:
        return ReferenceEvaluator(model).run(None, feeds)


def _compare(test, executable, inputs, data):
    given, wanted = data
    feeds = {v.name: np.asarray(a) for v, a in zip(inputs, given)}
    got = executable(**feeds)
    names = [v.name for v in test.model.graph.output]
    problems = [p for n, w in zip(names, wanted) if (p := difference(got[n], w))]
    if not problems:
        return ""
    # The expected values are of fp32 inputs, and the chip reads bf16. Those of a reference
    # that agrees with them stand in for what they would be.
    exact, near = (
        _reference(test.model, {n: rounded(a) for n, a in feeds.items()})
        for rounded in (np.asarray, _rounded)
    )
    if not any(difference(_plain(e), w) for e, w in zip(exact, wanted)) and not any(
        difference(got[n], w) for n, w in zip(names, near)
    ):
        return ""
    return "; ".join(problems)


def outcome(test, target):
    """Compiles and runs one test on the functional engine."""
    graph = test.model.graph
    constants = {i.name for i in graph.initializer}
    inputs = [v for v in graph.input if v.name not in constants]
    for value in (*inputs, *graph.output):
        if not value.type.HasField("tensor_type"):
            return Outcome("not applicable", "sequences, optionals and maps are no tensors")
        if value.type.tensor_type.elem_type == TensorProto.STRING:
            return Outcome("not applicable", "strings are no numbers")
    given = test.data_sets[0][0]
    if not all(_fits(v, a) for v, a in zip(inputs, given)):
        return Outcome("not applicable", "its data does not fit its own model")
    shapes = {v.name: np.shape(a) for v, a in zip(inputs, given) if None in (_stated(v) or [None])}
    try:
        executable = tw.compile(test.model, target=target, shapes=shapes)
        for data in test.data_sets:
            problem = _compare(test, executable, inputs, data)
            if problem:
                return Outcome("wrong", problem)
        return Outcome("passes")
    except tw.UnsupportedModel as error:
        reasons = [n["reason"] for n in error.nodes if n.get("reason")]
        return Outcome("refused", reasons[0] if reasons else str(error))
    except Exception as error:
        return Outcome("wrong", f"{type(error).__name__}: {error}")


def _serve(target, pipe):
    while (test := pipe.recv()) is not None:
        pipe.send(outcome(test, target))


def outcomes(tests, target="edge"):
    """{name: Outcome} of all tests, in one process that is made anew after a crash."""
    context = multiprocessing.get_context("spawn")
    result, child = {}, None
    for name, test in tests.items():
        if child is None:
            pipe, end = context.Pipe()
            child = context.Process(target=_serve, args=(target, end), daemon=True)
            child.start()
            end.close()
        try:
            pipe.send(test)
            result[name] = pipe.recv()
        except (EOFError, ConnectionError):
            child.join()
            result[name] = Outcome("wrong", f"a crash, exit code {child.exitcode}")
            child = None
    if child is not None:
        pipe.send(None)
        child.join()
    return result


def with_constants(tests, first, target="edge"):
    """{name: Outcome} of those tests that were refused and can be frozen, once frozen."""
    again = {n: f for n, t in tests.items() if first[n].kind == "refused" and (f := frozen(t))}
    return outcomes(again, target)


def op_of(test, tests):
    """The op that a test is about. An expanded body belongs to the op that it expands."""
    if "_expanded" in test.name:
        whole = tests.get(test.name[: test.name.index("_expanded")])
        if whole is not None and whole.op:
            return whole.op
    if test.op:
        return test.op
    counts = collections.Counter(n.op_type for n in test.model.graph.node)
    return max(counts, key=counts.get) if counts else "an empty graph"
