# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Interrupts a command that would run for long: it ends with code 130 at once.

A tenth of a second is the promise; a machine that is busy with other tests gets
a second.
"""

import signal
import subprocess
import sys
import time

process = subprocess.Popen(sys.argv[1:])
time.sleep(1)
if process.poll() is not None:
    sys.exit(f"it ended by itself with code {process.returncode}")
process.send_signal(signal.SIGINT)
sent = time.monotonic()
code = process.wait(timeout=10)
if time.monotonic() - sent > 1:
    sys.exit(f"it went on for {time.monotonic() - sent:.1f} s")
if code != 130:
    sys.exit(f"exit code {code}, not 130")
