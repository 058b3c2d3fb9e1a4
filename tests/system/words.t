#!/usr/bin/env python3
"""words.t - a word that make cannot do anything with ends it with one clear line, before anything
is built: no usage, no traceback, nothing of QEMU's."""
import os
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import BUILD, SCRATCH, TESTS, Tap  # noqa: E402

TOP = os.path.dirname(TESTS)
# What is typed behind make, and what must stand in the one line.
WRONG = [
    ("run BOOT=bios", "BOOT=bios: pvh or uefi"),
    ("run CPUS=99", "CPUS=99: a number from 1 to 8"),
    ("run CPUS=0", "CPUS=0: a number"),
    ("run CPUS=x", "CPUS=x: a number"),
    ("run CPUS=", "CPUS=: a number"),
    ("run MEM=bogus", "MEM=bogus: MiB"),
    ("run MEM=4", "MEM=4: MiB"),
    ("run MEM=0.001G", "MEM=0.001G: MiB"),
    ("run INITRD=nofile", "INITRD=nofile: there is no such file"),
    ("run INITRD=kernel", "INITRD=kernel: this is a folder"),
    ("run DISK=nofile", "DISK=nofile: there is no such file (truncate"),
    ("run ACCEL=fast", "ACCEL=fast: auto, tcg or kvm"),
    ("run TIMEOUT_SCALE=x", "TIMEOUT_SCALE=x: a positive number"),
    ("run DEBUG=yes", "DEBUG=yes: one of these is wanted: 0 1"),
    ("run DEPS=no", "DEPS=no: one of these is wanted: install skip"),
    ("gdb CPUS=99", "CPUS=99: a number"),
    ("gdb INITRD=nofile", "INITRD=nofile: there is no such file"),
    ("gdb DUMP=nofile", "DUMP=nofile: there is no such file"),
    ("tour T=bogus", "T=bogus: there is no such tour; there are touch,"),
    ("tour T=bogus CPUS=x", "CPUS=x: a number"),
    ("test T=bogus", "T=bogus: no test of `make test`"),
    ("check T=bogus", "T=bogus: no test of `make check`"),
    ("test-host T=bogus", "T=bogus: no test of `make test-host`"),
    ("test-guest T=bogus", "T=bogus: no test of `make test-guest`"),
    ("test-system T=bogus", "T=bogus: no test of `make test-system`"),
    ("test-linux T=bogus", "T=bogus: no test of `make test-linux`"),
    ("test-guest MEM=x", "MEM=x: MiB"),
    ("bench MODES=bogus", "MODES=bogus: "),
    ("bench PEER=bogus", "PEER=bogus: one of these is wanted: linux none"),
]


def lines_of(command):
    """(exit status, lines): those of make's own, which come behind, left out."""
    clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")}
    done = subprocess.run(command, env=clean, cwd=TOP, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, [line for line in done.stdout.splitlines()
                             if not (line.startswith("make") and "Error" in line)]


def check_word(tap, words, wanted):
    skip = [] if "DEPS=" in words else ["DEPS=skip"]
    status, lines = lines_of(["make", "BUILD=" + BUILD] + skip + words.split())
    tap.ok(status and len(lines) == 1 and wanted in lines[0], "make " + words, lines)


def check_kvm(tap):
    """ACCEL=kvm says what is missing here; where nothing is there is nothing to say."""
    status, lines = lines_of([os.path.join(TESTS, "run-qemu"), "--accel", "kvm", "--check"])
    with open("/proc/cpuinfo") as f:
        flags = f.read().split()
    device = os.path.exists("/dev/kvm") and stat.S_ISCHR(os.stat("/dev/kvm").st_mode)
    if "vmx" not in flags and "svm" not in flags:
        wanted = "no hardware virtualisation"
    elif not device:
        wanted = "there is no /dev/kvm"
    elif not os.access("/dev/kvm", os.R_OK | os.W_OK):
        wanted = "usermod -aG kvm"
    else:
        wanted = None
    tap.ok(bool(status) == bool(wanted) and len(lines) == bool(wanted) and
           (not wanted or "ACCEL=kvm: " in lines[0] and wanted in lines[0]),
           "ACCEL=kvm says what it lacks: %s" % wanted, lines)


def check_bench(tap):
    """The names of rows are known to the benchmark alone."""
    status, lines = lines_of(["make", "DEPS=skip", "BUILD=" + BUILD, "MODES=count", "PEER=none",
                              "T=bogus", "bench"])
    tap.ok(status and lines[-1] == "run-bench: T=bogus: no row has that in its name",
           "make bench T=bogus", lines)


def check_disk_name(tap):
    """A comma in a name is no option of QEMU's."""
    disk = os.path.join(SCRATCH, "with,readonly=on.img")
    with open(disk, "wb") as f:
        f.truncate(1 << 20)
    status, lines = lines_of(["timeout", "100", "make", "DEPS=skip", "BUILD=" + BUILD, "run",
                              "DISK=" + disk])
    tap.ok(status == 0, "a disk's name may have a comma", lines)


def main():
    tap = Tap()
    for words, wanted in WRONG:
        check_word(tap, words, wanted)
    check_kvm(tap)
    check_bench(tap)
    check_disk_name(tap)
    tap.done()


main()
