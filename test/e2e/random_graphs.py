# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random small models, each grown from a seed by one op at a time.

`Graph` draws numbers that are well inside their range. `WildGraph` also draws NaN,
infinities, both zeros, empty tensors and constant operands, and ops that jump:
comparisons, choices, places of the largest. What such an op reads is *exact*: inputs,
constants, and what views and choices make of them, which are the same numbers on
every engine.
"""

import random

import numpy as np
import onnx
from on_chip import to_bf16
from onnx import TensorProto, helper, numpy_helper

# Ops whose results are some of their operands' elements, with another sign at most.
CHOOSING = (
    "Abs Cast Clip Concat Expand Flatten Gather GatherElements Max Min Neg Pad ReduceMax ReduceMin Relu Reshape "
    "Slice Split Tile Transpose Trilu Unsqueeze Where"
).split()

# Ops that give one of several equal elements, and no standard says which.
OF_EQUALS = "Clip Max Min ReduceMax ReduceMin Relu".split()


class Graph:
    """A model that grows by one random op at a time."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.nodes, self.weights, self.feeds = [], [], {}
        self.shapes = {}  # of floats
        self.integers = {}  # ids, by shape
        self.conditions = {}  # booleans, by shape
        self.exact = set()  # floats that every engine computes to the bit
        self.huge = set()  # near the end of the range, where products leave it

    def weight(self, value):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def floats(self, shape, scale=1.0):
        return to_bf16(self.numbers.normal(0, scale, tuple(shape)))

    def op(self, kind, inputs, shape, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], f"{kind}_{name}", **attributes))
        if shape is not None:
            self.shapes[name] = tuple(shape)
            if kind in CHOOSING and self.is_exact(inputs):
                self.exact.add(name)
        return name

    def is_exact(self, names):
        """Whether every engine computes these to the bit; what is no float is."""
        return all(name in self.exact or name not in self.shapes for name in names)

    def input(self, shape):
        name = f"i{len(self.feeds)}"
        self.feeds[name] = self.floats(shape)
        self.shapes[name] = tuple(shape)
        self.exact.add(name)
        return name

    def pick(self):
        names = [name for name in self.shapes if name not in self.huge]
        return self.random.choice(names[-5:] + names)

    def partners(self, s, among):
        """Those of `among` that broadcast with the shape `s`, each with the shape of both."""
        found = []
        for y in among:
            if y in self.huge:
                continue
            try:
                both = np.broadcast_shapes(
                    s, self.shapes[y] if y in self.shapes else self.conditions[y]
                )
            except ValueError:
                continue
            if np.prod(both) < 20000 and len(both) <= 5:
                found.append((y, both))
        return found

    # Each adds one op, or nothing where the shape does not allow it.

    def unary(self, x, s):
        kind = self.random.choice("Relu Tanh Sigmoid Abs Neg Erf Sin Cos Atan Asinh".split())
        self.op(kind, [x], s)

    def scalar(self, x, s):
        c = self.weight(np.float32(self.random.choice([0.5, 2, -1.5, 0.0])))
        self.op(self.random.choice(["Mul", "Add", "Sub", "Max", "Min"]), [x, c], s)

    def binary(self, x, s):
        others = self.partners(s, self.shapes)
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
        if left == 0:
            return
        while left > 1 and len(shape) < 4:
            shape.append(self.random.choice([d for d in range(1, left + 1) if left % d == 0]))
            left //= shape[-1]
        shape.append(left)
        self.random.shuffle(shape)
        self.op("Reshape", [x, self.weight(np.array(shape))], shape)

    def slice(self, x, s):
        axis = self.random.randrange(len(s))
        if s[axis] == 0:
            return
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
            w = self.weight(self.floats([s[-1], n], max(s[-1], 1) ** -0.5))
            self.op("MatMul", [x, w], s[:-1] + (n,))

    def product(self, x, s):
        if len(s) > 1:
            t = s[:-2] + (s[-1], s[-2])
            order = [*range(len(s) - 2), len(s) - 1, len(s) - 2]
            y = self.op("Transpose", [x], t, perm=order)
            z = self.op("MatMul", [x, y], s[:-1] + (s[-2],))
            scale = self.weight(np.float32(max(s[-1], 1) ** -0.5))
            self.op("Mul", [z, scale], s[:-1] + (s[-2],))

    def gather(self, x, s):
        """Rows by ids of the caller, negative ones too."""
        if len(s) != 2 or s[0] == 0:
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

    SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 20, 33)

    def grow(self):
        for _ in range(self.random.randint(1, 3)):
            rank = self.random.randint(1, 4)
            shape = [self.random.choice(self.SIZES) for _ in range(rank)]
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
        if self.conditions and self.random.random() < 0.5:
            outputs.add(self.random.choice(sorted(self.conditions)))
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

    def rounded(self, model):
        """The model with every computed value rounded to bf16; what is finite stays so."""

        def round_to_bf16(node, name):
            if name not in self.exact:
                exact, bf16, value, out = (f"{name}_{s}" for s in "exact bf16 value out".split())
                yield helper.make_node("Cast", [exact], [bf16], to=TensorProto.BFLOAT16)
                yield helper.make_node("Cast", [bf16], [value], to=TensorProto.FLOAT)
                yield helper.make_node("IsInf", [value], [out])
                yield helper.make_node("Where", [out, exact, value], [name])

        return self.changed(model, round_to_bf16)

    def moved(self, model, numbers):
        """The model with every computed value moved as a rounding to bf16 moves it.

        A rounding moves a number by 2^-9 of itself at most; here that is the deviation.
        A largest of equal numbers is any of them: its zeros may have either sign. What
        cancels leaves a rounding of its operands, not always nothing.
        """
        constants = [numpy_helper.from_array(np.float32(0), "no_sign")]

        def constant(suffix, name, value):
            constants.append(numpy_helper.from_array(value.astype(np.float32), f"{name}_{suffix}"))
            return constants[-1].name

        def move(node, name):
            if node.op_type in OF_EQUALS and numbers.integers(2):
                yield helper.make_node("Equal", [f"{name}_exact", "no_sign"], [f"{name}_zero"])
                yield helper.make_node("Neg", [f"{name}_exact"], [f"{name}_turned"])
                choice = [f"{name}_zero", f"{name}_turned", f"{name}_exact"]
                yield helper.make_node("Where", choice, [name])
            elif name not in self.exact:
                change = numbers.normal(0, 2.0**-9, self.shapes[name])
                factor = constant(
                    "factor", name, 1 - (abs(change) if name in self.huge else change)
                )
                cancels = node.op_type == "Sub" and not self.is_exact(node.input)
                product = f"{name}_product" if cancels else name
                yield helper.make_node("Mul", [f"{name}_exact", factor], [product])
                if cancels:
                    rest = constant("rest", name, change * 2.0**-16)
                    yield helper.make_node("Add", [product, rest], [name])

        result = self.changed(model, move)
        result.graph.initializer.extend(constants)
        return result

    def changed(self, model, nodes_of):
        """The model with `nodes_of` (node, name) behind each float, from `name`_exact to it."""
        result = onnx.ModelProto()
        result.CopyFrom(model)
        del result.graph.node[:]
        for node in model.graph.node:
            result.graph.node.append(node)
            copy = result.graph.node[-1]
            for i, name in enumerate(node.output):
                nodes = list(nodes_of(node, name)) if name in self.shapes else []
                if nodes:
                    copy.output[i] = f"{name}_exact"
                    result.graph.node.extend(nodes)
        return result


