# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every key that scripts may rely on, of every command: json_keys.py FOLDER

The folder holds what make_models.py writes. A dot leads into an object, `*`
into each value of it or each item of a list, `|` separates alternatives.
"""

import json
import os
import subprocess
import sys

CHIP = "target.name target.preset target.changes target.parameters target.text"
SUBJECT = CHIP + " model_sha256 program_sha256 shapes"
SIMULATION = (
    SUBJECT
    + """ engine cycles latency_s clock_hz inputs_seed inputs_sha256 dims.rows bound.cycles
    bound_limit
    bound.array_cycles bound.weight_load_cycles bound.vector_cycles bound.dram_cycles work.macs
    work.dram_bytes limits.macs_per_s limits.dram_bytes_per_s limits.dram_bytes_limit
    layers.*.node layers.*.op layers.*.block layers.*.shape layers.*.cycles layers.*.share
    layers.*.bound_cycles layers.*.macs mac_utilization dram_bytes.read dram_bytes.write
    dram_bytes.instructions counters.* units.*.busy units.*.stalls wall_s cycles_per_s"""
)
MODEL = ["tiny.onnx", "--dim", "rows=16", "--target", "nano"]
COMMANDS = [
    (
        ["compile", *MODEL, "-o", "tiny.tw"],
        """wall_s peak_rss_bytes instructions program_bytes weights_bytes
        scratchpad_peak_bytes dims.rows """
        + SUBJECT,
    ),
    (["simulate", "tiny.tw"], SIMULATION),
    (
        ["simulate", "tiny.tw", "--engine", "both"],
        SIMULATION
        + """ equal.bytes equal.cycles systemc.cycles systemc.units.*.busy rtl.cycles
        rtl.dram_bytes.read""",
    ),
    (
        ["run", "tiny.tw", "--input", "x=@x.npy", "--expect", "y=@y.npy"],
        """outputs.y.shape outputs.y.dtype wall_s outputs.y.max_abs_error outputs.y.rms_error
        outputs.y.cosine""",
    ),
    (
        ["inspect", *MODEL, "--support"],
        "supported nodes.*.name nodes.*.op nodes.*.domain nodes.*.runs_on unsupported_share",
    ),
    (
        ["inspect", "unsupported.onnx", "--dim", "rows=16", "--support"],
        "supported nodes.*.name nodes.*.op nodes.*.domain nodes.*.runs_on|reason unsupported_share",
    ),
    (["inspect", "tiny.tw", "--memory"], "kind target entries.*.bindings.*.bytes"),
    (
        ["cosim", "--count", "2", "--engines", "functional,systemc"],
        "programs mismatches seed target wall_s",
    ),
    (["compare", "tiny.tw", "tiny.onnx"], "equal first_difference"),
    (["disassemble", "tiny.tw"], "text instructions"),
    (["targets", "nano"], ""),
    (["doctor"], "problems install"),
    (["compile", "missing.onnx", "-o", "a.tw"], "error.kind error.message"),
]


def has(value, path):
    if not path:
        return True
    if path[0] == "*":
        items = value.values() if isinstance(value, dict) else value
        return bool(items) and all(has(item, path[1:]) for item in items)
    return isinstance(value, dict) and any(
        name in value and has(value[name], path[1:]) for name in path[0].split("|")
    )


os.chdir(sys.argv[1])
failures = []
for words, keys in COMMANDS:
    text = subprocess.run(["tilework", *words, "--json"], capture_output=True, text=True).stdout
    answer = json.loads(text)
    assert list(answer)[:3] == ["kind", "schema", "version"], words
    failures += [f"{' '.join(words)}: {k}" for k in keys.split() if not has(answer, k.split("."))]
sys.exit("\n".join(["missing:", *failures]) if failures else 0)
