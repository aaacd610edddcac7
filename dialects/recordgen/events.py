# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Units, activities and counters as Python objects, and the rules that their records obey."""

import re
from dataclasses import dataclass

from records import check_name, check_unique, require
from tablegen import definitions_of, line_of

PATTERNS = ("solid", "faint", "stripes", "dots")


@dataclass
class Unit:
    name: str
    block: str
    title: str
    colour: str
    dispatched: bool


@dataclass
class Activity:
    name: str
    label: str
    sentence: str
    colour: str
    pattern: str


@dataclass
class Counter:
    name: str
    unit: str
    sentence: str


@dataclass
class EventSet:
    units: list[Unit]
    activities: list[Activity]
    counters: list[Counter]

    @property
    def dispatched(self):
        return [u for u in self.units if u.dispatched]

    @property
    def activity_bits(self):
        return (len(self.activities) - 1).bit_length()


def read_activity(record, dispatched):
    """The activities that a record stands for: itself, or one for each dispatched unit."""
    if "Activity" in record["!superclasses"]:
        keys = ("name", "label", "sentence", "colour", "pattern")
        return [Activity(*(record[key] for key in keys))]
    owner = f"activity {record['!name']}"
    colours = record["colours"] or [u.colour for u in dispatched]
    require(
        len(colours) == len(dispatched),
        f"{owner}: {len(colours)} colours for {len(dispatched)} dispatched units",
    )
    return [
        Activity(
            record["name"].replace("UNIT", u.name),
            record["label"].replace("TITLE", u.title),
            record["sentence"].replace("TITLE", u.title),
            colour,
            record["pattern"],
        )
        for u, colour in zip(dispatched, colours)
    ]


def check_activities(activities):
    check_unique((a.name for a in activities), "activities")
    check_unique((a.colour for a in activities), "colours of activities")
    require(activities and activities[0].name == "busy", "activities: the first one is 'busy'")
    for a in activities:
        check_name(a.name, "activities")
        require(a.label and a.sentence, f"activity {a.name}: needs a label and a sentence")
        require(
            re.fullmatch("#[0-9a-f]{6}", a.colour),
            f"activity {a.name}: '{a.colour}' is no colour: write #rrggbb",
        )
        require(
            a.pattern in PATTERNS,
            f"activity {a.name}: '{a.pattern}' is no pattern: choose from {', '.join(PATTERNS)}",
        )


def read(records):
    units = [
        Unit(r["name"], r["block"], r["title"], r["colour"], bool(r["dispatched"]))
        for r in definitions_of(records, "Unit")
    ]
    check_unique((u.name for u in units), "units")
    check_unique((u.block for u in units), "blocks of units")
    dispatched = [u for u in units if u.dispatched]
    require(units[: len(dispatched)] == dispatched, "units: those with a queue come first")
    found = definitions_of(records, "Activity") + definitions_of(records, "ActivityOfUnit")
    activities = []
    for record in sorted(found, key=line_of):
        activities += read_activity(record, dispatched)
    check_activities(activities)
    counters = [
        Counter(r["name"], r["unit"], r["sentence"]) for r in definitions_of(records, "Counter")
    ]
    check_unique((c.name for c in counters), "counters")
    for c in counters:
        check_name(c.name, "counters")
        require(c.unit and c.sentence, f"counter {c.name}: needs a unit and a sentence")
    return EventSet(units, activities, counters)
