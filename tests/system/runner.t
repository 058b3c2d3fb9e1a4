#!/usr/bin/env python3
"""runner.t - the runners are tested first: run-qemu tells the four ways a machine can end apart,
and a failing, hanging, crashing or missing in-guest test is never taken for a success."""
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
    """Does prove call a test program with this @script a success?"""
    path = scratch_file(name + ".sh", ("#!/bin/sh\n" + script).encode())
    os.chmod(path, 0o755)
    return subprocess.run(["prove", "--exec", "", path], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


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
    tap.ok(prove("good", "echo ok 1; echo 1..1"), "prove accepts a test that passes")
    tap.ok(not prove("failing", "echo not ok 1; echo 1..1"), "prove catches a failing test")
    tap.ok(not prove("short", "echo ok 1; echo 1..2"), "prove catches a test that stops early")
    tap.ok(not prove("dying", "echo ok 1; echo 1..1; kill -SEGV $$"),
           "prove catches a crashing test")
    tap.ok(not prove("empty", "exit 0"), "prove catches a test without results")
    test_guest_runner(tap)
    tap.done()


main()
