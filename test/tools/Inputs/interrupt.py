# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Interrupts a command that would run for long: it ends with the signal's code at once.

    interrupt.py [--terminate] COMMAND…

A tenth of a second is the promise; a machine that is busy with other tests gets
a second.
"""

import signal
import subprocess
import sys
import time

words = sys.argv[1:]
sent_signal = signal.SIGINT
if words[0] == "--terminate":
    sent_signal = signal.SIGTERM
    words = words[1:]
process = subprocess.Popen(words)
time.sleep(1)
if process.poll() is not None:
    sys.exit(f"it ended by itself with code {process.returncode}")
process.send_signal(sent_signal)
sent = time.monotonic()
code = process.wait(timeout=10)
if time.monotonic() - sent > 1:
    sys.exit(f"it went on for {time.monotonic() - sent:.1f} s")
if code != 128 + sent_signal:
    sys.exit(f"exit code {code}, not {128 + sent_signal}")