SPECIAL = to_bf16([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 16.0, 2.0**-100])


class WildGraph(Graph):
    """With special values, empty tensors, constant operands, and ops that jump."""

    SIZES = (*Graph.SIZES, *Graph.SIZES, 0)

    def floats(self, shape, scale=1.0):
        values = super().floats(shape, scale)
        if values.size and self.random.random() < 0.4:
            few = self.numbers.integers(0, values.size, self.random.randint(1, 4))
            values.flat[few] = self.numbers.choice(SPECIAL, len(few))
        if values.size and self.random.random() < 0.2:  # steps, where comparisons are equal
            values = np.round(values)
        return values

    def constant(self, shape):
        name = self.weight(self.floats(shape))
        self.shapes[name] = tuple(shape)
        self.exact.add(name)
        return name

    def constant_operand(self, x, s):
        self.constant(s)

    def curve(self, x, s):
        jumps = "Sign Floor Ceil Round".split()
        kind = self.random.choice(
            "Sqrt Exp Log Reciprocal Sigmoid Tanh Softplus Elu LeakyRelu HardSigmoid HardSwish "
            "Sin Cos Atan Asinh Softsign Selu".split()
            + jumps
        )
        if kind in jumps and x not in self.exact:
            return
        if kind in ("Sqrt", "Log", "Reciprocal") and x not in self.exact:
            x = self.op("Abs", [x], s)
            x = self.op("Add", [x, self.weight(np.float32(0.5))], s)
        if kind == "Exp":
            x = self.op("Min", [x, self.weight(np.float32(3))], s)
        self.op(kind, [x], s)

    def power(self, x, s):
        exponent = self.random.choice([2, 3, 0.5, -1, 0, 1, -0.5, 4])
        if exponent != int(exponent) or exponent < 0:
            x = self.op("Abs", [x], s)
            x = self.op("Add", [x, self.weight(np.float32(0.5))], s)
        self.op("Pow", [x, self.weight(np.float32(exponent))], s)

    def quotient(self, x, s):
        others = self.partners(s, self.shapes)
        y, both = self.random.choice(others or [(x, s)])
        if y not in self.exact:
            t = self.shapes[y]
            y = self.op("Add", [self.op("Abs", [y], t), self.weight(np.float32(0.5))], t)
        self.op("Div", [x, y], both)

    def clip(self, x, s):
        low, high = sorted(self.random.choices([-2.0, -0.5, 0.0, 0.5, 2.0], k=2))
        bounds = [self.weight(np.float32(low)), self.weight(np.float32(high))]
        self.op("Clip", [x, *self.random.choice([bounds, bounds[:1], ["", bounds[1]]])], s)

    def sums(self, x, s):
        axes = sorted(self.random.sample(range(len(s)), self.random.randint(1, len(s))))
        keep = self.random.randint(0, 1)
        shape = [1 if i in axes else d for i, d in enumerate(s) if keep or i not in axes]
        kind = self.random.choice(["ReduceSum", "ReduceL2", "ReduceSumSquare", "ReduceL1"])
        if kind == "ReduceSum":
            self.op(kind, [x, self.weight(np.array(axes))], shape, keepdims=keep)
        else:
            self.op(kind, [x], shape, axes=axes, keepdims=keep)

    def pad(self, x, s):
        pads = [self.random.choice([0, 0, 1, 2]) for _ in range(2 * len(s))]
        shape = [d + pads[i] + pads[i + len(s)] for i, d in enumerate(s)]
        value = self.weight(np.float32(self.random.choice([0.0, 1.5, np.inf, -np.inf])))
        self.op("Pad", [x, self.weight(np.array(pads)), value], shape)

    def tile(self, x, s):
        times = [self.random.choice([1, 1, 2]) for _ in s]
        self.op("Tile", [x, self.weight(np.array(times))], [d * n for d, n in zip(s, times)])

    def split(self, x, s):
        axis = self.random.randrange(len(s))
        if s[axis] < 2:
            return
        first = self.random.randrange(1, s[axis])
        sizes = self.weight(np.array([first, s[axis] - first]))
        shape = list(s)
        shape[axis] = first
        name = self.op("Split", [x, sizes], shape, axis=axis)
        other = f"{name}b"
        self.nodes[-1].output.append(other)
        shape[axis] = s[axis] - first
        self.shapes[other] = tuple(shape)
        self.exact |= {other} if name in self.exact else set()

    def triangle(self, x, s):
        if len(s) > 1:
            k = self.weight(np.int64(self.random.randint(-2, 2)))
            self.op("Trilu", [x, k], s, upper=self.random.randint(0, 1))

    def running_sum(self, x, s):
        axis = self.weight(np.int64(self.random.randrange(-len(s), len(s))))
        flags = {"exclusive": self.random.randint(0, 1), "reverse": self.random.randint(0, 1)}
        self.op("CumSum", [x, axis], s, **flags)

    def elements(self, x, s):
        axis = self.random.randrange(len(s))
        if 0 in s:
            return
        shape = [*s]
        shape[axis] = self.random.randint(1, s[axis])
        indices = self.numbers.integers(-s[axis], s[axis], shape)
        self.op("GatherElements", [x, self.weight(indices)], shape, axis=axis)

    def taken(self, x, s):
        axis = self.random.randrange(len(s))
        if s[axis] == 0:
            return
        t = tuple(self.random.choice([1, 2, 5]) for _ in range(self.random.randint(0, 2)))
        indices = self.weight(self.numbers.integers(-s[axis], s[axis], t))
        self.op("Gather", [x, indices], s[:axis] + t + s[axis + 1 :], axis=axis)

    def comparison(self, x, s):
        if x not in self.exact or not s:
            x = self.random.choice([y for y in sorted(self.exact - self.huge) if self.shapes[y]])
            s = self.shapes[x]
        kind = self.random.choice("Greater Less Equal GreaterOrEqual LessOrEqual".split())
        if self.random.random() < 0.3:
            y, both = self.weight(np.float32(self.random.choice([0.0, 1.0, -0.5]))), s
        else:
            y, both = self.random.choice(self.partners(s, sorted(self.exact)) or [(x, s)])
        self.conditions[self.op(kind, self.random.sample([x, y], 2), None)] = tuple(both)

    def is_nan(self, x, s):
        self.conditions[self.op("IsNaN", [x], None)] = s

    def logic(self, x, s):
        if not self.conditions:
            return self.comparison(x, s)
        c = self.random.choice(sorted(self.conditions))
        kind = self.random.choice(["And", "Or", "Xor", "Not"])
        if kind == "Not":
            both, operands = self.conditions[c], [c]
        else:
            other, both = self.random.choice(
                self.partners(self.conditions[c], sorted(self.conditions))
                or [(c, self.conditions[c])]
            )
            operands = [c, other]
        self.conditions[self.op(kind, operands, None)] = tuple(both)
        return None

    def number(self, x, s):
        if self.conditions:
            c = self.random.choice(sorted(self.conditions))
            name = self.op("Cast", [c], self.conditions[c], to=TensorProto.FLOAT)
            self.exact.add(name)

    def choice(self, x, s):
        if not self.conditions:
            return self.comparison(x, s)
        fitting = self.partners(s, sorted(self.conditions))
        if not fitting:
            return None
        condition, both = self.random.choice(fitting)
        y, both = self.random.choice(self.partners(both, self.shapes) or [(x, both)])
        if self.random.random() < 0.3:
            y = self.weight(np.float32(self.random.choice([0.0, -np.inf, 1.0])))
            both = np.broadcast_shapes(s, self.conditions[condition])
        self.op("Where", [condition, *self.random.sample([x, y], 2)], both)
        return None

    def place(self, x, s):
        if x not in self.exact or 0 in s:
            return
        axis, keep = self.random.randrange(len(s)), self.random.randint(0, 1)
        shape = [1 if i == axis else d for i, d in enumerate(s) if keep or i != axis]
        kind = self.random.choice(["ArgMax", "ArgMin"])
        last = self.random.randint(0, 1)
        name = self.op(kind, [x], None, axis=axis, keepdims=keep, select_last_index=last)
        self.integers[name] = tuple(shape)

    # What exporters write with several ops, in some of their spellings.

    def ids(self, shape, high):
        name = f"i{len(self.feeds)}"
        self.feeds[name] = self.numbers.integers(0, high, shape)
        self.integers[name] = tuple(shape)
        return name

    def mask(self, shape):
        """A condition made of the caller's integers; whole rows of it may be false."""
        t = [d if self.random.random() < 0.7 else 1 for d in shape]
        name = self.ids(t, self.random.choice([1, 2, 2, 3]))
        zero = self.weight(np.int64(0))
        kind = self.random.choice(["Greater", "Equal", "Cast"])
        if kind == "Cast":
            condition = self.op("Cast", [name], None, to=TensorProto.BOOL)
        else:
            condition = self.op(kind, [name, zero], None)
        self.conditions[condition] = tuple(t)
        return condition, t

    def attention(self, x, s):
        if len(s) < 2 or 0 in s:
            return
        hidden = np.float32(self.random.choice([-np.inf, -1e9, np.finfo(np.float32).min, -1e4]))
        if self.random.random() < 0.5:  # scores are a product
            t = s[:-2] + (s[-1], s[-2])
            order = [*range(len(s) - 2), len(s) - 1, len(s) - 2]
            keys = self.op("Transpose", [x], t, perm=order)
            s = s[:-1] + (s[-2],)
            x = self.op("MatMul", [x, keys], s)
            x = self.op("Mul", [x, self.weight(np.float32(t[-2] ** -0.5))], s)
        condition, t = self.mask(s)
        spelling = self.random.choice(["where", "where", "add", "cast"])
        if spelling == "where":
            x = self.op("Where", [condition, x, self.weight(hidden)], s)
        elif spelling == "add":
            operands = [condition, self.weight(np.float32(0)), self.weight(hidden)]
            added = self.op("Where", operands, t)
            self.huge.add(added)
            x = self.op("Add", [x, added], s)
        else:
            hidden = np.maximum(hidden, np.finfo(np.float32).min)
            number = self.op("Cast", [condition], t, to=TensorProto.FLOAT)
            self.exact.add(number)
            rest = self.op("Sub", [self.weight(np.float32(1)), number], t)
            self.exact.add(rest)
            added = self.op("Mul", [rest, self.weight(hidden)], t)
            self.huge |= {rest, added}
            x = self.op("Add", [x, added], s)
        self.huge.add(x)
        p = self.op("Softmax", [x], s, axis=-1)
        guard = self.random.choice(["none", "nan", "mask"])
        if guard == "nan":
            nan = self.op("IsNaN", [p], None)
            p = self.op("Where", [nan, self.weight(np.float32(0)), p], s)
        elif guard == "mask":
            p = self.op("Where", [condition, p, self.weight(np.float32(0))], s)
        if self.random.random() < 0.7:
            n = self.random.choice([1, 4, 8])
            shape = s[:-2] + (s[-1], n)
            self.op("MatMul", [p, self.input(shape)], s[:-1] + (n,))

    def norm_by_hand(self, x, s):
        if 0 in s or s[-1] < 2:
            return
        t = s[:-1] + (1,)
        mean = self.op("ReduceMean", [x], t, axes=[-1])
        d = self.op("Sub", [x, mean], s)
        square = self.random.choice([("Pow", [d, self.weight(np.float32(2))]), ("Mul", [d, d])])
        variance = self.op("ReduceMean", [self.op(*square, s)], t, axes=[-1])
        variance = self.op("Add", [variance, self.weight(np.float32(1e-2))], t)
        root = self.op("Sqrt", [variance], t)
        if self.random.random() < 0.5:
            y = self.op("Div", [d, root], s)
        else:
            y = self.op("Mul", [d, self.op("Reciprocal", [root], t)], s)
        self.op("Mul", [y, self.weight(self.floats(s[-1:]))], s)

    def gelu_by_hand(self, x, s):
        root = self.weight(np.float32(2**0.5))
        e = self.op("Erf", [self.op("Div", [x, root], s)], s)
        e = self.op("Add", [e, self.weight(np.float32(1))], s)
        if self.random.random() < 0.5:
            self.op("Mul", [self.op("Mul", [x, e], s), self.weight(np.float32(0.5))], s)
        else:
            self.op("Mul", [self.op("Mul", [x, self.weight(np.float32(0.5))], s), e], s)

    def rotary(self, x, s):
        half = s[-1] // 2
        if half == 0 or s[-1] % 2 or 0 in s:
            return
        t = s[:-1] + (half,)
        ends = [[0], [half], [2 * half]]
        low, middle, high = (self.weight(np.array(e)) for e in ends)
        axis = self.weight(np.array([-1]))
        first = self.op("Slice", [x, low, middle, axis], t)
        second = self.op("Slice", [x, middle, high, axis], t)
        turned = self.op("Concat", [self.op("Neg", [second], t), first], s, axis=-1)
        angles = self.numbers.normal(0, 2, s[-2:]).astype(np.float32)
        cosine = self.op("Mul", [x, self.weight(to_bf16(np.cos(angles)))], s)
        sine = self.op("Mul", [turned, self.weight(to_bf16(np.sin(angles)))], s)
        self.op("Add", [cosine, sine], s)

    MOVES = (
        *Graph.MOVES,
        *(
            "constant_operand curve curve power quotient clip sums pad tile split triangle running_sum elements "
            "taken comparison comparison is_nan logic number choice choice choice place "
            "attention attention norm_by_hand gelu_by_hand rotary"
        ).split(),
    )
