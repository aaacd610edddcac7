#!/usr/bin/env python3
# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Generates everything that lists units, activities and counters from their records.

    eventgen.py --tblgen llvm-tblgen --root SOURCE --definitions FILE.td --output KIND=PATH...

Kinds are the keys of EMITTERS.
"""

import pprint
import sys

import driver
import events
from text import camel, fill, literal


def cpp_cases(records):
    return "\n".join(f"  {camel(r.name)}, ///< {r.sentence}" for r in records)


def header(found):
    return fill(
        "Events.h.in",
        units="\n".join(f"  {camel(u.name)}, ///< The {u.title}." for u in found.dispatched),
        unit_count=len(found.dispatched),
        counted_units=len(found.units),
        unit_table="\n".join(
            f"    {{{literal(u.name)}, {literal(u.block)}, {literal(u.title)}}},"
            for u in found.units
        ),
        activities=cpp_cases(found.activities),
        activity_count=len(found.activities),
        activity_table="\n".join(
            f"    {{{literal(a.name)}, {literal(a.label)}, {literal(a.sentence)}}},"
            for a in found.activities
        ),
        counters=cpp_cases(found.counters),
        counter_count=len(found.counters),
        counter_table="\n".join(
            f"    {{{literal(c.name)}, {literal(c.unit)}, {literal(c.sentence)}}},"
            for c in found.counters
        ),
    )


def sv_constants(prefix, records):
    return "\n".join(
        f"  localparam int unsigned {prefix}{camel(r.name)} = {n};" for n, r in enumerate(records)
    )


def systemverilog(found):
    width, last = found.activity_bits, len(found.activities) - 1
    activities = [
        f"    Activity{camel(a.name)} = {width}'d{n}{',' if n < last else ''}  // {a.sentence}"
        for n, a in enumerate(found.activities)
    ]
    return fill(
        "tw_event_pkg.sv.in",
        units=sv_constants("Unit", found.units),
        unit_count=len(found.dispatched),
        counted_units=len(found.units),
        activity_count=len(found.activities),
        activity_msb=width - 1,
        activities="\n".join(activities),
        first_wait=f"ActivityWait{camel(found.units[0].name)}",
        counter_count=len(found.counters),
        counters=sv_constants("Counter", found.counters),
    )


def python(found):
    def show(value):
        return pprint.pformat(value, sort_dicts=False, width=100)

    return fill(
        "events.py.in",
        units=show(
            {u.block: {"name": u.name, "title": u.title, "colour": u.colour} for u in found.units}
        ),
        activities=show(
            {
                a.name: {
                    "label": a.label,
                    "sentence": a.sentence,
                    "colour": a.colour,
                    "pattern": a.pattern,
                }
                for a in found.activities
            }
        ),
        counters=show({c.name: {"unit": c.unit, "sentence": c.sentence} for c in found.counters}),
    )


def page(found):
    return fill(
        "Events.md.in",
        units="\n".join(f"| `{u.block}` | `{u.name}` | {u.title} |" for u in found.units),
        activities="\n".join(
            f"| {n} | `{a.name}` | {a.sentence} |" for n, a in enumerate(found.activities)
        ),
        counters="\n".join(f"| `{c.name}` | {c.unit} | {c.sentence} |" for c in found.counters),
    )


EMITTERS = {"header": header, "systemverilog": systemverilog, "python": python, "page": page}


if __name__ == "__main__":
    sys.exit(driver.run(__doc__, events.read, EMITTERS))
