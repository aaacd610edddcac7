# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions that the chip composes: of every number, of NaN, infinities and zeros."""

import numpy as np
import on_chip
import pytest
import tilework as tw
from on_chip import MICROSOFT, normal, to_bf16, uniform
from onnx import TensorProto, helper, numpy_helper

EDGES = np.float32([np.nan, np.inf, -np.inf, 0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 2.5, -2.5, 3, -3])
EVERY_BF16 = (np.arange(65536, dtype=np.uint32) << 16).view(np.float32)
# Below 2^-126 numbers are zeros.
EVERY_BF16 = np.where(np.abs(EVERY_BF16) < 2.0**-126, 0, EVERY_BF16).reshape(256, 256)


def one(op, *feeds, opset=22, domain="", dtypes=(TensorProto.FLOAT,), weights=None, **attributes):
    """A model of one node: its executable's arguments and itself."""
    inputs = {f"x{i}": x for i, x in enumerate(feeds)}
    weights = weights or {}
    names = [*inputs, *weights]
    node = helper.make_node(
        op, names, [f"y{i}" for i in range(len(dtypes))], domain=domain, **attributes
    )
    model = on_chip.build([node], inputs, weights, opset, [])
    for i, dtype in enumerate(dtypes):
        model.graph.output.append(helper.make_tensor_value_info(f"y{i}", dtype, None))
    return model, inputs


def run(model, feeds, target="edge"):
    got = tw.compile(model, target=on_chip.target_named(target))(**feeds)
    return [got[o.name] for o in model.graph.output]


def assert_near(got, wanted, relative=2.0**-8, absolute=0.0, what=""):
    """NaN and infinities at the same places, other values within the bounds."""
    wanted = np.broadcast_to(np.asarray(wanted, np.float64), got.shape)
    g = got.astype(np.float64)
    # What rounds beyond the largest bf16 is infinite, what is below 2^-126 zero.
    large = np.abs(wanted) > 3.38e38
    same = (np.isnan(g) & np.isnan(wanted)) | (g == wanted)
    same |= large & (np.abs(g) > 3.37e38) & (np.sign(g) == np.sign(wanted))
    with np.errstate(invalid="ignore"):
        same |= np.abs(g - wanted) <= relative * np.abs(wanted) + absolute + 2.0**-126
    assert same.all(), f"{what}: {g[~same][:5]} for {wanted[~same][:5]}, {np.count_nonzero(~same)}"


UNARY = {
    "Sin": np.sin,
    "Cos": np.cos,
    "Tan": np.tan,
    "Asin": np.arcsin,
    "Acos": np.arccos,
    "Atan": np.arctan,
    "Sinh": np.sinh,
    "Cosh": np.cosh,
    "Asinh": np.arcsinh,
    "Acosh": np.arccosh,
    "Atanh": np.arctanh,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.rint,
    "Sign": np.sign,
    "IsInf": np.isinf,
}
PERIODIC = ("Sin", "Cos", "Tan")


@pytest.mark.parametrize("op", UNARY)
def test_of_every_bf16_number(op):
    dtype = TensorProto.BOOL if op == "IsInf" else TensorProto.FLOAT
    (got,) = run(*one(op, EVERY_BF16, dtypes=(dtype,)))
    with np.errstate(all="ignore"):
        wanted = UNARY[op](EVERY_BF16.astype(np.float64))
    if op in PERIODIC:  # angles beyond 2^18 have no digit left after the reduction
        wanted = np.where(np.abs(EVERY_BF16) > 2.0**18, np.nan, wanted)
    absolute = {"Sin": 2.0**-16, "Cos": 2.0**-16, "Tan": 2.0**-16}.get(op, 0)
    near = np.abs(EVERY_BF16) <= 2.0**12 if op == "Tan" else np.full(EVERY_BF16.shape, True)
    assert_near(got[near], wanted[near], absolute=absolute, what=op)


@pytest.mark.parametrize("target", ["nano", "odd"])
@pytest.mark.parametrize("op", UNARY)
@pytest.mark.parametrize("shape", [(3, 7, 37), (1, 5), (130, 1)])
def test_of_any_shape(target, op, shape):
    x = uniform(-4, 4, *shape, seed=5)
    x.flat[: len(EDGES)] = EDGES[: x.size]
    dtype = TensorProto.BOOL if op == "IsInf" else TensorProto.FLOAT
    (got,) = run(*one(op, x, dtypes=(dtype,)), target)
    with np.errstate(all="ignore"):
        assert_near(got, UNARY[op](x.astype(np.float64)), absolute=2.0**-18, what=op)


