# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random small graphs against ONNX Runtime: views, broadcasts, reductions, products
and integer preparation, values with several readers, outputs of every type.

The bound follows from rounding alone. A graph of n ops stores at most 2n values as
bf16, each moved by half a unit in the last place, 2^-9 of itself in the root mean
square at most. A measured gain says what that does to the output: ONNX Runtime
computes the graph again with inputs moved by 2^-9 of themselves, three times, and the
largest change stands for one rounding.
"""

import random
import warnings

import numpy as np
import onnx
import pytest
import tilework as tw
from on_chip import reference, target_named, to_bf16
from onnx import TensorProto, helper, numpy_helper

GRAPHS = 200
CHUNK = 10
MOST_REFUSED = 0.15  # of all graphs; what the planner lacks is listed by each refusal


class Graph:
    """A model that grows by one random op at a time."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.nodes, self.weights, self.feeds = [], [], {}
        self.shapes = {}  # of floats
        self.integers = {}  # shape and bound of ids

    def weight(self, value):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def floats(self, shape, scale=1.0):
        return to_bf16(self.numbers.normal(0, scale, tuple(shape)))

    def op(self, kind, inputs, shape, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], f"{kind}_{name}", **attributes))
        if shape is not None:
            self.shapes[name] = tuple(shape)
        return name

    def input(self, shape):
        name = f"i{len(self.feeds)}"
        self.feeds[name] = self.floats(shape)
        self.shapes[name] = tuple(shape)
        return name

    def pick(self):
        names = list(self.shapes)
        return self.random.choice(names[-5:] + names)

    # Each adds one op, or nothing where the shape does not allow it.

    def unary(self, x, s):
        kind = self.random.choice(["Relu", "Tanh", "Sigmoid", "Abs", "Neg", "Erf"])
        self.op(kind, [x], s)

    def scalar(self, x, s):
        c = self.weight(np.float32(self.random.choice([0.5, 2, -1.5, 0.0])))
        self.op(self.random.choice(["Mul", "Add", "Sub", "Max", "Min"]), [x, c], s)

    def binary(self, x, s):
        others = []
        for y, t in self.shapes.items():
            try:
                both = np.broadcast_shapes(s, t)
            except ValueError:
                continue
            if np.prod(both) < 20000 and len(both) <= 5:
                others.append((y, both))
        if not others:
            return
        y, both = self.random.choice(others)
        pair = self.random.sample([x, y], 2)
        self.op(self.random.choice(["Add", "Sub", "Mul", "Max", "Min"]), pair, both)

    def vector(self, x, s):
        t = [d if self.random.random() < 0.6 else 1 for d in s]
        t = t[self.random.randrange(len(s)) :]
        y = self.weight(self.floats(t)) if self.random.random() < 0.5 else self.input(t)
        self.op(self.random.choice(["Add", "Mul"]), self.random.sample([x, y], 2), s)

    def reduction(self, x, s):
        axes = sorted(self.random.sample(range(len(s)), self.random.randint(1, len(s))))
        keep = self.random.randint(0, 1)
        shape = [1 if i in axes else d for i, d in enumerate(s) if keep or i not in axes]
        kind = self.random.choice(["ReduceMean", "ReduceMax", "ReduceMin"])
        self.op(kind, [x], shape, axes=axes, keepdims=keep)

    def transpose(self, x, s):
        order = self.random.sample(range(len(s)), len(s))
        self.op("Transpose", [x], [s[i] for i in order], perm=order)

    def reshape(self, x, s):
        left, shape = int(np.prod(s)), []
        while left > 1 and len(shape) < 4:
            shape.append(self.random.choice([d for d in range(1, left + 1) if left % d == 0]))
            left //= shape[-1]
        shape.append(left)
        self.random.shuffle(shape)
        self.op("Reshape", [x, self.weight(np.array(shape))], shape)

    def slice(self, x, s):
        axis = self.random.randrange(len(s))
        begin = self.random.randrange(s[axis])
        end, step = self.random.randint(begin + 1, s[axis]), self.random.choice([1, 1, 2])
        shape = list(s)
        shape[axis] = len(range(begin, end, step))
        bounds = [self.weight(np.array([v])) for v in (begin, end, axis, step)]
        self.op("Slice", [x, *bounds], shape)

    def concat(self, x, s):
        axis = self.random.randrange(len(s))
        rest = s[:axis] + s[axis + 1 :]
        fits = [
            y
            for y, t in self.shapes.items()
            if len(t) == len(s) and t[:axis] + t[axis + 1 :] == rest
        ]
        y = self.random.choice(fits)
        shape = list(s)
        shape[axis] += self.shapes[y][axis]
        self.op("Concat", [x, y], shape, axis=axis)

    def expand(self, x, s):
        shape = [d if d != 1 else self.random.choice([1, 2, 3]) for d in s]
        self.op("Expand", [x, self.weight(np.array(shape))], shape)

    def unsqueeze(self, x, s):
        if len(s) < 5:
            axis = self.random.randint(0, len(s))
            shape = s[:axis] + (1,) + s[axis:]
            self.op("Unsqueeze", [x, self.weight(np.array([axis]))], shape)

    def softmax(self, x, s):
        self.op("Softmax", [x], s, axis=self.random.randrange(len(s)))

    def layer_norm(self, x, s):
        if s[-1] > 1:
            scale, shift = (self.weight(self.floats(s[-1:])) for _ in range(2))
            self.op("LayerNormalization", [x, scale, shift], s, axis=-1, epsilon=1e-2)

    def project(self, x, s):
        if len(s) > 1:
            n = self.random.choice([1, 5, 8, 19])
            w = self.weight(self.floats([s[-1], n], s[-1] ** -0.5))
            self.op("MatMul", [x, w], s[:-1] + (n,))

    def product(self, x, s):
        if len(s) > 1:
            t = s[:-2] + (s[-1], s[-2])
            order = [*range(len(s) - 2), len(s) - 1, len(s) - 2]
            y = self.op("Transpose", [x], t, perm=order)
            z = self.op("MatMul", [x, y], s[:-1] + (s[-2],))
            scale = self.weight(np.float32(s[-1] ** -0.5))
            self.op("Mul", [z, scale], s[:-1] + (s[-2],))

    def gather(self, x, s):
        """Rows by ids of the caller, negative ones too."""
        if len(s) != 2:
            return
        name = f"i{len(self.feeds)}"
        shape = tuple(self.random.choice([1, 3, 5]) for _ in range(self.random.randint(1, 2)))
        self.feeds[name] = self.numbers.integers(-s[0], s[0], shape)
        self.integers[name] = shape
        self.op("Gather", [x, name], shape + (s[1],), axis=0)

    def host(self):
        """An output of another type, which the host gives."""
        name = self.random.choice(list(self.integers))
        kind = self.random.choice(["Add", "Greater", "Cast", "Identity"])
        if kind in ("Add", "Greater"):
            return self.op(kind, [name, self.weight(np.int64(2))], None)
        if kind == "Cast":
            return self.op(kind, [name], None, to=TensorProto.FLOAT)
        return self.op(kind, [name], None)

    MOVES = (
        "unary scalar binary binary vector reduction transpose transpose reshape slice concat "
        "expand unsqueeze softmax layer_norm project product gather"
    ).split()

    def grow(self):
        sizes = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 20, 33]
        for _ in range(self.random.randint(1, 3)):
            rank = self.random.randint(1, 4)
            shape = [self.random.choice(sizes) for _ in range(rank)]
            self.input(shape if np.prod(shape) < 8000 else shape[:2])
        for _ in range(self.random.randint(3, 14)):
            x = self.pick()
            if self.shapes[x]:
                getattr(self, self.random.choice(self.MOVES))(x, self.shapes[x])
        made = [v for v in self.shapes if v.startswith("v")]
        if not made:
            made = [self.op("Relu", [self.pick()], self.shapes["i0"])]
        outputs = {made[-1], *self.random.sample(made, min(len(made), self.random.randint(0, 2)))}
        if self.integers and self.random.random() < 0.5:
            outputs.add(self.host())
        return sorted(outputs)

    def model(self):
        outputs = self.grow()
        inputs = [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
            for n, v in self.feeds.items()
        ]
        wanted = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs]
        for value in wanted:
            value.type.ClearField("value")
        graph = helper.make_graph(self.nodes, "random", inputs, wanted, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 9
        known = onnx.shape_inference.infer_shapes(model)
        types = {v.name: v for v in known.graph.output}
        for value in model.graph.output:
            value.CopyFrom(types[value.name])
        return model


def rms(x):
    return float(np.sqrt(np.mean(np.square(x.astype(np.float64))))) if x.size else 0.0


def allowed(model, feeds, wanted, seed):
    """The error of each output that rounding explains, in the root mean square."""
    numbers = np.random.default_rng(seed)
    moved = {name: 0.0 for name in wanted}
    for _ in range(3):
        near = {
            n: (v * (1 + numbers.normal(0, 2.0**-9, v.shape)).astype(np.float32))
            if v.dtype == np.float32
            else v
            for n, v in feeds.items()
        }
        for name, value in reference(model, near).items():
            moved[name] = max(moved[name], rms(value.astype(np.float64) - wanted[name]))
    roundings = 2 * len(model.graph.node)
    return {
        n: roundings * (moved[n] + 2.0**-9 * rms(wanted[n])) + 2.0**-9 * 1e-2 * roundings
        for n in wanted
    }


def problem_of(seed, target):
    """What is wrong with one graph; 'refused' for a clean refusal, None if it is right."""
    graph = Graph(seed)
    model = graph.model()
    wanted = reference(model, graph.feeds)
    try:
        executable = tw.compile(model, target=target_named(target))
    except tw.UnsupportedModel as error:
        reasons = [n for n in error.nodes if n.get("reason")]
        return "refused" if reasons else f"a refusal that names no node: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    got = executable(**graph.feeds)
    bound = allowed(model, graph.feeds, wanted, seed)
    for name, value in wanted.items():
        mine = got[name]
        if mine.dtype != value.dtype or mine.shape != value.shape:
            return f"{name} is {mine.dtype}{mine.shape}, not {value.dtype}{value.shape}"
        if value.dtype != np.float32:
            if not np.array_equal(mine, value):
                return f"{name} of type {value.dtype} differs"
            continue
        error = rms(mine.astype(np.float64) - value)
        if not error <= bound[name]:
            return f"{name} is {error:.3g} away, and rounding explains {bound[name]:.3g}"
    return None


REFUSED = {"nano": 0, "odd": 0}


@pytest.mark.parametrize("target", ["nano", "odd"])
@pytest.mark.parametrize("first", range(0, GRAPHS, CHUNK))
def test_graph_computes_what_onnx_runtime_does(first, target):
    problems = []
    for seed in range(first, first + CHUNK):
        problem = problem_of(seed, target)
        REFUSED[target] += problem == "refused"
        if problem and problem != "refused":
            problems.append(f"seed {seed} on {target}: {problem}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("target", ["nano", "odd"])
def test_few_graphs_are_refused(target):
    share = REFUSED[target] / GRAPHS
    warnings.warn(f"{share:.1%} of {GRAPHS} random graphs are refused on {target}", stacklevel=1)
    assert share <= MOST_REFUSED
