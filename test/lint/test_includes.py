# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every include and import follows include_rules.yaml."""

import functools
import pathlib
import re

import sources
import yaml

RULES = yaml.safe_load((pathlib.Path(__file__).parent / "include_rules.yaml").read_text())
PARTS = RULES["parts"]
LIBRARIES = RULES["libraries"]

INCLUDE = re.compile(r'^[ \t]*#?[ \t]*include[ \t]+(["<])([^">]+)[">]', re.MULTILINE)
IMPORT = re.compile(r"\bimport[ \t]+(\w+)::|\b(tw_\w+_pkg)::")
PACKAGE = re.compile(r"^[ \t]*package[ \t]+(?:automatic[ \t]+)?(\w+)", re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def within(path, folders):
    return any(inside(path, folder) for folder in folders)


def part_of(path):
    """The longest folder of the table that a path lies in, or None."""
    return max((part for part in PARTS if inside(path, part)), key=len, default=None)


def allowed(part, other):
    """Whether files of one part may include those of another."""
    return other == part or other in PARTS[part] or "all" in PARTS[part]


def library_of(include):
    for name, library in LIBRARIES.items():
        if any(include.startswith(prefix) for prefix in library["prefixes"]):
            return name
        if "pattern" in library and re.fullmatch(library["pattern"], include):
            return name
    return None


def resolve(path, include):
    """The repository path of an include, or None for one from outside."""
    if part_of(include):
        return include
    sibling = str(pathlib.PurePosixPath(path).parent / include)
    return sibling if (sources.ROOT / sibling).is_file() else None


@functools.cache
def includes_of(path):
    """(delimiter, include) of a repository file; none of a generated one."""
    file = sources.ROOT / path
    return INCLUDE.findall(file.read_text(encoding="utf-8")) if file.is_file() else []


@functools.cache
def reached_libraries(path):
    """{library: chain of files} that a file reaches through the repository's own headers."""
    found, pending = {}, [(path, (path,))]
    seen = {path}
    while pending:
        current, chain = pending.pop()
        for _, include in includes_of(current):
            library = library_of(include)
            target = resolve(current, include)
            if library and not target:
                found.setdefault(library, (*chain, include))
            elif target and target not in seen:
                seen.add(target)
                pending.append((target, (*chain, target)))
    return found


def cpp_and_tablegen():
    return [str(path) for path in sources.of_kind("cpp", "tablegen")]


def test_folders_include_only_what_the_table_allows():
    wrong = []
    for path in cpp_and_tablegen():
        part = part_of(path)
        if part is None:
            wrong.append(f"{path}: in no folder of include_rules.yaml")
            continue
        for _, include in includes_of(path):
            target = resolve(path, include)
            if target and not allowed(part, part_of(target)):
                wrong.append(f"{path}: {part} may not include {target}")
    assert not wrong, "\n".join(wrong)


def test_rows_stand_below_those_that_they_name():
    wrong, above = [], set()
    for part, named in PARTS.items():
        wrong += [f"{part} names {other}, no row above it" for other in {*named} - above - {"all"}]
        above.add(part)
    assert not wrong, "\n".join(wrong)


def test_every_folder_with_sources_has_a_row():
    folders = {str(pathlib.PurePosixPath(path).parent) for path in cpp_and_tablegen()}
    missing = [f for f in sorted(folders) if f not in PARTS and not inside(f, "test")]
    assert not missing, f"no row in include_rules.yaml: {', '.join(missing)}"


def test_libraries_are_used_where_the_table_allows():
    wrong = []
    for path in cpp_and_tablegen():
        for _, include in includes_of(path):
            library = library_of(include)
            if library and not resolve(path, include):
                if not within(path, LIBRARIES[library]["allowed"]):
                    wrong.append(f"{path}: may not use {library} ({include})")
    assert not wrong, "\n".join(wrong)


def test_no_chain_of_includes_reaches_a_forbidden_library():
    wrong = []
    for path in cpp_and_tablegen():
        for library, chain in reached_libraries(path).items():
            if within(path, LIBRARIES[library]["never"]):
                wrong.append(f"{path}: reaches {library}: " + " -> ".join(chain[1:]))
    assert not wrong, "\n".join(wrong)


def test_quoted_includes_start_at_the_root():
    wrong = []
    for path in cpp_and_tablegen():
        for delimiter, include in includes_of(path):
            beside = inside(path, "test") and resolve(path, include)
            if delimiter == '"' and not (part_of(include) or library_of(include) or beside):
                wrong.append(f'{path}: "{include}" is written from no folder of the root')
    assert not wrong, "\n".join(wrong)


def rtl_sources():
    return {
        str(path): COMMENT.sub("", sources.text(path))
        for path in sources.of_kind("systemverilog")
        if path.parts[0] == "rtl"
    }


def test_rtl_blocks_import_their_own_and_shared_packages():
    files = rtl_sources()
    home = {}
    for path, text in files.items():
        for package in PACKAGE.findall(text):
            home[package] = path.split("/")[1]
    rules = RULES["packages"]
    wrong = []
    for path, text in files.items():
        block = path.split("/")[1]
        if block in rules["sees_all"]:
            continue
        for package in {first or second for first, second in IMPORT.findall(text)}:
            owner = home.get(package, block)
            if owner != block and owner not in rules["shared"]:
                wrong.append(f"{path}: {block} may not import {package} of {owner}")
    assert not wrong, "\n".join(wrong)


def test_rtl_knows_no_cpp():
    wrong = [
        f"{path}: calls out of the RTL (DPI)"
        for path, text in rtl_sources().items()
        if re.search(r'\b(import|export)\s+"DPI', text)
    ]
    assert not wrong, "\n".join(wrong)
