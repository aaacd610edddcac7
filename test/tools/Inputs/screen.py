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
# A clear begins either a progress line, which another clear ends, or what stays.
first, *parts = text.split("\r\x1b[K")
for line in parts[:-1]:
    if "\n" in line or len(line) >= COLUMNS:
        sys.exit(f"not a line of its own: {line!r}")
    if line:
        print("progress:", line)
stays = first + (parts[-1] if parts else "")
if stays and not stays.endswith("\n"):
    sys.exit(f"a line is left: {stays!r}")
for line in stays.splitlines():
    print("screen:", line)
print("code:", process.returncode)
