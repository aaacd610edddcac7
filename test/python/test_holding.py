# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a user holds can be pickled, copied and hashed, and used in threads and processes."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
import tilework as tw

WAYS = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.fixture(scope="module", params=["systemc", "both", "timing_only"])
def result(request, executable):
    if request.param == "timing_only":
        return executable.simulate(timing_only=True)
    return executable.simulate(engine=request.param)


@pytest.mark.parametrize("way", WAYS)
def test_a_simulation_is_whole_after_it(way, result):
    kept = WAYS[way](result)
    assert kept.to_dict() == result.to_dict() and repr(kept) == repr(result)
    assert kept.digest == result.digest and kept.planned == result.planned
    for name, array in result.outputs.items():
        assert np.array_equal(kept.outputs[name], array)
        assert not kept.outputs[name].flags.writeable
    records = kept.records()
    assert all(np.array_equal(records[key], column) for key, column in result.records().items())
    assert (
        str(kept.layers) == str(result.layers) and kept.timeline().nodes == result.timeline().nodes
    )
    assert kept.roofline().efficiency == result.roofline().efficiency
    assert (kept.rtl is None) == (result.rtl is None)
    equal = tw.compare(kept, result).equal
    assert equal["cycles"] and equal["bytes"] is (None if result.digest is None else True)
    assert kept._repr_html_() == result._repr_html_()


def test_kept_runs_of_other_values_or_times_differ(executable):
    first, other = executable.simulate(seed=1), executable.simulate(seed=2)
    slow = executable.simulate(set={"dram.read_latency_ps": 400000})
    assert tw.compare(WAYS["pickle"](first), other).equal["bytes"] is False
    assert tw.compare(WAYS["pickle"](first), slow).equal["cycles"] is False


@pytest.mark.parametrize("way", WAYS)
def test_results_of_results_too(way, executable):
    run = executable.simulate()
    things = run.layers, run.roofline(), run.timeline(), run.scratchpad(), tw.compare(run, run)
    for thing in things:
        kept = WAYS[way](thing)
        assert repr(kept) == repr(thing) and kept._repr_html_() == thing._repr_html_()
    assert repr(WAYS[way](executable.inspect())) == repr(executable.inspect())


@pytest.mark.parametrize("way", WAYS)
def test_errors_too(way):
    with pytest.raises(tw.InvalidTarget) as caught:
        tw.Target("edge", {"dram.channels": 0})
    kept = WAYS[way](caught.value)
    assert type(kept) is tw.InvalidTarget and str(kept) == str(caught.value)


def test_a_target_is_a_value():
    edge, same = tw.Target("edge"), tw.Target("edge")
    wide = tw.Target("edge", {"dram.channels": 4})
    assert hash(edge) == hash(same) and len({edge, same, wide}) == 2
    with pytest.raises(tw.InvalidArgument, match="another one"):
        edge["dram.channels"] = 8
    assert edge == tw.Target("edge") and edge in {tw.Target("edge"): 1}
    again = copy.copy(edge)  # which nobody hashed
    again["dram.channels"] = 4
    assert again == wide and hash(again) == hash(wide)


def cycles_of(executable, seed):
    return executable.simulate(seed=seed)


def test_a_pool_of_processes_gives_what_one_gives(executable):
    here = [cycles_of(executable, seed) for seed in (1, 2)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        there = list(pool.map(cycles_of, [executable] * 2, (1, 2)))
    for one, other in zip(here, there):
        assert one.digest == other.digest and one.cycles == other.cycles


def test_threads_share_an_executable(executable):
    alone = [cycles_of(executable, seed).digest for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: cycles_of(executable, seed).digest, range(8)))
    assert alone == together
