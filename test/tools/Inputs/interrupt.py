# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Interrupts a command that would run for long: it ends with code 130."""

import signal
import subprocess
import sys
import time

process = subprocess.Popen(sys.argv[1:])
time.sleep(1)
process.send_signal(signal.SIGINT)
code = process.wait(timeout=10)
if code != 130:
    sys.exit(f"exit code {code}, not 130")
