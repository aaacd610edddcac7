# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Speed of the engines that count cycles, on one program and in one run."""

import tilework as tw
import workloads

SUMMARY = "simulated cycles a second of SystemC and RTL on one program, and their ratio"
ENGINES = {
    "systemc, timing only": ("systemc", True),
    "systemc, with values": ("systemc", False),
    "rtl": ("rtl", False),
}


def add_arguments(parser):
    parser.add_argument("--target", default="edge")
    parser.add_argument("--sequence", type=int, default=16, metavar="TOKENS")
    parser.add_argument("--matmul", type=int, metavar="SIZE", help="a square product, not MiniLM")
    parser.add_argument("--repeat", type=int, default=3, help="runs of SystemC; the RTL runs once")
    parser.add_argument("--no-rtl", action="store_true")


def program(options):
    if options.matmul:
        name, model, dims = f"matmul {options.matmul}", workloads.square_matmul(options.matmul), {}
    else:
        name, model = f"MiniLM {options.sequence} tokens", workloads.minilm()
        dims = workloads.dims(options.sequence)
    return name, tw.compile(model, target=options.target, dims=dims)


def run(options):
    name, executable = program(options)
    rows = []
    for engine, (kind, timing_only) in ENGINES.items():
        if kind == "rtl" and options.no_rtl:
            continue
        # A chip that must be built first is built by other processes and outside of wall_s.
        timer, wall = workloads.Timer(), []
        for _ in range(1 if kind == "rtl" else options.repeat):
            result = timer.call(
                lambda kind=kind, only=timing_only: executable.simulate(
                    engine=kind, timing_only=only
                )
            )
            wall.append(result.wall_s)
        cpu = timer.figures()["cpu_s"]["least"]
        rows.append(
            {
                "workload": name,
                "target": options.target,
                "engine": engine,
                "cycles": result.cycles,
                "cycles_per_cpu_s": result.cycles / cpu,
                "cycles_per_s": result.cycles / min(wall),
                "cpu_s": cpu,
                "wall_s": min(wall),
            }
        )
    chip = next((row for row in rows if row["engine"] == "rtl"), None)
    for row in rows:
        if chip:
            row["ratio_to_rtl"] = row["cycles_per_cpu_s"] / chip["cycles_per_cpu_s"]
        yield row


def describe(row, options):
    ratio = f", {row['ratio_to_rtl']:.1f} × RTL" if "ratio_to_rtl" in row else ""
    return (
        f"{row['workload']:<18}{row['target']:<8}{row['engine']:<22}{row['cycles']:>12,} cycles  "
        f"{1e-3 * row['cycles_per_cpu_s']:>10,.1f} kcycles per CPU second "
        f"({1e-3 * row['cycles_per_s']:,.1f} per second of wall time){ratio}"
    )
