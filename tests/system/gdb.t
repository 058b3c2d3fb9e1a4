#!/usr/bin/env python3
"""gdb.t - `make gdb` attaches gdb with symbols to a halted machine, and leaves nothing behind."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import BUILD, INITRAMFS, SCALE, TESTS, Tap  # noqa: E402

COMMANDS = ["-batch", "-ex", "break start_kernel", "-ex", "continue", "-ex", "backtrace 1",
            "-ex", "info line", "-ex", "print sizeof(struct page)"]


def command_lines():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid) as f:
                yield f.read().replace("\0", " ")
        except OSError:
            pass		# it has just ended


def main():
    tap = Tap()
    command = [os.path.join(TESTS, "run-gdb"), BUILD, INITRAMFS, "console=ttyS0"]
    gdb = subprocess.run(command + COMMANDS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=60 * SCALE, stdin=subprocess.DEVNULL)
    said = gdb.stdout.splitlines()
    tap.ok(gdb.returncode == 0, "a session with gdb ends well", said)
    tap.ok("hit Breakpoint 1" in gdb.stdout or "Breakpoint 1, start_kernel" in gdb.stdout,
           "a breakpoint in start_kernel is reached", said)
    tap.ok("main.c" in gdb.stdout, "gdb knows the source line", said)
    tap.ok("$1 = 64" in gdb.stdout, "gdb knows the kernel's types", said)
    tap.ok("terminating" not in gdb.stdout and "Traceback" not in gdb.stdout,
           "and nothing of QEMU's end is on the screen", said)
    left = [line for line in command_lines() if "qemu-system" in line and "avocet-gdb." in line]
    tap.none("QEMU is gone when gdb is", left)
    tap.done()


main()
