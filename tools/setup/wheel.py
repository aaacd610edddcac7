# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packs a wheel that needs no compiler from what the target TileworkWheel built.

In it: the Python package, its module and the command line without libMLIR and
libLLVM, the other libraries beside them, the chips nano and edge, and the
sources that chips of other targets are made from. Prints the wheel's path.
"""

import argparse
import base64
import hashlib
import pathlib
import re
import subprocess
import sysconfig
import zipfile

import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHIPS = ("nano", "edge")
LIBRARIES = re.compile(r"lib(hwy|systemc|yaml-cpp)[-.]")
GLIBC = (2, 34)
# A wheel holds no time of its making: two of the same build are equal.
TIME = (1980, 1, 1, 0, 0, 0)


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed_libraries(binary):
    """Libraries that a system may lack, by the name that the loader looks for."""
    found = re.findall(r"^\s*(\S+) => (\S+)", output_of("ldd", binary), re.MULTILINE)
    return {name: pathlib.Path(path) for name, path in found if LIBRARIES.match(name)}


def require_old_glibc(binary):
    symbols = re.findall(
        r"\(?GLIBC_(\d+)\.(\d+)[.\d]*\)?\s+(\S+)", output_of("objdump", "-T", binary)
    )
    newer = sorted({name for major, minor, name in symbols if (int(major), int(minor)) > GLIBC})
    if newer:
        raise SystemExit(f"{binary} needs a glibc above {GLIBC[0]}.{GLIBC[1]}: {', '.join(newer)}")


def package_files(build):
    """{path in the wheel: file}"""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    binaries = {
        f"tilework/_native{suffix}": build / "wheel" / f"_native{suffix}",
        "tilework/_tilework": build / "wheel" / "_tilework",
    }
    files = dict(binaries)
    package = build / "python" / "tilework"
    for file in sorted([*package.rglob("*.py"), package / "py.typed"]):
        files[f"tilework/{file.relative_to(package)}"] = file
    for binary in binaries.values():
        for name, library in needed_libraries(binary).items():
            files[f"tilework/lib/{name}"] = library
    for target in CHIPS:
        chip = output_of(build / "bin" / "tilework-build-chip", target, build / "chips").strip()
        files[f"tilework/chips/{pathlib.Path(chip).name}"] = pathlib.Path(chip)
    sources = [*(ROOT / "rtl").rglob("*.sv"), *(ROOT / "rtl").rglob("*.svh")]
    sources += [ROOT / "rtl" / "lint" / "tw_top.f", ROOT / "rtl" / "build_chip.sh"]
    sources += [ROOT / "sim" / "verilator" / name for name in ("ChipAbi.h", "ChipModel.cpp")]
    for file in sorted(sources):
        files[f"tilework/{file.relative_to(ROOT)}"] = file
    paths = (build / "sim" / "verilator" / "ChipPaths.h").read_text()
    for package in re.findall(r'"([^"]*_pkg\.sv)"', paths):
        files[f"tilework/packages/{pathlib.Path(package).name}"] = pathlib.Path(package)
    for file in files:
        if ".so" in file or file.endswith("_tilework"):
            require_old_glibc(files[file])
    return files


def metadata(project, version):
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {version}"]
    lines += [
        f"Summary: {project['description']}",
        f"Requires-Python: =={sysconfig.get_python_version()}.*",
    ]
    lines += [f"Requires-Dist: {requirement}" for requirement in project["dependencies"]]
    for extra, requirements in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [
            f'Requires-Dist: {requirement} ; extra == "{extra}"' for requirement in requirements
        ]
    readme = (ROOT / project["readme"]).read_text(encoding="utf-8")
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", readme])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path, help="build folder")
    parser.add_argument("folder", type=pathlib.Path, help="where the wheel is written")
    arguments = parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    cmake = (ROOT / "CMakeLists.txt").read_text()
    version = re.search(r"project\(tilework VERSION ([\d.]+)", cmake)[1]
    python = "cp" + sysconfig.get_config_var("py_version_nodot")
    machine = sysconfig.get_platform().replace("linux-", "").replace("-", "_")
    tag = f"{python}-{python}-manylinux_{GLIBC[0]}_{GLIBC[1]}_{machine}"
    info = f"tilework-{version}.dist-info"
    contents = {name: file.read_bytes() for name, file in package_files(arguments.build).items()}
    contents[f"{info}/METADATA"] = metadata(project, version).encode()
    contents[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: tilework\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    )
    contents[f"{info}/LICENSE"] = (ROOT / "LICENSE").read_bytes()
    contents[f"{info}/entry_points.txt"] = b"[console_scripts]\ntilework = tilework.__main__:main\n"
    record = ""
    for name, data in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(data)}\n"
    contents[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    path = arguments.folder / f"tilework-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in contents.items():
            entry = zipfile.ZipInfo(name, TIME)
            runs = name.endswith(("_tilework", ".so", ".sh"))
            entry.external_attr = (0o100755 if runs else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
    print(path)


if __name__ == "__main__":
    main()
