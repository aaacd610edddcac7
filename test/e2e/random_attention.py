# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random graphs of one attention, spelt as exporters do: heads split or given, scales, masks
added and selected in any order and of every broadcast, guards; and NaN, infinities and huge
numbers in what they read. `draw` makes the model of a seed, `wrong` what the chip gives else."""

import numpy as np
import on_chip
import tilework as tw
from onnx import TensorProto, helper

LOW = np.float32(np.finfo(np.float32).min)
NUMBERS = (np.nan, np.inf, -np.inf, 1e20, -1e20)
# Beside the large ones the scores vanish in fp32 too: what is added is stored as bf16.
HIDDEN = (-np.inf, LOW, -1.0e9)
OTHERS = (*HIDDEN, -3.0, 2.0)


class Graph:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.feeds, self.constants = [], {}, {}
        self.batch, self.heads = self.pick(1, 2), self.pick(1, 2, 3)
        self.queries, self.keys = self.pick(1, 5, 19, 40), self.pick(2, 9, 37, 150)
        self.size, self.width = self.pick(8, 16), self.pick(5, 8, 16)
        if self.rng.random() < 0.1:
            self.keys = 300

    def pick(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def node(self, op, *inputs, **attributes):
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value)
        return name

    def feed(self, value):
        """An input; a few of its elements are no ordinary numbers in some graphs."""
        name = f"x{len(self.feeds)}"
        if value.dtype == np.float32 and self.rng.random() < 0.25:
            value = value.copy()
            for _ in range(self.pick(1, 1, 3)):
                at = tuple(self.rng.integers(size) for size in value.shape)
                value[at] = on_chip.to_bf16(self.pick(*NUMBERS)).item()
        self.feeds[name] = value
        return name

    def operand(self, rows, size):
        """[batch, heads, rows, size], given so or split off a projection."""
        shape = (self.batch, self.heads, rows, size)
        values = on_chip.to_bf16(self.rng.normal(0, 1, shape))
        if self.rng.random() < 0.5:
            return self.feed(values)
        flat = values.transpose(0, 2, 1, 3).reshape(self.batch, rows, -1)
        split = self.constant(np.array([self.batch, rows, self.heads, size]))
        return self.node(
            "Transpose", self.node("Reshape", self.feed(flat), split), perm=[0, 2, 1, 3]
        )

    def bound(self, operand):
        """How far results may be off: a score that is no part of an attention is stored, and so
        are weights, which moves a mean of each column by a part of its largest number."""
        made = {n.output[0]: n.input[0] for n in self.nodes}
        while operand in made:
            operand = made[operand]
        values = self.feeds[operand]
        if values.ndim == 3:
            shape = (self.batch, self.keys, self.heads, self.width)
            values = values.reshape(shape).transpose(0, 2, 1, 3)
        finite = np.where(np.isfinite(values), np.abs(values), 0)
        return 2.0**-6 * finite.max(2, keepdims=True)

    def mask_shape(self):
        shape = (self.batch, self.heads, self.queries, self.keys)
        shape = tuple(self.pick(1, n) for n in shape[:3]) + (self.pick(*[self.keys] * 5, 1),)
        return shape[self.pick(0, 0, 2) :]

    def seen(self):
        """A condition: what is seen, constant and causal, data, or both."""
        kind = self.pick("data", "causal", "both")
        names = []
        if kind != "data":
            shape, offset = (self.queries, self.keys), self.keys - self.queries
            names.append(self.constant(np.tril(np.ones(shape, bool), self.pick(0, 0, offset))))
        if kind != "causal":
            seen = self.rng.random(self.mask_shape()) < self.pick(0.3, 0.7, 0.7)
            names.append(self.feed(seen))
        return names[0] if len(names) == 1 else self.node("And", *self.rng.permutation(names))

    def mask(self):
        """A mask that is added; its sums with others are bf16 numbers."""
        if self.rng.random() < 0.4:
            return self.feed((self.rng.integers(-8, 9, self.mask_shape()) / 4).astype(np.float32))
        low = np.float32(self.pick(*HIDDEN))
        if self.rng.random() < 0.6 or np.isinf(low):
            sides = [self.constant(np.float32(0)), self.constant(low)]
            return self.selected(self.seen(), *sides)
        ones = (self.rng.random(self.mask_shape()) < 0.7).astype(np.float32)
        hidden = self.node("Sub", self.constant(np.float32(1)), self.feed(ones))
        return self.node("Mul", hidden, self.constant(low))

    def selected(self, condition, then, other):
        if self.rng.random() < 0.5:
            return self.node("Where", condition, then, other)
        return self.node("Where", self.node("Not", condition), other, then)

    def guarded(self, p, mask):
        zero = self.constant(np.float32(0))
        kind = self.pick("none", "none", "nan", "rows")
        if kind == "nan":
            return self.node("Where", self.node("IsNaN", p), zero, p)
        if kind == "rows" and mask:
            last = self.constant(np.array([-1]))
            largest = self.node("ReduceMax", mask, last)
            bound = self.constant(np.float32(-np.inf))
            return self.node("Where", self.node("Equal", largest, bound), zero, p)
        return p


def draw(seed):
    g = Graph(seed)
    q, v = g.operand(g.queries, g.size), g.operand(g.keys, g.width)
    k = g.node("Transpose", g.operand(g.keys, g.size), perm=[0, 1, 3, 2])
    scale = g.pick("none", "scores", "divided", "both")
    if scale == "both":
        factor = g.constant(np.float32(g.size**-0.25))
        q, k = g.node("Mul", q, factor), g.node("Mul", k, factor)
    s = g.node("MatMul", q, k)
    if scale == "scores":
        s = g.node("Mul", s, g.constant(np.float32(g.size**-0.5)))
    if scale == "divided":
        s = g.node("Div", s, g.constant(np.float32(g.size**0.5)))
    added = None
    for _ in range(g.pick(0, 1, 1, 2, 2, 3)):
        if g.rng.random() < 0.5:
            s = g.selected(g.seen(), s, g.constant(np.float32(g.pick(*OTHERS))))
        else:
            added = g.mask()
            s = g.node("Add", *g.rng.permutation([s, added]))
    p = g.guarded(g.node("Softmax", s, axis=-1), added)
    g.nodes.append(helper.make_node("MatMul", [p, v], ["o"]))
    g.nodes.append(helper.make_node("Cast", ["o"], ["y"], to=TensorProto.FLOAT))
    return on_chip.build(g.nodes, g.feeds, g.constants), g.feeds, g.bound(v)


def wrong(seed, target):
    """A sentence, or None."""
    model, feeds, bound = draw(seed)
    with np.errstate(all="ignore"):
        wanted = on_chip.reference(model, feeds)["y"]
        got = tw.compile(model, target=target)(**feeds)["y"]
        near = np.abs(got - wanted) <= bound + 2.0**-7 * np.abs(wanted)
    right = near | (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    if right.all():
        return None
    at = tuple(np.argwhere(~right)[0])
    at = tuple(int(i) for i in at)
    return f"{(~right).sum()} of {right.size} differ, at {at} {got[at]} instead of {wanted[at]}"