def test_the_sides_of_is_inf_are_chosen():
    for below, above in ((0, 1), (1, 0), (0, 0)):
        model, feeds = one(
            "IsInf",
            EDGES,
            dtypes=(TensorProto.BOOL,),
            detect_negative=below,
            detect_positive=above,
        )
        wanted = (below & (EDGES == -np.inf)) | (above & (EDGES == np.inf))
        assert np.array_equal(run(model, feeds)[0], wanted.astype(bool))


def pairs(seed, *shapes):
    """Operands with every pair of edges among them."""
    x, y = (uniform(-6, 6, *s, seed=seed + i) for i, s in enumerate(shapes))
    if x.shape == y.shape:
        a, b = np.meshgrid(EDGES, EDGES)
        x.flat[: a.size], y.flat[: b.size] = a.ravel(), b.ravel()
    return x, y


SHAPES = [((9, 41), (9, 41)), ((2, 7, 37), (37,)), ((2, 7, 37), (7, 1)), ((7, 1), (1, 37))]


@pytest.mark.parametrize("target", ["nano", "edge", "odd"])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_powers_by_element_follow_c(target, shapes):
    x, y = pairs(1, *shapes)
    x = np.where(np.arange(x.size).reshape(x.shape) % 3 == 0, x, np.abs(x))
    y = np.where(np.arange(y.size).reshape(y.shape) % 2 == 0, np.round(y), y)
    with np.errstate(all="ignore"):
        wanted = np.power(x.astype(np.float64), y.astype(np.float64))
    for feeds, weights in (((x, y), {}), ((x,), {"w": y})):
        (got,) = run(*one("Pow", *feeds, weights=weights), target)
        assert_near(got, wanted)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, 7, -1, -2, -3, 0.5, -0.5, 0.25, 2.4, -1.5, 65])
def test_powers_by_a_constant_follow_c(exponent):
    x = np.concatenate([EDGES, uniform(-8, 8, 100), uniform(0, 2, 100)])
    (got,) = run(*one("Pow", x, weights={"w": np.float32(exponent)}))
    with np.errstate(all="ignore"):
        assert_near(got, np.power(x.astype(np.float64), np.full(x.shape, np.float32(exponent))))


@pytest.mark.parametrize("base", [0.5, 1.0, 2.0, 10000.0, 0.0, -2.0])
def test_powers_of_a_constant_follow_c(base):
    x = np.concatenate([EDGES, uniform(-3, 3, 100)])
    node = helper.make_node("Pow", ["w", "x"], ["y"])
    model = on_chip.build([node], {"x": x}, {"w": np.float32(base)})
    with np.errstate(all="ignore"):
        assert_near(run(model, {"x": x})[0], np.power(np.float64(base), x.astype(np.float64)))


@pytest.mark.parametrize("exponent", [np.int64(3), np.int32(-2)])
def test_exponents_may_be_integers(exponent):
    x = uniform(0.5, 3, 4, 30)
    exponents = np.full((4, 1), exponent)
    wanted = np.power(x.astype(np.float64), float(exponent))
    assert_near(run(*one("Pow", x, weights={"w": exponent}))[0], wanted)
    assert_near(run(*one("Pow", x, exponents))[0], wanted)


@pytest.mark.parametrize("target", ["nano", "edge", "odd"])
@pytest.mark.parametrize("fmod", [0, 1])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_remainders_of_floats(target, fmod, shapes):
    x, y = pairs(3, *shapes)
    with np.errstate(all="ignore"):
        wanted = (np.fmod if fmod else np.mod)(x.astype(np.float64), y.astype(np.float64))
    (got,) = run(*one("Mod", x, y, opset=28, fmod=fmod), target)
    assert_near(got, wanted, absolute=2.0**-7 if fmod == 0 else 0)


@pytest.mark.parametrize("fmod", [0, 1])
def test_remainders_of_integers_are_the_hosts(fmod):
    rng = np.random.default_rng(7)
    x, y = (
        rng.integers(-50, 50, (4, 20)),
        rng.integers(1, 9, (4, 20)) * rng.choice([-1, 1], (4, 20)),
    )
    model, feeds = one("Mod", x, y, dtypes=(TensorProto.INT64,), fmod=fmod)
    assert np.array_equal(run(model, feeds)[0], (np.fmod if fmod else np.mod)(x, y))


