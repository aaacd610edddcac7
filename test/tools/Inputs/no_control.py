# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a command and fails where its output is no UTF-8 or holds what a terminal obeys."""

import subprocess
import sys
import unicodedata

output = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
assert output, "the command said nothing"
for character in output.decode("utf-8"):
    if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf"):
        sys.exit(f"{' '.join(sys.argv[1:])} printed {character!r}")
