# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets link in the directions that include_rules.yaml allows, MLIR included.

Reads build/link-graph.txt, which configuring writes.
"""

import sources
from test_includes import LIBRARIES, allowed, part_of, within

LIBRARY_TARGETS = {"MLIR": "mlir", "LLVM": "llvm", "SystemC::systemc": "systemc"}


def graph():
    """{target: (folder, [linked names])} of the build in build/."""
    lines = (sources.ROOT / "build" / "link-graph.txt").read_text().splitlines()
    rows = [line.split(" ") for line in lines]
    return {row[0]: (row[1], [name for name in row[2:] if name]) for row in rows}


def directions_broken(targets):
    wrong = []
    for target, (folder, links) in targets.items():
        part = part_of(folder)
        for name in links:
            other = targets.get(name, ("", []))[0]
            if part and part_of(other) and not allowed(part, part_of(other)):
                wrong.append(f"{target}: {folder} may not link {name} of {other}")
    return wrong


def forbidden_libraries(targets):
    wrong = []
    for target, (folder, _) in targets.items():
        seen, pending = {target}, [target]
        while pending:
            for name in targets.get(pending.pop(), ("", []))[1]:
                library = LIBRARY_TARGETS.get(name)
                if library and within(folder, LIBRARIES[library]["never"]):
                    wrong.append(f"{target}: {folder} links {name}")
                if name not in seen:
                    seen.add(name)
                    pending.append(name)
    return sorted(set(wrong))


def test_targets_link_only_what_the_table_allows():
    wrong = directions_broken(graph())
    assert not wrong, "\n".join(wrong)


def test_no_target_links_a_forbidden_library_through_others():
    wrong = forbidden_libraries(graph())
    assert not wrong, "\n".join(wrong)


def test_a_simulator_that_links_mlir_is_found():
    targets = {
        "Engine": ("sim/functional", ["Tables"]),
        "Tables": ("dialects/isa", ["MLIR"]),
        "Planner": ("compiler/planning", ["Engine"]),
    }
    assert forbidden_libraries(targets) == [
        "Engine: sim/functional links MLIR",
        "Planner: compiler/planning links MLIR",
    ]
    assert directions_broken(targets) == [
        "Planner: compiler/planning may not link Engine of sim/functional"
    ]
