#!/usr/bin/env python3
"""warnings.t - kernel and loader build without a warning on the compiler that CI has. They are made
in a folder of their own, since objects that are there already may have been made with warnings."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tree import Tap  # noqa: E402

OUT = os.path.join(os.environ.get("BUILD", "build"), "warnings")
TARGETS = ("kernel.elf", "efi/BOOTX64.EFI")


def main():
    if os.environ.get("WERROR") != "1":
        print("1..0 # SKIP another compiler than CI's: its warnings are no errors (WERROR=1)")
        return
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "-s", "-k", "-j%d" % os.cpu_count(), "WERROR=1", "BUILD=" + OUT]
    made = subprocess.run(command + [os.path.join(OUT, t) for t in TARGETS], env=clean, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    tap = Tap()
    tap.ok(made.returncode == 0, "kernel and loader build without warnings",
           made.stdout.splitlines())
    tap.done()


main()
