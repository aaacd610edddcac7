# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ends the building of a chip at once: kill.py [--interrupt] WORD COMMAND…

With a signal that COMMAND cannot hear, or by a second interrupt while it still
cleans up behind the first. Processes with WORD on their command line, the script
that builds and its tools, must be there before, and none soon after.
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


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition(holders()):
        if time.monotonic() > end:
            sys.exit(f"after {seconds} s: {holders() or 'nothing runs'}")
        time.sleep(0.001)


def scripts(lines):
    return sum("build_chip.sh" in line for line in lines)


process = subprocess.Popen(command)
# The script is two processes: one listens for the end, beside the one that has a tool.
wait_until(lambda lines: scripts(lines) == 2 and len(lines) > 2, 30)
if interrupts:
    process.send_signal(signal.SIGINT)
    wait_until(lambda lines: scripts(lines) < 2, 10)  # the first one was heard
    process.send_signal(signal.SIGINT)
else:
    process.send_signal(signal.SIGKILL)
process.wait()
wait_until(lambda lines: not lines, 10)
