#!/usr/bin/env python3
"""runner.t - the runners are tested first: run-qemu tells the four ways a machine can end apart,
a failing, hanging, crashing or missing test is never taken for a success, and why it failed is
on the screen."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import BUILD, KERNEL, SCRATCH, TESTS, Tap, scratch_file  # noqa: E402

# A kernel of a few instructions, entered through the PVH note in 32-bit mode.
TINY_KERNEL = """
bits 32
section .note.Xen note alloc noexec nowrite align=4
	dd 4, 8, 18
	db "Xen", 0
	dd entry, 0
section .text
entry:
	%s
.stop:	hlt
	jmp .stop
"""

EXIT = "mov dx, 0xf4\n mov eax, %d\n out dx, eax"
ENDINGS = {
    "completed": EXIT % 16,
    "panic": EXIT % 17,
    "crash": "lidt [zero]\n int3\nzero: dq 0",
    "hang": "cli",
}


def build(name, code):
    source = scratch_file("ending-%s.asm" % name, (TINY_KERNEL % code).encode())
    base = source[:-4]
    subprocess.run(["nasm", "-f", "elf32", "-o", base + ".o", source], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-z", "noexecstack", "-Ttext", "0x100000",
                    "-e", "entry", "-o", base + ".elf", base + ".o"],
                   check=True, stderr=subprocess.DEVNULL)
    return base + ".elf"


def run_one(name):
    log = os.path.join(SCRATCH, "ending-%s.log" % name)
    done = subprocess.run([os.path.join(TESTS, "run-qemu"), "--log", log, "--timeout", "3",
                           "--cpus", "1", "--mem", "64", "--kernel", build(name, ENDINGS[name])],
                          stdout=subprocess.PIPE, text=True)
    return done.stdout.strip(), done.returncode


def prove(name, script):
    """Does prove, run as make runs it, call a test program with this @script a success, and what
    is on the screen?"""
    path = scratch_file(name + ".sh", ("#!/bin/sh\n" + script).encode())
    os.chmod(path, 0o755)
    command = os.path.join(TESTS, "run-test") + " " + os.path.join(SCRATCH, "output")
    done = subprocess.run(["prove", "--exec", command, path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


# Scripts of tests that fail, and what prove or run-test has to say of each.
FAILURES = {
    "failing": ("echo '# SEED=7'; seq -f '# %g' 99; echo not ok 1; echo '# why'; echo 1..1\n"
                "seq -f '# %g' 99", ["SEED=7", "# 97\n  # 98\n  # 99\n  not ok 1\n  # why"]),
    "short": ("echo ok 1; echo 1..2", ["2 tests were planned and 1 "]),
    "dying": ("echo ok 1; echo 1..1; echo the last words >&2; kill -SEGV $$",
              ["signal 11", "the last words"]),
    "empty": ("exit 0", ["no plan"]),
    "untrue": ("echo ok 1; echo 1..1; echo a reason; exit 3", ["status 3", "a reason"]),
}


def test_prove(tap):
    good, screen = prove("good", "echo ok 1; echo 1..1; echo a word")
    tap.ok(good and "a word" not in screen, "prove accepts a test that passes, quietly")
    for name, (script, words) in FAILURES.items():
        good, screen = prove(name, script)
        tap.ok(not good, "prove catches a test that is %s" % name)
        words = words + [os.path.join(SCRATCH, "output", name + ".sh.log")]
        missing = [word for word in words if word not in screen]
        tap.ok(not missing, "the screen says why", ["there is no %r" % word for word in missing])


# Programs for the in-guest runner; `missing` is asked for and is not there, and `unreached` comes
# behind the one that hangs for longer than a boot may take.
PROGRAMS = {
    "good": "echo ok 1 - fine\necho 1..1\n",
    "failing": "echo not ok 1 - wrong\necho 1..1\n",
    "crashing": "echo ok 1 - so far\nkill -SEGV $$\necho 1..1\n",
    "short": "echo ok 1 - so far\necho 1..2\n",
    "silent": "exit 0\n",
    "untrue": "echo ok 1 - fine\necho 1..1\nexit 3\n",
    "hanging": "echo ok 1 - so far\nsleep 1000\n",
    "unreached": "echo ok 1 - fine\necho 1..1\n",
}


def guest_image():
    image = os.path.join(SCRATCH, "runner.cpio")
    pairs = ["/init=" + os.path.join(BUILD, "tests/guest/init")]
    for name, script in PROGRAMS.items():
        path = scratch_file("program-" + name, ("#!/bin/sh\n" + script).encode())
        os.chmod(path, 0o755)
        pairs.append("/tests/%s=%s" % (name, path))
    subprocess.run(["boot/mkinitramfs", image, "/bin/busybox"] + pairs, check=True)
    return image


def guest_passes(log, name):
    return subprocess.run([os.path.join(TESTS, "guest/tap-from-console"), log, name],
                          stdout=subprocess.DEVNULL).returncode == 0


def test_guest_runner(tap):
    log = os.path.join(SCRATCH, "runner.log")
    names = ["good", "failing", "crashing", "short", "silent", "untrue", "missing", "hanging",
             "unreached"]
    command = [os.path.join(TESTS, "run-guest"), "--limit=8", log, KERNEL, guest_image()]
    done = subprocess.run(command + names, stdout=subprocess.PIPE, text=True)
    tap.ok(done.returncode == 1 and "boot 1 ended as: hang" in done.stdout,
           "run-guest says that a boot hung", done.stdout.splitlines())
    tap.ok("# test hanging" in done.stdout and log in done.stdout,
           "and shows the end of its console, and where that is", done.stdout.splitlines())
    tap.ok(guest_passes(log, "good"), "a good in-guest test passes")
    tap.ok(guest_passes(log, "unreached"), "a test behind the hanging one gets a boot of its own")
    for name in names[1:-1]:
        tap.ok(not guest_passes(log, name), "a %s in-guest test fails" % name)


def main():
    tap = Tap()
    for name in ENDINGS:
        verdict, status = run_one(name)
        tap.ok(verdict == name and (status == 0) == (name == "completed"),
               "run-qemu says %s of a kernel that ends so" % name, ["it said %r" % verdict])
    test_prove(tap)
    test_guest_runner(tap)
    tap.done()


main()
