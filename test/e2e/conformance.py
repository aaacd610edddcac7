# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes compiler/import/Conformance.md: what became of each of ONNX's node tests.

conformance.py            prints the page
conformance.py --update   stores it
"""

import collections
import pathlib
import re
import sys

import onnx_node_tests as node_tests

PAGE = pathlib.Path(__file__).parents[2] / "compiler" / "import" / "Conformance.md"
UPDATE = ".venv/bin/python test/e2e/conformance.py --update"
HEAD = """\
<!-- Generated from ONNX's node tests by test/e2e/conformance.py --update: do not edit. -->

# ONNX operators

What becomes of ONNX's own tests of its operators, compiled for the preset `edge` and run on the functional engine.
*pass*: every output is what ONNX expects, or what the reference gives for inputs rounded to bf16, within
2^-6 of an element and 2^-8 of the largest; integers and booleans are equal. *with constants*: refused as the test
stands, but passed once what exporters write as constants (axes, shapes, scales, indices) are constants of the model.
*refused*: the compiler names the node and the reason below. *n/a*: sequences, optionals, maps and strings, and
tests whose data does not fit their own model.

The tests are those of the `onnx` package (operator sets up to {newest}) and of Debian's libonnx-testdata (up to 17).
A test of an expanded function body counts for the op that it expands. ONNX Runtime's own ops have no tests here;
`OpTable.cpp` lists them.
"""


class Row(collections.Counter):
    """Outcomes of one op, and why tests of it were refused."""

    def __init__(self):
        super().__init__()
        self.reasons = collections.Counter()


def general(reason):
    """A reason without the names and types of one test."""
    reason = re.sub(r"'[^']*'", "*", reason)
    reason = re.sub(r"(of type|a cast to) \w+", r"\1 *", reason)
    return reason.replace("|", "\\|").replace("\n", " ")


def collect():
    """({op: Row}, [wrong tests], newest operator set)."""
    rows, wrong, newest = collections.defaultdict(Row), [], 0
    for where, tests in (
        ("onnx", node_tests.made_by_onnx()),
        ("Debian", node_tests.kept_by_debian()),
    ):
        first = node_tests.outcomes(tests)
        second = node_tests.with_constants(tests, first)
        for name, test in tests.items():
            row, outcome = rows[node_tests.op_of(test, tests)], first[name]
            again = second.get(name, outcome)
            newest = max([newest, *(o.version for o in test.model.opset_import if not o.domain)])
            if "wrong" in (outcome.kind, again.kind):
                problem = outcome if outcome.kind == "wrong" else again
                wrong.append(f"`{name}` ({where}): {general(problem.reason)}")
                row["wrong"] += 1
            elif outcome.kind == "refused" and again.kind == "passes":
                row["with constants"] += 1
            else:
                row[outcome.kind] += 1
                if outcome.kind == "refused":
                    row.reasons[general(again.reason)] += 1
    return rows, wrong, newest


def page(rows, wrong, newest):
    kinds = ("passes", "with constants", "refused", "not applicable", "wrong")
    total = sum(rows.values(), collections.Counter())
    lines = [HEAD.format(newest=newest)]
    lines += ["| | pass | with constants | refused | n/a | wrong |", "|---|--:|--:|--:|--:|--:|"]
    lines += ["| all tests | " + " | ".join(str(total[k]) for k in kinds) + " |", ""]
    if wrong:
        lines += ["## Wrong", "", *(f"* {text}" for text in sorted(wrong)), ""]
    lines += ["## By operator", ""]
    lines += ["| op | pass | with constants | refused | n/a | why refused |"]
    lines += ["|---|--:|--:|--:|--:|---|"]
    for op, row in sorted(rows.items(), key=lambda item: (item[0].count("."), item[0])):
        counts = " | ".join(str(row[k] or "") for k in kinds[:4])
        reasons = sorted(row.reasons.items(), key=lambda item: (-item[1], item[0]))
        lines.append(f"| {op} | {counts} | {'; '.join(f'{text} ({n})' for text, n in reasons)} |")
    return "\n".join(lines) + "\n"


def main():
    text = page(*collect())
    if sys.argv[1:] == ["--update"]:
        PAGE.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
