# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Evaluates a module of the graph dialect in float64 with numpy.

It reads the generic textual form (`tilework-opt --mlir-print-op-generic`) and
the files that weights refer to, and so says independently of the compiler what
a module means.
"""

import math
import re

import numpy as np

_erf = np.vectorize(math.erf)
_DTYPES = {
    "f32": np.float32,
    "f64": np.float64,
    "f16": np.float16,
    "i64": np.int64,
    "i32": np.int32,
    "i8": np.int8,
    "ui8": np.uint8,
    "i1": np.bool_,
}
_TOKEN = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"|-?\d+\.\d+(?:[eE][+-]?\d+)?|-?0x[0-9A-Fa-f]+|-?\d+'
    r"|[#%!@]?[A-Za-z_][\w.$]*|->|[^\s\w])"
)


class _Parser:
    """A reader of attributes, enough for the graph dialect."""

    def __init__(self, text):
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, token):
        if self.peek() == token:
            self.at += 1
            return True
        return False

    def expect(self, token):
        got = self.next()
        assert got == token, (token, got, self.tokens[self.at - 5 : self.at + 5])

    def list(self, end, item):
        items = []
        while not self.accept(end):
            items.append(item())
            self.accept(",")
        return items

    def type(self):
        name = self.next()
        if name != "tensor":
            return name
        self.expect("<")
        text = ""
        while not self.accept(">"):
            text += self.next()
        parts = text.split("x")
        return [int(p) for p in parts[:-1]], parts[-1]

    def dictionary(self, end):
        def entry():
            key = self.next().strip('"')
            return (key, self.attribute() if self.accept("=") else True)

        return dict(self.list(end, entry))

    def attribute(self):
        value = self._attribute()
        if self.peek() == ":":
            self.next()
            kind = self.type()
            if isinstance(value, tuple) and value[0] == "dense":
                return self.dense(value[1], kind)
        return value

    def dense(self, value, kind):
        shape, element = kind
        if isinstance(value, str):
            raw = bytes.fromhex(value[2:])
            if element == "bf16":
                array = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
            else:
                array = np.frombuffer(raw, _DTYPES[element])
            return np.broadcast_to(array, shape) if array.size == 1 else array.reshape(shape)
        dtype = np.float32 if element == "bf16" else _DTYPES[element]
        return np.broadcast_to(np.array(value, dtype), shape)

    def _attribute(self):
        token = self.next()
        if token == "[":
            return self.list("]", self.attribute)
        if token == "{":
            return self.dictionary("}")
        if token == "<":
            return self.expr_body()
        if token.startswith('"'):
            return token[1:-1]
        if token == "array":
            self.expect("<")
            self.next()
            self.accept(":")
            return self.list(">", self._attribute)
        if token == "dense":
            self.expect("<")
            value = [] if self.peek() == ">" else self._attribute()
            self.expect(">")
            return ("dense", value)
        if token == "#graph":
            self.expect("<")
            self.next()
            value = self.next()
            self.expect(">")
            return value
        if token.startswith("#graph."):
            return self.graph(token[7:])
        if token in ("true", "false"):
            return token == "true"
        if re.match(r"-?0x", token):
            return np.frombuffer(bytes.fromhex(token[2:]).ljust(4, b"\0"), ">f4")[0]
        if re.match(r"-?\d", token):
            return float(token) if re.search(r"[.eE]", token) else int(token)
        return token

    def expr_body(self):
        source = self._attribute()
        if self.accept(":"):
            source = self.dense(source[1], self.type())
        self.expect(",")
        steps = self._attribute()
        self.expect(">")
        return ("expr", source, steps)

    def graph(self, name):
        self.expect("<")
        if name == "expr":
            return self.expr_body()
        if name == "span":
            return ("span", self.dictionary(">"))
        if name == "cast_step":
            value = (name, self.next())
        elif name == "binary_step":
            kind = self.next()
            self.expect(",")
            operand = self._attribute()
            reverse = False
            if self.accept(","):
                self.expect("reversed")
                self.expect("=")
                reverse = self._attribute()
            value = (name, kind, operand, reverse)
        else:
            fields = self.list(">", self._attribute)
            return (name, *fields)
        self.expect(">")
        return value


def _unary(kind, x):
    functions = {
        "neg": np.negative,
        "abs": np.abs,
        "sqrt": np.sqrt,
        "rsqrt": lambda x: 1 / np.sqrt(x),
        "reciprocal": lambda x: 1 / x,
        "exp": np.exp,
        "log": np.log,
        "tanh": np.tanh,
        "erf": _erf,
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "silu": lambda x: x / (1 + np.exp(-x)),
        "relu": lambda x: np.maximum(x, 0),
        "not": np.logical_not,
        "is_nan": np.isnan,
        "floor": np.floor,
        "ceil": np.ceil,
        "round": np.rint,
        "sign": np.sign,
        "cos": np.cos,
        "sin": np.sin,
    }
    return functions[kind](x)


def _binary(kind, a, b):
    functions = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "pow": np.power,
        "mod": np.mod,
        "max": np.maximum,
        "min": np.minimum,
        "and": np.logical_and,
        "or": np.logical_or,
        "xor": np.logical_xor,
        "eq": np.equal,
        "ne": np.not_equal,
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
    }
    if kind == "div":
        return a // b if np.issubdtype(a.dtype, np.integer) else a / b
    return functions[kind](a, b)


def _slice(x, offsets, sizes, strides):
    for axis, (first, size, step) in enumerate(zip(offsets, sizes, strides)):
        x = np.take(x, first + np.arange(size) * step, axis)
    return x


def _norm(x, kind, scale, shift, epsilon):
    if kind == "layer_norm":
        x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * scale
    return x if shift is None else x + shift


def _gelu(x, form):
    if form == "erf":
        return x * 0.5 * (1 + _erf(x / math.sqrt(2)))
    return x * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _activate(x, kind):
    if kind == "none":
        return x
    return _gelu(x, kind[5:]) if kind.startswith("gelu") else _unary(kind, x)


def _softmax(x, zero_hidden=False):
    with np.errstate(invalid="ignore"):
        e = np.exp(x - x.max(-1, keepdims=True))
    e /= e.sum(-1, keepdims=True)
    hidden = (x == -np.inf).all(-1, keepdims=True)
    return np.where(hidden, 0, e) if zero_hidden else e


def _attention(q, k, v, mask, a):
    heads, kv_heads, dim, value_dim = (a[n] for n in ("heads", "kv_heads", "head_dim", "value_dim"))

    def head(x, window, h, size):
        first = window[0] + h * window[1]
        return x[:, :, first : first + size]

    results = []
    for h in range(heads):
        kv = h // (heads // kv_heads)
        scores = head(q, a["q_window"], h, dim) @ head(k, a["k_window"], kv, dim).transpose(0, 2, 1)
        scores = scores * a["scale"]
        if a.get("softcap"):
            scores = a["softcap"] * np.tanh(scores / a["softcap"])
        if mask is not None:
            scores = scores + (mask[:, None, :] if mask.ndim == 2 else mask[:, h % mask.shape[1]])
        if a.get("band"):
            rows, keys = scores.shape[1:]
            distance = np.arange(keys) - np.arange(rows)[:, None]
            hidden = (distance < a["band"][0]) | (distance > a["band"][1])
            scores = np.where(hidden, scores + a.get("band_value", -np.inf), scores)
        weights = _softmax(scores, a.get("zero_hidden"))
        results.append(weights @ head(v, a["v_window"], kv, value_dim))
    return np.concatenate(results, -1)


class Module:
    """A parsed module; `files` holds the bytes of each file of `graph.files`."""

    def __init__(self, text, files):
        self.files = files
        self.ops = []
        self.inputs, self.outputs = [], []
        for line in text.splitlines():
            match = re.match(r'\s*(?:%(\w+) = )?"([\w.]+)"\(([^)]*)\)(.*)$', line)
            if match is None or match[2] in ("builtin.module", "func.func"):
                self._names(line)
                continue
            operands = [o.strip()[1:] for o in match[3].split(",") if o.strip()]
            self.ops.append((match[1], match[2], operands, match[4]))
            if match[2] == "func.return":
                self.results = operands

    def _names(self, line):
        if '"func.func"' in line:
            for key, names in (("arg_attrs", self.inputs), ("res_attrs", self.outputs)):
                part = re.search(key + r" = \[(.*?)\]", line)
                if part:
                    names += re.findall(r'graph.name = "([^"]*)"', part[1])

    def span(self, s):
        raw = self.files[s["file"]][s["offset"] : s["offset"] + s["bytes"]]
        return np.frombuffer(raw, _DTYPES[s["element"]]).reshape(s["shape"])

    def expr(self, expr):
        _, source, steps = expr
        x = self.span(source[1]) if isinstance(source, tuple) else np.asarray(source)
        for step in steps:
            kind = step[0]
            if kind == "cast_step":
                x = x.astype(_DTYPES[step[1]])
            elif kind == "unary_step":
                x = _unary(step[1], x)
            elif kind == "binary_step":
                y = self.expr(step[2])
                x = _binary(step[1], y, x) if step[3] else _binary(step[1], x, y)
            elif kind == "transpose_step":
                x = x.transpose(step[1])
            elif kind == "reshape_step":
                x = x.reshape(step[1])
            elif kind == "slice_step":
                x = _slice(x, *step[1:])
            elif kind == "broadcast_step":
                x = np.broadcast_to(x, step[1])
            elif kind == "concat_step":
                x = np.concatenate([x] + [self.expr(e) for e in step[2]], step[1])
        return x

    def run(self, inputs):
        env = {f"arg{i}": inputs[name] for i, name in enumerate(self.inputs)}
        for result, op, operands, rest in self.ops:
            if op == "func.return":
                return dict(zip(self.outputs, (env[v] for v in self.results)))
            parser = _Parser(rest)
            attributes = {}
            if parser.accept("<"):
                parser.expect("{")
                attributes = parser.dictionary("}")
                parser.expect(">")
            if parser.accept("{"):
                parser.dictionary("}")
            kind = rest.rsplit("->", 1)[1].strip()
            shape, element = _Parser(kind).type()
            x = [env[v] for v in operands]
            value = self.evaluate(op, x, attributes, shape, element)
            assert list(value.shape) == shape, (op, value.shape, shape)
            env[result] = value

    def evaluate(self, op, x, a, shape, element):
        name = op.split(".")[1]
        if name == "launch_step":
            name = {
                "cast": "cast",
                "index": "index",
                "select": "select",
                "cumsum": "cumsum",
                "gather": "gather",
                "reshape": "reshape",
                "transpose": "transpose",
                "slice": "slice",
                "broadcast": "broadcast",
                "concat": "concat",
                "reduce_sum": "reduce",
                "reduce_max": "reduce",
                "reduce_min": "reduce",
            }.get(a["kind"], "elementwise")
            a = dict(a)
            if name == "reduce":
                a["kind"], a["axes"] = a["kind"][7:], [a["axis"]]
            if name == "elementwise":
                name = "unary" if len(x) == 1 else "binary"
            if name == "transpose":
                a["permutation"] = a["dims"]
            if name == "slice":
                a["offsets"], a["strides"] = np.split(np.array(a["dims"]), 2)
                a["sizes"] = shape
        if name == "constant":
            return np.asarray(a["value"], np.float64 if element in ("f32", "bf16") else None)
        if name == "weight":
            value = self.expr(a["expr"])
            return value.astype(np.float64) if value.dtype.kind == "f" else value
        if name == "unary":
            return _unary(a["kind"], x[0])
        if name == "binary":
            return _binary(a["kind"], x[0], x[1])
        if name == "select":
            return np.broadcast_to(np.where(*x), shape)
        if name == "cast":
            if element in ("f32", "bf16", "f64", "f16"):
                return x[0].astype(np.float64)
            return (x[0] != 0) if element == "i1" else x[0].astype(_DTYPES[element])
        if name == "index":
            rows = a["dims"][0]
            assert np.all((-rows <= x[0]) & (x[0] < rows))
            return np.where(x[0] < 0, x[0] + rows, x[0]).astype(_DTYPES[element])
        if name == "reshape":
            return x[0].reshape(shape)
        if name == "broadcast":
            return np.broadcast_to(x[0], shape)
        if name == "transpose":
            return x[0].transpose(a["permutation"])
        if name == "slice":
            return _slice(x[0], a["offsets"], a["sizes"], a["strides"])
        if name == "concat":
            return np.concatenate(x, a["axis"])
        if name == "gather":
            return np.take(x[0], x[1], a["axis"])
        if name == "embedding":
            return x[0][x[1]]
        if name == "cumsum":
            return np.cumsum(x[0], a["axis"])
        if name == "reduce":
            return getattr(np, a["kind"])(x[0], axis=tuple(a["axes"]), keepdims=True)
        if name == "softmax":
            return _softmax(x[0], a.get("zero_hidden"))
        if name == "gelu":
            return _gelu(x[0], a["form"])
        if name == "layer_norm":
            return _norm(x[0], "layer_norm", x[1], x[2] if len(x) > 2 else None, a["epsilon"])
        if name == "rms_norm":
            return _norm(x[0], "rms_norm", x[1], None, a["epsilon"])
        if name == "attention":
            return _attention(*x[:3], x[3] if len(x) > 3 else None, a)
        if name == "matmul":
            return self.matmul(x, a)
        raise NotImplementedError(op)

    @staticmethod
    def matmul(x, a):
        sizes = a["operandSegmentSizes"]
        parts, at = [], 0
        for size in sizes:
            parts.append(x[at] if size else None)
            at += size
        lhs, rhs, bias, residual, scale, shift = parts
        lhs = lhs.swapaxes(-1, -2) if a.get("transpose_lhs") else lhs
        rhs = rhs.swapaxes(-1, -2) if a.get("transpose_rhs") else rhs
        result = lhs @ rhs
        result = result if bias is None else result + bias
        result = _activate(result, a.get("activation", "none"))
        result = result if residual is None else result + residual
        norm = a.get("norm", "none")
        return result if norm == "none" else _norm(result, norm, scale, shift, a["epsilon"])
