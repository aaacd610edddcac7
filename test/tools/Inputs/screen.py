# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a command on a terminal: screen.py [--interrupt SECONDS] COMMAND…

Prints each progress line that the terminal showed, `progress: ` before it, and
then what stays on the screen, `screen: ` before each line. A progress line is
what a clear removes; text written behind one that is still there is a failure.
"""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading

COLUMNS = 100
words = sys.argv[1:]
interrupt = None
if words[0] == "--interrupt":
    interrupt, words = float(words[1]), words[2:]
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs)
os.close(theirs)
if interrupt:
    threading.Timer(interrupt, process.send_signal, [signal.SIGINT]).start()
received = b""
while True:
    try:
        data = os.read(ours, 4096)
    except OSError:  # how Linux says that nobody writes any more
        break
    if not data:
        break
    received += data
process.wait(timeout=60)
text = received.decode().replace("\r\n", "\n")
# A clear begins either a progress line, which another clear ends, or whole lines that stay.
first, *parts = text.split("\r\x1b[K")
stays = [first]
for part in parts:
    if re.fullmatch(r"[^\n]* \(\d+ s\)|[^\n]{%d}" % (COLUMNS - 1), part):
        print("progress:", part)
        continue
    if re.match(r"[^\n]* \(\d+ s\)", part):
        sys.exit(f"not a line of its own: {part!r}")
    stays.append(part)
for part in stays:
    if part and not part.endswith("\n"):
        sys.exit(f"a line is left: {part!r}")
    for line in part.splitlines():
        print("screen:", line)
print("code:", process.returncode)
