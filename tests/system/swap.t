#!/usr/bin/env python3
"""swap.t - swap on whole machines: four times 64 MiB on 1 and 4 processors, disks that fail in one
slot, a read-only disk, and what the console says when swap is full. The programs are those of
tests/guest; SWAP_KERNEL=file runs them on another kernel (Debian's Linux, with SWAP_MEM=128)."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import BUILD, KERNEL, SCRATCH, TESTS, Tap, scratch_file  # noqa: E402

MEM = os.environ.get("SWAP_MEM") or "64"
OTHER = os.environ.get("SWAP_KERNEL")
IMAGE = os.path.join(BUILD, "tests/guest/swap.cpio")
DISKS = ["--disk=512", "--disk=32"]
BAD_SLOT = 100
BLKDEBUG = """[inject-error]
event = "%s_aio"
errno = "5"
sector = "%d"
once = "off"
immediately = "off"
iotype = "%s"
"""


def run(name, programs, options, cpus=2, words=(), extra=""):
    """Boot with those programs. Returns the console, and whether the boot ended well."""
    log = os.path.join(SCRATCH, name + ".log")
    command = [os.path.join(TESTS, "run-guest"), "--limit=240", "--mem=" + MEM]
    command += ["--linux"] if OTHER else []
    command += list(options) + ["--word=" + w for w in words]
    env = dict(os.environ, CPUS=str(cpus), QEMU_EXTRA=extra)
    done = subprocess.run(command + [log, OTHER or KERNEL, IMAGE] + programs,
                          stdout=subprocess.PIPE, text=True, env=env)
    with open(log, errors="replace") as f:
        return log, f.read().replace("\r", ""), done.returncode == 0


def judge(tap, what, log, programs, good):
    """One result for each program; what failed in it is shown."""
    for program in programs:
        done = subprocess.run([os.path.join(TESTS, "guest/tap-from-console"), log, program],
                              stdout=subprocess.PIPE, text=True)
        lines = done.stdout.splitlines()
        wrong = [i for i, line in enumerate(lines) if line.startswith("not ok")]
        tap.ok(done.returncode == 0, "%s: %s" % (program, what),
               [line for i in wrong for line in lines[i:i + 4]])
    if not good:
        tap.ok(False, "%s: the machine ends well" % what)


def on_processors(tap, cpus, programs):
    name = "swap-%d-cpus" % cpus
    log, text, good = run(name, programs, DISKS, cpus=cpus, words=["whole=1", "limit=120"])
    judge(tap, "%d processors, %s MiB" % (cpus, MEM), log, programs, good)
    return text


def bad_disk(tap, how, what):
    """A disk of 64 MiB with one slot that cannot be read, or written."""
    path = scratch_file("swap-bad-%s.img" % how, b"")
    os.truncate(path, 64 << 20)
    drive = path
    if how != "readonly":
        rules = scratch_file("swap-bad-%s.conf" % how,
                             (BLKDEBUG % (how, BAD_SLOT * 8 + 3, how)).encode())
        drive = "blkdebug:%s:%s" % (rules, path)
    extra = ("-drive file=%s,format=raw,if=none,id=bad%s -device virtio-blk-pci,drive=bad,"
             "disable-legacy=on" % (drive, ",readonly=on" if how == "readonly" else ""))
    log, text, good = run("swap-bad-" + how, ["swapbad"], [], words=["bad=" + how], extra=extra)
    judge(tap, what, log, ["swapbad"], good)
    os.unlink(path)
    return text


def oom_report(tap, text):
    """Who asked, how much there was, who was killed and how much that one had."""
    tap.ok("invoked oom-killer" in text, "the console says who asked for memory")
    tap.ok(re.search(r"swap.*?\b\d+ ?kB", text, re.I), "and how much swap there was")
    tap.ok(re.search(r"Killed process \d+ \(swapoom\).*anon-rss:\d+kB", text),
           "and who was killed, with how much")


def main():
    tap = Tap()
    on_processors(tap, 1, ["swap"])
    oom_report(tap, on_processors(tap, 4, ["swap", "swapoff", "swapoom", "swaprace",
                                           "swapsoak"]))
    text = bad_disk(tap, "read", "a slot that cannot be read")
    tap.ok(re.search(r"(?i)read.*error|error.*read|i/o error", text), "the console says so")
    text = bad_disk(tap, "write", "a slot that cannot be written")
    tap.ok(re.search(r"(?i)write.*error|error.*writ|i/o error", text), "the console says so")
    bad_disk(tap, "readonly", "a read-only disk")
    tap.done()


main()
