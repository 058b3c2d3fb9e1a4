#!/usr/bin/env python3
"""commands.t - the commands of README.md do what it says there: `make run` on a terminal reaches
the prompt with the very lines that are printed there, through both boot paths, and does nothing
else to the terminal; own programs run; input may be a file or a pipe; make gdb can join in."""
import os
import re
import subprocess
import sys
import textwrap

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import (BUILD, KERNEL, PROMPT, SCALE, SCRATCH, TESTS, Tap, Terminal,  # noqa: E402
                     try_out)

TOP = os.path.dirname(TESTS)


def make(name, *arguments):
    return Terminal(name, ["make", "DEPS=skip", "BUILD=" + BUILD] + list(arguments))


def lines_of_readme():
    """The block of README.md that shows how `make run` ends."""
    with open(os.path.join(TOP, "README.md")) as f:
        block = re.search(r"The last lines are\n\n((?:    .*\n|\n)+)", f.read()).group(1)
    return [line.strip() for line in block.split("\n") if line.strip()]


def run_as_readme_says(name, *arguments):
    with make(name, "run", *arguments) as m:
        for line in lines_of_readme():
            m.expect(re.escape(line), 90)
        m.expect(PROMPT if lines_of_readme()[-1] not in m.text else r"\s")
        # The shell's question for the cursor may have come in part.
        noise = re.search(r"\x1b(?!\[?6?$).{,20}|SeaBIOS|iPXE", m.text)
        assert not noise, "the firmware is on the terminal: %r" % noise.group()
        m.send("poweroff\n")
        m.end()
        assert m.qemu.returncode == 0, "make ended with status %d" % m.qemu.returncode


def leave_by_key(name):
    with make(name, "run") as m:
        m.expect(PROMPT, 60)
        m.send("\x01x")
        m.end()
        assert m.qemu.returncode == 0, "make ended with status %d" % m.qemu.returncode


def without_terminal(typed, *arguments):
    """(exit status, what is printed) of make run whose input is a pipe with this in it."""
    done = subprocess.run(["make", "DEPS=skip", "BUILD=" + BUILD, "run"] + list(arguments),
                          cwd=TOP, input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60 * SCALE,
                          env={k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ})
    return done.returncode, done.stdout


def no_input(*arguments):
    status, said = without_terminal("", *arguments)
    assert status == 0 and re.search(PROMPT, said) and "Power down" in said, said


def input_from_pipe(typed, *wanted):
    status, said = without_terminal(typed)
    assert status == 0 and "Power down" in said, said
    for line in wanted:
        assert re.search("^%s$" % line, said, re.M), "no %s in: %s" % (line, said)


def panic_ends():
    status, said = without_terminal("", "CMDLINE=init=/bin/false")
    assert status != 0 and "Kernel panic" in said and "exited with status 1" in said, said


def gdb_joins():
    """As README.md tells: a console here, gdb there; the machine goes on when gdb has gone."""
    with make("make-run-gdb", "run", "GDB=1") as m:
        m.expect(PROMPT, 60)
        m.send("family &\n")
        m.expect("^.*family: parent")
        gdb = subprocess.run(["make", "DEPS=skip", "BUILD=" + BUILD, "gdb", "GDB_ARGS=-batch -ex "
                              "'av ps'"], cwd=TOP, stdin=subprocess.DEVNULL, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=60 * SCALE)
        assert gdb.returncode == 0 and len(re.findall(" family$", gdb.stdout, re.M)) == 3, \
            gdb.stdout
        m.send("echo still $((40 + 2))\n")
        m.expect("^still 42")


def own_archive():
    """An initramfs with nothing but a program, made by the very lines of README.md."""
    with open(os.path.join(TOP, "README.md")) as f:
        lines = re.search(r"as Linux does:\n\n((?:    .*\n)+?)    make run INITRD",
                          f.read()).group(1)
    subprocess.run("set -e\n" + textwrap.dedent(lines), shell=True, cwd=SCRATCH, check=True,
                   stderr=subprocess.DEVNULL)
    return os.path.join(SCRATCH, "my.cpio")


def own_initramfs(image):
    with make("own-initramfs", "run", "INITRD=" + image, "CPUS=1", "MEM=64") as m:
        m.expect("^hello from process 1", 60)
        m.end()
        assert m.qemu.returncode == 0, "make ended with status %d" % m.qemu.returncode


def plain_qemu(image):
    with Terminal("plain-qemu", ["qemu-system-x86_64", "-cpu", "max", "-smp", "2", "-m", "256",
                                 "-display", "none", "-serial", "mon:stdio", "-no-reboot",
                                 "-kernel", KERNEL, "-initrd", image,
                                 "-append", "console=ttyS0"]) as m:
        m.expect("^hello from process 1", 60)
        m.end()
        assert m.qemu.returncode == 0, "QEMU ended with status %d" % m.qemu.returncode


def main():
    tap = Tap()
    try_out(tap, "make run", run_as_readme_says, "make-run")
    try_out(tap, "make run BOOT=uefi CPUS=4 MEM=1G", run_as_readme_says, "make-run-uefi",
            "BOOT=uefi", "CPUS=4", "MEM=1G")
    try_out(tap, "Ctrl-A X leaves", leave_by_key, "make-run-key")
    try_out(tap, "without input it ends", no_input)
    try_out(tap, "without input it ends (UEFI)", no_input, "BOOT=uefi")
    try_out(tap, "a pipe may have commands", input_from_pipe,
            "echo $((6 * 7))\necho $((50 + 5)); poweroff\n", "42", "55")
    try_out(tap, "its end is the end, of a program's input, too", input_from_pipe,
            "sleep 3; cat -n\none line", r" +1\tone line")
    try_out(tap, "make run GDB=1, and make gdb attaches", gdb_joins)
    image = own_archive()
    try_out(tap, "without a terminal a panic ends it, with an error", panic_ends)
    try_out(tap, "an initramfs of one's own", own_initramfs, image)
    try_out(tap, "the same without make", plain_qemu, image)
    tap.done()


main()
