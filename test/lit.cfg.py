# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lit configuration of the textual tests: test/dialects, test/compiler and
# test/tools. Tools come from build/bin and LLVM's folder, by PATH, so that a
# missing one fails its test with the shell's own message.

import os

import lit.formats

config.name = "tilework"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".td", ".test", ".s"]
config.excludes = ["Inputs", "bench", "cosim", "e2e", "lint", "python", "rtl", "unit"]
config.test_source_root = os.path.join(config.tilework_source_dir, "test")
config.test_exec_root = os.path.join(config.tilework_build_dir, "test")

config.environment["PATH"] = os.pathsep.join(
    [
        os.path.join(config.tilework_build_dir, "bin"),
        config.llvm_tools_dir,
        config.environment.get("PATH", os.environ["PATH"]),
    ]
)
config.environment["FILECHECK_OPTS"] = "--dump-input=fail --dump-input-filter=error"

config.substitutions += [
    ("%python", config.python),
    ("%source", config.tilework_source_dir),
    ("%build", config.tilework_build_dir),
]
