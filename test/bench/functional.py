# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time of the functional engine against ONNX Runtime: one model, one process, calls in turns."""

import os

import numpy as np
import tilework as tw
import workloads

SUMMARY = "functional engine against ONNX Runtime on the same cores"


def add_arguments(parser):
    parser.add_argument("--target", default="edge")
    parser.add_argument("--sequence", type=int, default=128, metavar="TOKENS")
    parser.add_argument("--repeat", type=int, default=20, help="calls of each")


def run(options):
    import onnxruntime

    model, feed = workloads.minilm(), workloads.sentence(options.sequence)
    executable = tw.compile(model, target=options.target, dims=workloads.dims(options.sequence))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    ours, theirs = workloads.Timer(), workloads.Timer()
    executable(**feed), session.run(None, feed)
    # Turns of a few calls: load on the machine meets both, and neither starts
    # with the other's data in the caches each time.
    for _ in range(0, options.repeat, 5):
        for _ in range(min(5, options.repeat)):
            got = ours.call(lambda: executable(**feed))["last_hidden_state"]
        for _ in range(min(5, options.repeat)):
            wanted = theirs.call(lambda: session.run(None, feed))[0]
    kept = feed["attention_mask"].astype(bool)
    a, b = got[kept], wanted[kept]
    cosine = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    mine, reference = ours.figures(), theirs.figures()
    yield {
        "workload": f"MiniLM {options.sequence} tokens",
        "target": options.target,
        "cores": len(os.sched_getaffinity(0)),
        "functional": mine,
        "onnxruntime": reference,
        "ratio_wall": {k: mine["wall_s"][k] / reference["wall_s"][k] for k in mine["wall_s"]},
        "ratio_cpu": {k: mine["cpu_s"][k] / reference["cpu_s"][k] for k in mine["cpu_s"]},
        "worst_token_cosine": float(cosine.min()),
    }


def describe(row, options):
    lines = [f"{row['workload']:<18}{row['target']:<8}{row['cores']} cores"]
    for name in ("functional", "onnxruntime"):
        wall, cpu = row[name]["wall_s"], row[name]["cpu_s"]
        lines.append(
            f"    {name:<14}least {1e3 * wall['least']:.1f} ms, median {1e3 * wall['median']:.1f} ms;"
            f" CPU time least {1e3 * cpu['least']:.1f} ms, median {1e3 * cpu['median']:.1f} ms"
        )
    lines.append(
        f"    ratio         wall {row['ratio_wall']['least']:.2f} (least), "
        f"{row['ratio_wall']['median']:.2f} (median); CPU {row['ratio_cpu']['least']:.2f};"
        f" worst token's cosine {row['worst_token_cosine']:.5f}"
    )
    return "\n".join(lines)
