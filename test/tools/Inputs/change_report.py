# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes copies of a simulation's report, each with something in it that is none: change_report.py REPORT"""

import json
import sys

with open(sys.argv[1]) as file:
    text = file.read()
for name, *places, value in (
    ("cycles", "cycles", -5),
    ("unit", "units", "load_dma", 3),
    ("stalls", "units", "load_dma", "stalls", [1]),
    ("parameters", "target", "parameters", 3),
    ("planned", "planned_for", {"name": "nano"}),
):
    report = part = json.loads(text)
    for place in places[:-1]:
        part = part[place]
    part[places[-1]] = value
    with open(f"{name}.json", "w") as file:
        json.dump(report, file)
