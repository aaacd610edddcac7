# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Wall time of a compilation by stage, and its peak memory, in a process of its own."""

import json
import pathlib
import shutil
import subprocess
import tempfile

import workloads
from tilework import _native

SUMMARY = "compile time by stage and peak memory"


def add_arguments(parser):
    parser.add_argument("--target", nargs="+", default=("edge",))
    parser.add_argument("--sequence", nargs="*", type=int, default=(16, 128), metavar="TOKENS")
    parser.add_argument("--repeat", type=int, default=3, help="compilations; the quickest counts")


def command():
    """The command line of the same build as the Python package."""
    beside = pathlib.Path(_native.__file__).resolve().parents[2] / "bin" / "tilework"
    return str(beside) if beside.exists() else shutil.which("tilework")


def compile_once(target, tokens):
    with tempfile.TemporaryDirectory() as folder:
        out = str(pathlib.Path(folder) / "m.tw")
        fixed = [f"--dim={name}={size}" for name, size in workloads.dims(tokens).items()]
        line = [command(), "compile", workloads.minilm(), "-o", out, "--target", target, *fixed]
        done = subprocess.run([*line, "--json"], check=True, stdout=subprocess.PIPE)
        return json.loads(done.stdout)


def run(options):
    for tokens in options.sequence:
        for target in options.target:
            reports = [compile_once(target, tokens) for _ in range(options.repeat)]
            best = min(reports, key=lambda report: report["wall_s"])
            yield {
                "workload": f"MiniLM {tokens} tokens",
                "target": target,
                "wall_s": best["wall_s"],
                "stages_s": best["stages_s"],
                "peak_rss_bytes": best["peak_rss_bytes"],
                "instructions": best["instructions"],
                "weights_bytes": best["weights_bytes"],
            }


def describe(row, options):
    lines = [
        f"{row['workload']:<18}{row['target']:<8}{row['wall_s']:.2f} s wall, "
        f"{row['peak_rss_bytes'] / 2**20:.0f} MiB peak, {row['instructions']:,} instructions, "
        f"{row['weights_bytes'] / 2**20:.1f} MiB of weights"
    ]
    longest = sorted(row["stages_s"].items(), key=lambda item: -item[1])
    for name, seconds in longest:
        share = workloads.percent(seconds, row["wall_s"])
        lines.append(f"    {name:<15}{1e3 * seconds:8.1f} ms {share:5.1f} %")
    return "\n".join(lines)
