# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random small graphs against ONNX Runtime: views, broadcasts, reductions, products
and integer preparation, values with several readers, outputs of every type; and wild
ones, with NaN, infinities, empty tensors, constant operands and ops that jump.

The bound follows from rounding alone: ONNX Runtime computes the graph once more with
every computed value rounded to bf16, and three times with it moved by 2^-9 of itself,
which is what such a rounding does at most. An output may be `ROUNDINGS` times as far
away, for an op is more than one rounding. NaN and infinities stand where they stand in
all of those runs; what differs must differ from `MORE` further ones too.
"""

import dataclasses
import warnings

import numpy as np
import pytest
import tilework as tw
from on_chip import reference, target_named
from onnx.reference import ReferenceEvaluator
from random_graphs import Graph, WildGraph

GRAPHS = 200
MANY = range(100_000, 105_000)  # wild ones, of a long run
CHUNK = 10
RUNS, MORE = 3, 29
ROUNDINGS = 4
MOST_REFUSED = 0.02  # of all graphs
MOST_UNSTABLE = 0.01  # of all elements: where a rounding decides whether they are finite


class WrongResultError(AssertionError):
    """An output is not what the reference gives."""


@dataclasses.dataclass
class Outcomes:
    """What became of graphs and elements."""

    graphs: int = 0
    refused: int = 0
    invalid: int = 0
    by_the_book: int = 0  # right by ONNX's own reference alone
    elements: int = 0
    unstable: int = 0


def rms(x):
    return float(np.sqrt(np.mean(np.square(x.astype(np.float64))))) if x.size else 0.0


def same_kind(a, b):
    """Where both are finite, both NaN, or the same infinity."""
    finite = np.isfinite(a) & np.isfinite(b)
    return finite | (np.isnan(a) & np.isnan(b)) | ((a == b) & ~finite)


def check_floats(name, mine, wanted, runs, outcomes):
    """Raises for elements further away than roundings explain."""
    stable = np.ones(wanted.shape, bool)
    for run in runs:
        stable &= same_kind(run, wanted)
    outcomes.elements += wanted.size
    outcomes.unstable += int((~stable).sum())
    other = stable & ~same_kind(mine, wanted)
    if other.any():
        at = tuple(np.argwhere(other)[0])
        raise WrongResultError(
            f"{name}{list(map(int, at))} is {mine[at]}, not {wanted[at]} (and {other.sum() - 1} more)"
        )
    use = stable & np.isfinite(wanted)
    wanted, mine = wanted[use].astype(np.float64), mine[use].astype(np.float64)
    if not wanted.size:
        return
    moved = np.sqrt(np.mean([np.square(run[use] - wanted) for run in runs], axis=0))
    error = np.abs(mine - wanted)
    one = 2.0**-9 * rms(wanted) + 2.0**-100
    if rms(error) > ROUNDINGS * (rms(moved) + one):
        raise WrongResultError(
            f"{name} is {rms(error):.3g} away, roundings explain {rms(moved) + one:.3g}"
        )
    allowed = 4 * ROUNDINGS * (moved + rms(moved) + 2.0**-9 * np.abs(wanted) + one)
    if (error > allowed).any():
        worst = int(np.argmax(error / allowed))
        raise WrongResultError(
            f"an element of {name} is {mine[worst]:.6g}, not {wanted[worst]:.6g}"
        )


def by_the_book(model, feeds):
    """What ONNX's own reference gives.

    ONNX Runtime loses a NaN in some maxima, and its fusion breaks a norm of a vector.
    """
    with np.errstate(all="ignore"):
        values = ReferenceEvaluator(model).run(None, feeds)
    return dict(zip([o.name for o in model.graph.output], values))


def check_outputs(graph, model, got, compute, outcomes):
    """Raises a WrongResultError for outputs that roundings do not explain."""
    wanted = compute(model, graph.feeds)

    def moved(seeds):
        models = (graph.moved(model, np.random.default_rng(seed)) for seed in seeds)
        return [compute(changed, graph.feeds) for changed in models]

    runs = [compute(graph.rounded(model), graph.feeds), *moved(range(RUNS))]
    before = dataclasses.replace(outcomes)
    try:
        compare_outputs(wanted, got, runs, outcomes)
    except WrongResultError:
        outcomes.elements, outcomes.unstable = before.elements, before.unstable
        compare_outputs(wanted, got, runs + moved(range(RUNS, RUNS + MORE)), outcomes)


def compare_outputs(wanted, got, runs, outcomes):
    for name, value in wanted.items():
        mine = got[name]
        if mine.dtype != value.dtype or mine.shape != value.shape:
            raise WrongResultError(
                f"{name} is {mine.dtype}{mine.shape}, not {value.dtype}{value.shape}"
            )
        if value.dtype == np.float32:
            check_floats(name, mine, value, [run[name] for run in runs], outcomes)
        elif not np.array_equal(mine, value):
            raise WrongResultError(f"{name} of type {value.dtype} differs")


def check_graph(graph, target, outcomes):
    """Compiles and runs one graph; raises a WrongResultError if a result is wrong."""
    outcomes.graphs += 1
    model = graph.model()
    try:
        executable = tw.compile(model, target=target_named(target))
    except tw.UnsupportedModel as error:
        outcomes.refused += 1
        if not [n for n in error.nodes if n.get("reason")]:
            raise WrongResultError(f"a refusal that names no node: {error}") from error
        return
    except tw.InvalidModel:
        with pytest.raises(Exception, match=".") as theirs:  # a maximum of nothing, for one
            reference(model, graph.feeds)
        outcomes.invalid += bool(theirs)
        return
    got = executable(**graph.feeds)
    try:
        check_outputs(graph, model, got, reference, outcomes)
    except Exception as error:
        try:
            check_outputs(graph, model, got, by_the_book, outcomes)
        except WrongResultError:
            raise
        except Exception:  # an op that it has not got
            raise error from None
        outcomes.by_the_book += 1


def problem_of(kind, seed, target, outcomes):
    """What is wrong with one graph, or None."""
    try:
        check_graph(kind(seed), target, outcomes)
    except Exception as error:
        return f"{kind.__name__} {seed} on {target}: {type(error).__name__}: {error}"
    return None


OUTCOMES = {(kind, target): Outcomes() for kind in (Graph, WildGraph) for target in ("nano", "odd")}


def check_chunk(kind, first, target):
    outcomes = OUTCOMES[kind, target]
    found = [problem_of(kind, seed, target, outcomes) for seed in range(first, first + CHUNK)]
    problems = [problem for problem in found if problem]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("target", ["nano", "odd"])
@pytest.mark.parametrize("first", range(0, GRAPHS, CHUNK))
def test_a_graph_computes_what_onnx_runtime_does(first, target):
    check_chunk(Graph, first, target)


@pytest.mark.parametrize("target", ["nano", "odd"])
@pytest.mark.parametrize("first", range(0, GRAPHS, CHUNK))
def test_a_wild_graph_computes_what_onnx_runtime_does(first, target):
    check_chunk(WildGraph, first, target)


@pytest.mark.long
@pytest.mark.parametrize("target", ["nano", "odd"])
@pytest.mark.parametrize("first", MANY[::CHUNK])
def test_many_wild_graphs_compute_what_onnx_runtime_does(first, target):
    check_chunk(WildGraph, first, target)


@pytest.mark.parametrize("target", ["nano", "odd"])
@pytest.mark.parametrize("kind", [Graph, WildGraph])
def test_few_graphs_are_refused(kind, target):
    """Of all graphs so far: this test comes last."""
    outcomes = OUTCOMES[kind, target]
    warnings.warn(f"{kind.__name__} on {target}: {outcomes}", stacklevel=1)
    assert outcomes.refused <= MOST_REFUSED * outcomes.graphs
    assert outcomes.unstable <= MOST_UNSTABLE * outcomes.elements
