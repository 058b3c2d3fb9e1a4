#!/usr/bin/env python3
"""commands.t - the commands of README.md do what it says there: `make run` on a terminal reaches
the prompt with the very lines that are printed there, through both boot paths; own programs run."""
import os
import pty
import re
import signal
import subprocess
import sys
import textwrap

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import BUILD, KERNEL, PROMPT, SCRATCH, TESTS, Machine, Tap, try_out  # noqa: E402

TOP = os.path.dirname(TESTS)


class Terminal(Machine):
    """A command on a terminal of its own, as a person would start it."""

    def __init__(self, name, command):
        outer, inner = pty.openpty()
        kept = ("PATH", "HOME", "TIMEOUT_SCALE")
        environment = {k: os.environ[k] for k in kept if k in os.environ}
        self.start(name, command, stdin=inner, stdout=inner, stderr=inner, env=environment, cwd=TOP,
                   start_new_session=True)
        os.close(inner)
        self.fd = outer

    def stop(self):
        os.killpg(self.qemu.pid, signal.SIGTERM)

    def send(self, text):
        os.write(self.fd, text.encode())


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
        m.send("poweroff\n")
        m.end()
        assert m.qemu.returncode == 0, "make ended with status %d" % m.qemu.returncode


def leave_by_key(name):
    with make(name, "run") as m:
        m.expect(PROMPT, 60)
        m.send("\x01x")
        m.end()
        assert m.qemu.returncode == 0, "make ended with status %d" % m.qemu.returncode


def own_archive():
    """An initramfs with nothing but a program, made by the very lines of README.md."""
    with open(os.path.join(TOP, "README.md")) as f:
        lines = re.search(r"as Linux does:\n\n((?:    .*\n)+?)    make run INITRD", f.read()).group(1)
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
                                 "-nographic", "-no-reboot", "-kernel", KERNEL, "-initrd", image,
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
    image = own_archive()
    try_out(tap, "an initramfs of one's own", own_initramfs, image)
    try_out(tap, "the same without make", plain_qemu, image)
    tap.done()


main()
