# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes FunctionBodies.inc: the bodies that ONNX gives to operators of its default set.

  function_bodies.py            prints the table
  function_bodies.py --update   stores it

An entry is an operator, the set since which its definition stands, and the body as an
ONNX FunctionProto that carries the defaults of its attributes. The newest body of a
definition serves all sets, since a body names the set of its own nodes. A comment shows
it as text. Bodies that ONNX makes for the attributes and types of one node are not here.
"""

import pathlib
import sys

import onnx
from onnx import defs

TABLE = pathlib.Path(__file__).parent / "FunctionBodies.inc"
UPDATE = ".venv/bin/python compiler/import/function_bodies.py --update"
HEAD = """\
// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bodies of ONNX operators (Apache-2.0, the ONNX project). Generated from the
// `onnx` package by function_bodies.py --update: do not edit.

// clang-format off
"""


def bodies():
    """[(operator, since which set, FunctionProto)] of the default domain."""
    found = []
    for schema in defs.get_all_schemas_with_history():
        if schema.domain or not schema.has_function:
            continue
        function = onnx.FunctionProto()
        newest = max(schema.function_opset_versions)
        function.ParseFromString(schema.get_function_with_opset_version(newest))
        for _, attribute in sorted(schema.attributes.items()):
            if attribute.default_value.name:
                function.attribute_proto.append(attribute.default_value)
        function.ClearField("doc_string")
        for node in function.node:
            node.ClearField("doc_string")
        found.append((schema.name, schema.since_version, function))
    return sorted(found, key=lambda entry: entry[:2])


def literal(data):
    """C string literals of at most 24 bytes a line."""
    lines = []
    for start in range(0, len(data), 24):
        chunk = data[start : start + 24]
        text = "".join(
            chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in chunk
        )
        lines.append(f'  "{text}"')
    return lines


def table():
    lines = [HEAD]
    for name, since, function in bodies():
        data = function.SerializeToString(deterministic=True)
        text = onnx.printer.to_text(function)
        lines += [f"// {line}".rstrip() for line in text.splitlines()]
        lines += [f'{{"{name}", {since}, std::string_view(', *literal(data)]
        lines += [f"  , {len(data)})}},", ""]
    return "\n".join([*lines, "// clang-format on"]) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        TABLE.write_text(table())
    else:
        sys.stdout.write(table())
