# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a command on a terminal and prints what that received: terminal.py COMMAND…

Control characters are made visible.
"""

import os
import pty
import subprocess
import sys

ours, theirs = pty.openpty()
process = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs, stderr=theirs)
os.close(theirs)
received = b""
while True:
    try:
        data = os.read(ours, 4096)
    except OSError:  # how Linux says that nobody writes any more
        break
    if not data:
        break
    received += data
text = received.decode().replace("\r\n", "\n")
print(text.replace("\r", "<return>").replace("\x1b", "<escape>"))
sys.exit(process.wait(timeout=60))
