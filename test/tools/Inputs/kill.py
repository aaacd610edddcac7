# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ends a command at once: kill.py [--interrupt] WORD COMMAND…

With a signal that it cannot hear, or by a second interrupt while it still cleans
up behind the first. Processes with WORD on their command line must be there
before, and none soon after.
"""

import pathlib
import signal
import subprocess
import sys
import time

words = sys.argv[1:]
interrupts = words[0] == "--interrupt"
word, *command = words[interrupts:]


def holders():
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        if word in line and "kill.py" not in line:
            found.append(f"{folder.name}: {line}")
    return found


def wait_for(wanted, seconds):
    end = time.monotonic() + seconds
    while wanted != bool(holders()):
        if time.monotonic() > end:
            sys.exit(f"after {seconds} s: {holders() or 'nothing runs'}")
        time.sleep(0.1)


process = subprocess.Popen(command)
wait_for(True, 30)
time.sleep(1)
if interrupts:
    process.send_signal(signal.SIGINT)
    time.sleep(0.025)  # the first one is noticed within 20 ms
    process.send_signal(signal.SIGINT)
else:
    process.send_signal(signal.SIGKILL)
process.wait()
wait_for(False, 10)
