# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Spelling helpers and the templates of the generated files."""

import os
import string

TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")


def camel(name):
    """address_register -> AddressRegister"""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def lower_camel(name):
    """takes_operand -> takesOperand"""
    return name[:1] + camel(name)[1:]


def literal(text):
    """A C or JSON string literal on one line."""
    flat = " ".join(text.split())
    return '"' + flat.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fill(template, **parts):
    """The template with each @name@ replaced; every name must be used."""
    with open(os.path.join(TEMPLATES, template), encoding="utf-8") as source:
        text = source.read()

    class At(string.Template):
        delimiter = "@"
        pattern = r"@(?:(?P<escaped>@)|(?P<named>[a-z_]+)@|(?P<braced>\b\B)|(?P<invalid>\b\B))"

    for name in parts:
        if f"@{name}@" not in text:
            raise KeyError(f"{template} has no @{name}@")
    return At(text).substitute(parts)


def write(path, text):
    """Writes by rename: a build that is stopped leaves no half file.

    What is there already stays untouched, so that nothing behind it is rebuilt.
    """
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as present:
            if present.read() == text:
                return
    with open(path + ".new", "w", encoding="utf-8") as output:
        output.write(text)
    os.replace(path + ".new", path)
