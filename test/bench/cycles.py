# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cycles over the bound: square products and MiniLM on every preset, and what fills the rest."""

import tilework as tw
import workloads

SUMMARY = "cycles over the bound, what sets it, what each unit does"


def add_arguments(parser):
    parser.add_argument("--target", nargs="+", default=workloads.PRESETS)
    parser.add_argument("--matmul", nargs="*", type=int, default=(256, 512, 1024), metavar="SIZE")
    parser.add_argument("--sequence", nargs="*", type=int, default=(16, 128), metavar="TOKENS")
    parser.add_argument("--causes", type=int, default=4, help="stall causes printed of each unit")


def measure(executable):
    result = executable.simulate(timing_only=True)
    least, limit = result.bound["cycles"], result.bound_limit
    units = {
        name: {
            "busy_percent": workloads.percent(unit["busy"], result.cycles),
            "stalls_percent": {
                cause: workloads.percent(cycles, result.cycles)
                for cause, cycles in sorted(unit["stalls"].items(), key=lambda item: -item[1])
            },
        }
        for name, unit in result.units.items()
    }
    return {
        "cycles": result.cycles,
        "bound_cycles": least,
        "bound_by": limit,
        "over_bound": result.cycles / least,
        "mac_utilization": result.mac_utilization,
        "units": units,
    }


def cases(options):
    for size in options.matmul:
        yield f"matmul {size}", workloads.square_matmul(size), None
    for tokens in options.sequence:
        yield f"MiniLM {tokens} tokens", workloads.minilm(), workloads.dims(tokens)


def run(options):
    for name, model, dims in cases(options):
        for target in options.target:
            row = {"workload": name, "target": target}
            row.update(measure(tw.compile(model, target=target, dims=dims)))
            yield row


def describe(row, options):
    lines = [
        f"{row['workload']:<18}{row['target']:<8}{row['cycles']:>12,} cycles"
        f"{row['over_bound']:>7.2f} × the bound ({row['bound_by']}),"
        f" MAC utilization {100 * row['mac_utilization']:.1f} %"
    ]
    for name, unit in row["units"].items():
        parts = [f"busy {unit['busy_percent']:.1f} %"]
        causes = list(unit["stalls_percent"].items())[: options.causes]
        parts += [f"{cause} {share:.1f} %" for cause, share in causes]
        lines.append(f"    {name:<15}{', '.join(parts)}")
    return "\n".join(lines)
