# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures Tilework on this machine: `./tw bench [NAME] [--json] …`. README.md says what and how."""

import argparse
import json
import sys

import compilation
import cycles
import engines
import functional

BENCHES = {
    "cycles": cycles,
    "engines": engines,
    "functional": functional,
    "compile": compilation,
}


def parse(arguments):
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="one JSON object in the end")
    parser = argparse.ArgumentParser(prog="tw bench", description=__doc__.split(":")[0])
    names = parser.add_subparsers(dest="name", metavar="NAME", help="without one: all of them")
    for name, bench in BENCHES.items():
        bench.add_arguments(names.add_parser(name, parents=[shared], help=bench.SUMMARY))
    names.add_parser("all", parents=[shared], help="all of them")
    return parser, parser.parse_args(arguments)


def main(arguments):
    # Options without a name belong to all benches.
    if not arguments or arguments == ["--json"]:
        arguments = ["all", *arguments]
    parser, options = parse(arguments)
    report = {"schema": 1}
    for name in BENCHES if options.name == "all" else [options.name]:
        chosen = options if options.name == name else parser.parse_args([name])
        if not options.json:
            print(f"{name}: {BENCHES[name].SUMMARY}", flush=True)
        report[name] = []
        for row in BENCHES[name].run(chosen):
            report[name].append(row)
            if not options.json:
                print(BENCHES[name].describe(row, chosen), flush=True)
    if options.json:
        json.dump(report, sys.stdout, indent=2)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