def test_what_jumps_or_turns_reads_fp32_within_its_group():
    """An angle that two functions read is not rounded to bf16 between them."""
    positions = np.arange(500, 628, dtype=np.float32).reshape(128, 1)
    positions = to_bf16(positions)
    frequencies = uniform(0.1, 1, 1, 40)
    nodes = [
        helper.make_node("Mul", ["p", "f"], ["angle"]),
        helper.make_node("Sin", ["angle"], ["s"]),
        helper.make_node("Cos", ["angle"], ["c"]),
        helper.make_node("Mod", ["angle", "one"], ["rest"], fmod=1),
    ]
    feeds = {"p": positions, "f": frequencies}
    weights = {"one": np.float32(1)}
    model = on_chip.build(nodes, feeds, weights, outputs=("s", "c", "rest"))
    angle = positions.astype(np.float64) * frequencies
    for target in on_chip.TARGETS:
        sine, cosine, rest = run(model, feeds, target)
        assert_near(sine, np.sin(angle), absolute=2.0**-12)
        assert_near(cosine, np.cos(angle), absolute=2.0**-12)
        jump = np.abs(angle - np.round(angle)) > 2.0**-12
        assert_near(rest[jump], (angle - np.floor(angle))[jump], absolute=2.0**-12)


def rotary_tables(width):
    """Nodes from position ids to "cos" and "sin", as exporters of Llama write them."""
    return [
        helper.make_node("Unsqueeze", ["ids", "one"], ["ids3"]),
        helper.make_node("Cast", ["ids3"], ["positions"], to=TensorProto.FLOAT),
        helper.make_node("Shape", ["ids"], ["shape"], end=1),
        helper.make_node("Concat", ["shape", "rest"], ["wide"], axis=0),
        helper.make_node("Expand", ["frequencies", "wide"], ["expanded"]),
        helper.make_node("MatMul", ["expanded", "positions"], ["product"]),
        helper.make_node("Transpose", ["product"], ["half"], perm=[0, 2, 1]),
        helper.make_node("Concat", ["half", "half"], ["angle"], axis=-1),
        helper.make_node("Cos", ["angle"], ["cos"]),
        helper.make_node("Sin", ["angle"], ["sin"]),
    ], {
        "one": np.int64([1]),
        "rest": np.int64([width // 2, 1]),
        "frequencies": (10000.0 ** (-np.arange(0, width, 2) / width))
        .astype(np.float32)
        .reshape(1, -1, 1),
    }


def test_positions_of_a_model_are_turned_on_the_host():
    nodes, weights = rotary_tables(16)
    nodes = [
        *nodes,
        helper.make_node("Mul", ["x", "cos"], ["a"]),
        helper.make_node("Neg", ["x"], ["n"]),
        helper.make_node("Mul", ["n", "sin"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    ids = np.random.default_rng(2).integers(0, 100000, (2, 9))
    case = on_chip.Case("rope", nodes, {"ids": ids, "x": normal(2, 9, 16)}, weights)
    wanted = on_chip.reference(case.model, case.feeds)
    got = tw.compile(case.model, target="nano")(**case.feeds)
    # Cosine and sine are stored as bf16 before they meet x.
    assert_near(got["y"], wanted["y"], absolute=2.0**-6)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_hardmax_takes_the_first_of_the_largest(axis):
    x = np.random.default_rng(1).integers(-2, 3, (6, 5, 9)).astype(np.float32)
    (got,) = run(*one("Hardmax", x, axis=axis))
    wanted = np.zeros_like(x)
    np.put_along_axis(wanted, np.expand_dims(x.argmax(axis), axis), 1, axis)
    assert np.array_equal(got, wanted)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_lp_normalisation(p, axis):
    x = normal(4, 6, 30)
    x[0], x[:, 0], x[..., 0] = 0, 0, 0
    (got,) = run(*one("LpNormalization", x, p=p, axis=axis), "nano")
    norm = np.linalg.norm(x.astype(np.float64), p, axis, keepdims=True)
    wanted = np.divide(x, norm, out=np.zeros(x.shape), where=norm != 0)
    assert_near(got, wanted, relative=2.0**-6)


@pytest.mark.parametrize("shape", [(2, 5, 3, 4), (3, 7), (2, 5, 6)])
def test_batch_normalisation_in_evaluation_mode(shape):
    x, channels = normal(*shape), shape[1]
    parameters = [normal(channels, seed=1), normal(channels, seed=2), normal(channels, seed=3)]
    parameters.append(uniform(0.5, 2, channels, seed=4))
    constants = dict(zip("sbmv", parameters))
    for feeds, weights in (((x, *parameters), {}), ((x,), constants)):
        model, inputs = one("BatchNormalization", *feeds, weights=weights, opset=15, epsilon=1e-3)
        wanted = on_chip.reference(model, inputs)["y0"]
        assert_near(run(model, inputs, "nano")[0], wanted, relative=2.0**-6, absolute=2.0**-6)


@pytest.mark.parametrize("epsilon, offset", [(1e-5, 0.0), (1e-2, 8.0)])
@pytest.mark.parametrize("axis", [-1, 1])
def test_normalisations_give_their_statistics(epsilon, offset, axis):
    x = to_bf16(normal(3, 4, 40) + np.float32(offset))
    shape = x.shape[axis:]
    weights = {"s": normal(*shape, seed=1), "b": normal(*shape, seed=2)}
    model, feeds = one(
        "LayerNormalization",
        x,
        weights=weights,
        opset=17,
        dtypes=(TensorProto.FLOAT,) * 3,
        axis=axis,
        epsilon=epsilon,
    )
    wanted = on_chip.reference(model, feeds)
    for got, value in zip(run(model, feeds, "nano"), wanted.values()):
        assert_near(got, value, relative=2.0**-6, absolute=2.0**-6)


EQUATIONS = [
    ("bij,bjk->bik", (2, 5, 7), (2, 7, 9)),
    ("abc,cde->abde", (2, 5, 8), (8, 3, 4)),
    ("bhqd,bhkd->bhqk", (2, 3, 5, 8), (2, 3, 6, 8)),
    ("bhqk,bkhd->bqhd", (2, 3, 5, 6), (2, 6, 3, 8)),
    ("...ij,...jk->...ik", (2, 3, 4, 5), (3, 5, 6)),
    ("...ij,jk", (2, 4, 5), (5, 6)),
    ("i,j->ij", (5,), (7,)),
    ("ij,ij->i", (5, 7), (5, 7)),
    ("ij->ji", (5, 7)),
    ("ij->", (5, 7)),
    ("bii->bi", (3, 5, 5)),
    ("ii", (6, 6)),
    ("ij,jk,kl->il", (4, 5), (5, 6), (6, 7)),
    ("bn,bnm,mk->bk", (3, 4), (3, 4, 5), (5, 6)),
    (",->", (), ()),
]


@pytest.mark.parametrize("equation, shapes", [(e, s) for e, *s in EQUATIONS], ids=str)
def test_einsum(equation, shapes):
    feeds = [normal(*s, seed=i).reshape(s) for i, s in enumerate(shapes)]
    (got,) = run(*one("Einsum", *feeds, opset=12, equation=equation), "nano")
    wanted = np.einsum(equation.replace("\u2026", "..."), *[f.astype(np.float64) for f in feeds])
    assert got.shape == wanted.shape
    assert_near(got, wanted, relative=2.0**-6, absolute=2.0**-5)


@pytest.mark.parametrize("alpha", [1.0, 0.5, 2.0])
def test_celu(alpha):
    x = np.concatenate([EDGES, uniform(-6, 6, 100)])
    (got,) = run(*one("Celu", x, opset=12, alpha=alpha))
    with np.errstate(all="ignore"):
        y = x.astype(np.float64)
        wanted = np.maximum(y, 0) + np.minimum(alpha * np.expm1(y / alpha), 0)
    assert_near(got, wanted, absolute=2.0**-18)


def turned(x, cosine, sine, interleaved):
    half = cosine.shape[-1]
    a = x[..., 0 : 2 * half : 2] if interleaved else x[..., :half]
    b = x[..., 1 : 2 * half : 2] if interleaved else x[..., half : 2 * half]
    real, imaginary = a * cosine - b * sine, a * sine + b * cosine
    if interleaved:
        pairs = np.stack([real, imaginary], -1).reshape(*x.shape[:-1], 2 * half)
    else:
        pairs = np.concatenate([real, imaginary], -1)
    return np.concatenate([pairs, x[..., 2 * half :]], -1)


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("part", [0, 8])
@pytest.mark.parametrize("rank", [3, 4])
@pytest.mark.parametrize("with_ids", [False, True])
def test_rotary_embedding(interleaved, part, rank, with_ids):
    batch, heads, length, size = 2, 3, 5, 16
    columns = (part or size) // 2
    ids = np.random.default_rng(4).integers(0, 20, (batch, length))
    tables = [uniform(-1, 1, 20, columns, seed=s) for s in (1, 2)]
    x = normal(batch, heads, length, size)
    attributes = dict(interleaved=interleaved)
    if part:
        attributes["rotary_embedding_dim"] = part
    flat = x.transpose(0, 2, 1, 3).reshape(batch, length, -1)
    if rank == 3:
        attributes["num_heads"] = heads
    rows = [t[ids] for t in tables]
    wanted = turned(x, *(r[:, None] for r in rows), interleaved)
    if rank == 3:
        wanted = wanted.transpose(0, 2, 1, 3).reshape(flat.shape)
    given = flat if rank == 3 else x
    feeds = (given, *tables, ids) if with_ids else (given, *rows)
    (got,) = run(*one("RotaryEmbedding", *feeds, opset=23, **attributes), "nano")
    assert_near(got, wanted, absolute=2.0**-6)
    if with_ids:
        order = (given, ids, *tables)
        model, feeds = one("RotaryEmbedding", *order, domain=MICROSOFT, **attributes)
        assert_near(run(model, feeds, "nano")[0], wanted, absolute=2.0**-6)


@pytest.mark.parametrize("op", ["NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [None, 2, -1])
@pytest.mark.parametrize("rest", [(), (3, 4)])
def test_losses(op, reduction, weighted, ignored, rest):
    x = normal(4, 7, *rest)
    labels = np.random.default_rng(8).integers(0, 7, (4, *rest))
    if ignored == -1:
        labels.flat[0] = -1
    feeds = [x, labels]
    if weighted:
        feeds.append(uniform(0.5, 2, 7, seed=9))
    attributes = dict(reduction=reduction)
    if ignored is not None:
        attributes["ignore_index"] = ignored
    model, inputs = one(op, *feeds, opset=13, **attributes)
    wanted = on_chip.reference(model, inputs)["y0"]
    assert_near(run(model, inputs, "nano")[0], wanted, relative=2.0**-6, absolute=2.0**-6)


ACTIVATIONS = {
    "Elu": dict(alpha=1.5),
    "Selu": {},
    "Shrink": dict(lambd=0.75, bias=0.25),
    "ThresholdedRelu": dict(alpha=0.75),
    "Softsign": {},
    "Softplus": {},
    "HardSigmoid": {},
    "HardSwish": {},
    "Mish": {},
    "LeakyRelu": dict(alpha=0.25),
    "Relu": {},
    "Sigmoid": {},
    "Tanh": {},
    "Erf": {},
    "Exp": {},
    "Log": {},
    "Sqrt": {},
    "Reciprocal": {},
    "Abs": {},
    "Neg": {},
}


@pytest.mark.parametrize("op", ACTIVATIONS)
def test_activations_at_the_edges(op):
    x = np.concatenate([EDGES, uniform(-6, 6, 150)])
    model, feeds = one(op, x, opset=22, **ACTIVATIONS[op])
    (got,) = run(model, feeds)
    wanted = on_chip.reference(model, feeds)["y0"]
    assert_near(got, wanted, relative=2.0**-6, absolute=2.0**-7, what=op)


@pytest.mark.parametrize("opset", [7, 9, 16, 22])
@pytest.mark.parametrize("slope", [(1,), (5, 1, 1), (2, 5, 3, 4)])
def test_prelu_of_every_set(slope, opset):
    x, slopes = normal(2, 5, 3, 4), normal(*slope, seed=1)
    (got,) = run(*one("PRelu", x, slopes, opset=opset))
    assert_near(got, np.where(x < 0, slopes * x, x))


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
@pytest.mark.parametrize("axes", [None, [1], [-1, 0]])
def test_mean_variance_normalisation_of_every_type(axes, dtype):
    x = normal(2, 5, 3, 4).astype(dtype)
    attributes = {} if axes is None else {"axes": axes}
    dtypes = [helper.np_dtype_to_tensor_dtype(x.dtype)]
    (got,) = run(*one("MeanVarianceNormalization", x, opset=13, dtypes=dtypes, **attributes))
    over, y = tuple(axes or (0, 2, 3)), x.astype(np.float64)
    wanted = (y - y.mean(over, keepdims=True)) / y.std(over, keepdims=True)
    assert_near(got, wanted, relative=2.0**-6, absolute=2.0**-7)


@pytest.mark.parametrize("axes", [None, [1], [2, 3], [0, 2], [0, 1, 2, 3]])
@pytest.mark.parametrize("mean", [1.0, 100.0, 1e4])
def test_mean_variance_normalisation_far_from_zero(mean, axes):
    """The mean is never rounded to bf16; elements without deviation are zeros."""
    x = to_bf16(mean + normal(2, 5, 3, 4) * mean * 2.0**-6)
    x[:, :, 1, :2] = x[0, 0, 1, 0]
    attributes = {} if axes is None else {"axes": axes}
    (got,) = run(*one("MeanVarianceNormalization", x, opset=13, **attributes))
    over, y = tuple(axes or (0, 2, 3)), x.astype(np.float64)
    centred = y - y.mean(over, keepdims=True)
    deviation = np.sqrt((centred**2).mean(over, keepdims=True))
    assert_near(got, centred / (deviation + 1e-9), relative=2.0**-8, absolute=2.0**-8)


COMPOSED = {"Sin": 1, "Floor": 1, "Asinh": 1, "Mod": 2, "Pow": 2}


@pytest.mark.parametrize("op", COMPOSED)
def test_every_engine_composes_alike(op):
    feeds = pairs(6, (9, 37), (9, 37))[: COMPOSED[op]]
    attributes = dict(fmod=1) if op == "Mod" else {}
    model, inputs = one(op, *feeds, **attributes)
    assert tw.compile(model, target="nano").simulate(inputs, engine="both").cycles > 0


def modifier(name, *nodes, **constants):
    """A graph of one float tensor that is an attribute of FlexAttention."""
    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("s", "t")]
    weights = [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()]
    return helper.make_graph(list(nodes), name, info[:1], info[1:], weights)


CAP = modifier(
    "cap",
    helper.make_node("Div", ["s", "c"], ["a"]),
    helper.make_node("Tanh", ["a"], ["b"]),
    helper.make_node("Mul", ["b", "c"], ["t"]),
    c=np.float32(2),
)
HALVED = modifier("halved", helper.make_node("Mul", ["s", "h"], ["t"]), h=np.float32(0.5))


@pytest.mark.parametrize("heads", [(4, 4), (6, 2)])
@pytest.mark.parametrize("attributes", [{}, {"scale": 0.5}, {"score_mod": CAP, "prob_mod": HALVED}])
def test_attention_with_graphs_of_its_own(heads, attributes):
    q, k, v = normal(2, heads[0], 5, 8), normal(2, heads[1], 7, 8), normal(2, heads[1], 7, 16)
    node = helper.make_node(
        "FlexAttention", list("qkv"), ["y"], domain="ai.onnx.preview", **attributes
    )
    model = on_chip.build([node], {"q": q, "k": k, "v": v}, opset=26)
    model.opset_import.append(helper.make_opsetid("ai.onnx.preview", 1))
    keys, values = (np.repeat(x, heads[0] // heads[1], 1).astype(np.float64) for x in (k, v))
    scores = q @ keys.swapaxes(-1, -2) * attributes.get("scale", 8**-0.5)
    if "score_mod" in attributes:
        scores = 2 * np.tanh(scores / 2)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True) * (2 if "prob_mod" in attributes else 1)
    assert_near(run(model, {"q": q, "k": k, "v": v}, "nano")[0], shares @ values, absolute=2.0**-6)


def test_a_refusal_in_a_graph_of_a_node_names_both():
    broken = modifier("broken", helper.make_node("LRN", ["s"], ["t"], "inner", size=3))
    x = normal(1, 2, 3, 4)
    node = helper.make_node(
        "FlexAttention", list("xxx"), ["y"], "outer", domain="ai.onnx.preview", score_mod=broken
    )
    model = on_chip.build([node], {"x": x}, opset=26)
    model.opset_import.append(helper.make_opsetid("ai.onnx.preview", 1))
    with pytest.raises(tw.UnsupportedModel, match="outer/inner"):
        tw.compile(model)


@pytest.mark.parametrize("rule", ["linear", "gated", "delta", "gated_delta"])
@pytest.mark.parametrize("heads, kv_heads", [(2, 2), (4, 2)])
@pytest.mark.parametrize("per_key", [False, True])
def test_attention_as_a_recurrence(rule, heads, kv_heads, per_key):
    batch, length, size, width = 2, 5, 8, 6
    feeds = {
        "q": normal(batch, length, heads * size),
        "k": normal(batch, length, kv_heads * size, seed=1, scale=0.3),
        "v": normal(batch, length, kv_heads * width, seed=2),
        "s": normal(batch, kv_heads, size, width, seed=3),
        "g": uniform(-1, 0, batch, length, kv_heads * (size if per_key else 1), seed=4),
        "b": uniform(0, 1, batch, length, kv_heads, seed=5),
    }
    gated, corrects = "gated" in rule, "delta" in rule
    names = ["q", "k", "v", "s", "g" if gated else "", "b" if corrects else ""]
    attributes = dict(update_rule=rule, q_num_heads=heads, kv_num_heads=kv_heads)
    node = helper.make_node("LinearAttention", names, ["y", "state"], **attributes)
    feeds = {n: v for n, v in feeds.items() if n in names}
    model = on_chip.build([node], feeds, opset=27, outputs=("y", "state"))
    state, rows = feeds["s"].astype(np.float64), []
    for t in range(length):
        q, k, v = (
            feeds[n][:, t].reshape(batch, -1, w).astype(np.float64)
            for n, w in (("q", size), ("k", size), ("v", width))
        )
        if gated:
            state = state * np.exp(feeds["g"][:, t].reshape(batch, kv_heads, -1, 1))
        change = v
        if corrects:
            change = (v - np.einsum("bhk,bhkv->bhv", k, state)) * feeds["b"][:, t, :, None]
        state = state + k[..., None] * change[:, :, None]
        shared = np.repeat(state, heads // kv_heads, 1)
        rows.append(np.einsum("bhk,bhkv->bhv", q, shared).reshape(batch, -1) / np.sqrt(size))
    y, final = run(model, feeds, "nano")
    assert_near(y, np.stack(rows, 1), relative=2.0**-5, absolute=2.0**-5)
    assert_near(final, state, relative=2.0**-5, absolute=2.0**-5)


@pytest.mark.parametrize("sizes", [(3, 9), (8, 4), (6, 5), (7, 6)])
def test_a_centre_is_cut_or_padded(sizes):
    x = normal(6, 5)
    (got,) = run(*one("CenterCropPad", x, weights={"n": np.int64(sizes)}, opset=18))
    wanted = x
    for axis, size in enumerate(sizes):
        missing, start = max(size - wanted.shape[axis], 0), max(wanted.shape[axis] - size, 0) // 2
        wanted = np.take(wanted, range(start, start + min(size, wanted.shape[axis])), axis)
        pads = [(0, 0), (0, 0)]
        pads[axis] = (missing // 2, missing - missing // 2)
        wanted = np.pad(wanted, pads)
    assert np.array_equal(got, wanted)


@pytest.mark.parametrize(
    "op, reference",
    [
        ("ReduceL1", np.abs),
        ("ReduceL2", np.abs),
        ("ReduceSumSquare", np.square),
        ("ReduceLogSum", np.log),
        ("ReduceLogSumExp", np.positive),
        ("ReduceMax", np.positive),
    ],
)
def test_a_reduction_over_no_axis_keeps_its_steps_of_each_element(op, reference):
    x = uniform(0.5, 3, 4, 9) * (1 if op == "ReduceLogSum" else -1)
    for keep in (0, 1):
        model, feeds = one(op, x, noop_with_empty_axes=1, keepdims=keep)
        assert_near(run(model, feeds)[0], reference(x), 2.0**-7, 2.0**-9, op)


def test_the_logarithm_of_a_sum_of_exponentials_takes_infinities():
    x = np.zeros((6, 5), np.float32)
    x[0], x[1, 2], x[2, 1], x[3, :2] = -np.inf, np.inf, -np.inf, (-np.inf, np.inf)
    x[4, 3], x[5] = np.nan, 300
    model, feeds = one("ReduceLogSumExp", x, weights={"a": np.array([1])})
    wanted = np.float32([-np.inf, np.inf, np.log(4), np.inf, np.nan, 300 + np.log(5)])
    assert_near(run(model, feeds)[0], wanted[:, None], what="ReduceLogSumExp")


@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceMean"])
def test_integers_of_the_chip_are_reduced_over_several_axes(op):
    x = to_bf16(np.random.default_rng(1).integers(-3, 4, (2, 3, 4)))
    nodes = [
        helper.make_node("Neg", ["x"], ["n"]),
        helper.make_node("Cast", ["n"], ["i"], to=TensorProto.INT64),
        helper.make_node(op, ["i", "a"], ["y"], keepdims=0),
    ]
    model = on_chip.build(nodes, {"x": x}, {"a": np.array([0, 2])}, 22, [])
    model.graph.output.append(helper.make_tensor_value_info("y", TensorProto.INT64, None))
    function = {"ReduceProd": np.prod, "ReduceMax": np.max, "ReduceMin": np.min}
    sums = function.get(op, np.sum)((-x).astype(np.int64), axis=(0, 2))
    wanted = np.trunc(sums / 8).astype(np.int64) if op == "ReduceMean" else sums
    np.testing.assert_array_equal(run(model, {"x": x})[0], wanted)


@pytest.mark.parametrize("op", ["ReduceL2", "ReduceLogSum", "ReduceLogSumExp"])
def test_roots_and_logarithms_of_integers_are_refused_by_name(op):
    model = on_chip.build(
        [helper.make_node(op, ["x"], ["y"], name="the_node")], {"x": np.arange(4)}, {}, 22, []
    )
    model.graph.output.append(helper.make_tensor_value_info("y", TensorProto.INT64, None))
    with pytest.raises(tw.UnsupportedModel) as raised:
        tw.compile(model)
    (node,) = raised.value.nodes
    assert node["name"] == "the_node" and "integers" in node["reason"]


QUOTIENT = {
    "tile": ((27, 27), (27, 27)),
    "a divisor a row": ((27, 27), (27, 1)),
    "a divisor a column": ((27, 27), (27,)),
    "a dividend a row": ((27, 1), (27, 27)),
}
SIZES = [
    0.0,
    1,
    3,
    7,
    1.25e-38,
    2e-38,
    1e30,
    2.0**126,
    1.5 * 2.0**126,
    2.0**127,
    3.3e38,
    np.inf,
    1e19,
]
SIZES = on_chip.to_bf16([*SIZES, *(-np.array(SIZES)), np.nan])


def same_quotients(got, wanted):
    """As far as bf16 goes, with what is below 2^-126 a zero; NaN where NaN is."""
    with np.errstate(all="ignore"):
        flushed = (np.abs(wanted) < 2.0**-125) & (np.abs(got) < 2.0**-125)
        near = np.abs(got - wanted) <= on_chip.ROUNDED * np.abs(wanted)
        most = (np.abs(wanted) > 3.38e38) & (np.abs(got) > 3.38e38) & (got * wanted > 0)
        return flushed | near | (got == wanted) | most | (np.isnan(got) & np.isnan(wanted))


@pytest.mark.parametrize("computed", (False, True))
@pytest.mark.parametrize("shapes", QUOTIENT)
def test_quotients_of_every_size(shapes, computed):
    x, z = (
        np.resize(SIZES if shape[-1] > 1 else SIZES[:, None], shape) for shape in QUOTIENT[shapes]
    )
    if shapes == "tile":
        x = x.T
    feeds = {"x": np.ascontiguousarray(x), "z": np.ascontiguousarray(z)}
    nodes = [helper.make_node("Div", ["x", "z"], ["y"])]
    if computed:
        nodes = [
            helper.make_node("Neg", ["x"], ["p"]),
            helper.make_node("Neg", ["z"], ["q"]),
            helper.make_node("Div", ["p", "q"], ["y"]),
        ]
    got = tw.compile(on_chip.build(nodes, feeds))(**feeds)["y"]
    with np.errstate(all="ignore"):
        assert same_quotients(got, feeds["x"] / feeds["z"]).all()


@pytest.mark.parametrize("constant", (1.0, -3.0, 1e38, -3e38, 1.25e-38, 0.0, np.inf, np.nan))
@pytest.mark.parametrize("divides", (False, True))
def test_quotients_with_a_constant_of_any_size(divides, constant):
    nodes = [helper.make_node("Div", ["x", "c"] if divides else ["c", "x"], ["y"])]
    c = np.float32(constant)
    got = tw.compile(on_chip.build(nodes, {"x": SIZES}, {"c": c}))(x=SIZES)["y"]
    with np.errstate(all="ignore"):
        assert same_quotients(got, SIZES / c if divides else c / SIZES).all()


def test_a_constant_of_both_zeros_keeps_their_signs():
    x, zeros = np.float32([-3, -3, 5, 5]), np.float32([-0.0, 0.0, 0.0, -0.0])
    case = on_chip.Case("", [helper.make_node("Div", ["x", "c"], ["y"])], {"x": x}, {"c": zeros})
    got = tw.compile(case.model, target="nano")(x=x)["y"]
    np.testing.assert_array_equal(got, np.float32([np.inf, -np.inf, np.inf, -np.inf]))
