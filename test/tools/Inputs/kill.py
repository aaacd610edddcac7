# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kills a command with a signal that it cannot hear: kill.py WORD COMMAND…

Processes with WORD on their command line must be there before, and none soon
after.
"""

import pathlib
import signal
import subprocess
import sys
import time


def holders(word):
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
    while wanted != bool(holders(sys.argv[1])):
        if time.monotonic() > end:
            sys.exit(f"after {seconds} s: {holders(sys.argv[1]) or 'nothing runs'}")
        time.sleep(0.1)


process = subprocess.Popen(sys.argv[2:])
wait_for(True, 30)
time.sleep(1)
process.send_signal(signal.SIGKILL)
process.wait()
wait_for(False, 10)
