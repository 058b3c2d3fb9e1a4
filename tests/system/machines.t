#!/usr/bin/env python3
"""machines.t - machines that differ from the usual one: processor models, many disks beside little
or much memory, no interrupt line for the console. Each boots, or says in one line why it does not.
MODELS=all boots every model that QEMU knows."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import PROMPT, SCRATCH, Machine, Tap, esp_image, try_out  # noqa: E402

# What each adds: SSE3 alone; AMD's first; no XSAVE; XSAVE without AVX; XSAVE that nobody can turn
# on; AVX; SMEP and SMAP; 1 GiB pages; everything. And one that cannot run us.
SOME_MODELS = ("kvm64", "Opteron_G1", "Nehalem", "Opteron_G5", "SandyBridge", "Broadwell", "EPYC",
               "Icelake-Server", "Denverton", "pentium3")
NO_64_BIT = ("486", "athlon", "base", "coreduo", "kvm32", "n270", "pentium", "pentium2", "pentium3",
             "qemu32")
RUN = 'console=ttyS0 init=/bin/sh -- -c "nproc; poweroff -f"'


def known_models():
    """`host` needs KVM."""
    out = subprocess.run(["qemu-system-x86_64", "-cpu", "help"], stdout=subprocess.PIPE, text=True,
                         check=True).stdout.split("\nRecognized")[0]
    names = (line.split() for line in out.splitlines()[1:])
    return [words[1 if words[0] == "x86" else 0] for words in names
            if words and "host" not in words[:2]]


def model(name):
    with Machine("cpu-" + name, append=RUN, extra="-cpu " + name) as m:
        m.log.flush()
        if name.split("-v")[0] in NO_64_BIT:
            m.expect("Kernel panic - not syncing: this processor has no 64-bit mode$")
            wanted = "panic"
        else:
            m.expect("^2$")
            wanted = "completed"
        ended = m.end()
        assert ended == wanted, "it ended as " + ended


def test_models(tap):
    names = known_models() if os.environ.get("MODELS") == "all" else SOME_MODELS
    for name in names:
        try_out(tap, "-cpu " + name, model, name)


def lacking(name, extra, words):
    with Machine("lacks-" + name, extra=extra) as m:
        m.expect("Kernel panic - not syncing: " + words)
        ended = m.end()
        assert ended == "panic", "it ended as " + ended


def disks(count):
    """QEMU options for @count small disks."""
    options = []
    for i in range(count):
        path = os.path.join(SCRATCH, "machines-%d.img" % i)
        with open(path, "wb") as f:
            f.truncate(1 << 20)
        options.append("-drive if=none,format=raw,id=m%d,file=%s" % (i, path))
        options.append("-device virtio-blk-pci,drive=m%d,disable-legacy=on" % i)
    return " ".join(options)


def with_disks(name, count, mem, extra="", **options):
    """The whole of the initramfs has arrived, whatever the firmware keeps beside it."""
    with Machine(name, mem=mem, extra=disks(count) + extra, **options) as m:
        m.expect(PROMPT, 60)
        assert m.command("ls /dev | grep -c ^vd").strip() == str(count), "disks are missing"
        programs = m.command("cat /bin/* | cksum").strip()
        m.send("poweroff\n")
        ended = m.end()
        assert ended == "completed", "it ended as " + ended
        return programs


def test_disks(tap):
    sums = []
    for count, mem in ((0, "256"), (1, "33"), (3, "256"), (8, "32"), (8, "5G")):
        try_out(tap, "-kernel, %d disks, memory %s" % (count, mem),
                lambda: sums.append(with_disks("disks-%d-%s" % (count, mem), count, mem)))
    esp = esp_image("machines.img")
    for mem, extra in (("96", ""), ("5G", " -cpu Nehalem")):
        try_out(tap, "UEFI, 8 disks, memory " + mem + extra,
                lambda: sums.append(with_disks("uefi-" + mem, 8, mem, extra, boot="uefi", esp=esp)))
    tap.ok(len(set(sums)) == 1, "the same files in all of them", sums)


def polled(name, machine):
    with Machine(name, cpus=1, extra="-M " + machine) as m:
        m.expect("serial: no interrupt line")
        m.expect(PROMPT, 30)
        assert m.command("echo $((6 * 7))").strip() == "42"
        text = "x" * 60
        assert m.command("echo " + text).strip() == text
        m.send("poweroff\n")
        ended = m.end()
        assert ended == "completed", "it ended as " + ended


def test_polling(tap):
    for name, machine in (("no-acpi", "pc,acpi=off"), ("isapc", "isapc")):
        try_out(tap, "-M %s: keys arrive without an interrupt" % machine, polled, name, machine)


def uptime(m):
    """The host's time before and after, the guest's in between."""
    before = time.monotonic()
    guest = float(m.command("cat /proc/uptime").split()[0])
    return before, guest, time.monotonic()


def right_clock():
    with Machine("microvm", cpus=2, extra="-M microvm") as m:
        m.expect(r"smp: 2 processors running")
        m.expect(PROMPT, 30)
        first = uptime(m)
        time.sleep(2)
        second = uptime(m)
        took = second[1] - first[1]
        least, most = second[0] - first[2], second[2] - first[0]
        print("# the guest's clock went on by %.2f s in %.2f to %.2f s" % (took, least, most))
        assert 0.95 * least <= took <= 1.05 * most, "the clock is wrong"
        m.send("poweroff\n")
        ended = m.end()
        assert ended == "completed", "it ended as " + ended


def main():
    tap = Tap()
    test_models(tap)
    try_out(tap, "no execute-disable bit", lacking, "nx", "-cpu max,-nx",
            "this processor has no execute-disable bit")
    try_out(tap, "no local APIC", lacking, "apic", "-cpu max,-apic",
            "this processor has no local APIC")
    try_out(tap, "-M microvm: its clock is right, and the second processor runs", right_clock)
    try_out(tap, "-M microvm without a PIT has no clock", lacking, "clock", "-M microvm,pit=off",
            "no clock: neither an ACPI timer nor a PIT runs here")
    test_disks(tap)
    test_polling(tap)
    tap.done()


main()
