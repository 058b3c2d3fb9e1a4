#!/usr/bin/env python3
"""badboot.t - what is missing or broken at boot gives one clear line and an end, never a hang; and
a panic, early or late, says what it must and ends with its exit code."""
import os
import re
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import INITRAMFS, KERNEL, Ended, Machine, Tap, archive, esp_image  # noqa: E402
from machine import scratch_file, try_out  # noqa: E402


def ends_saying(name, pattern, options):
    """Boot; the console says @pattern and the machine ends as a panic does. Returns the console."""
    with Machine(name, **options) as m:
        m.expect(pattern, 60)
        ended = m.end()
        assert ended == "panic", "it ended as " + ended
        return m.text


def panics_well(name, word):
    text = ends_saying(name, r"(?i)panic", dict(append="console=ttyS0 avocet.panic=" + word))
    assert re.search(r"\b(rip|RIP|rsp|RSP)\b", text), "no registers"
    assert re.search(r"\w+\+0x[0-9a-f]+/0x[0-9a-f]+", text), "no symbolised backtrace"


def program_at(entry):
    """A program whose only page, at 4 MiB, is its own header, and which starts at @entry."""
    header = b"\x7fELF\2\1\1" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, entry, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 120, 120, 4096)


def init_ends(name, words, options):
    text = ends_saying(name, "Kernel panic.*kill init.*process 1 " + words, options)
    assert not re.search(r"RIP|Call trace", text), "registers"


def loader_says(name, pattern, image):
    """The loader stops with one line; it leaves the machine on, for its reader."""
    with Machine(name, boot="uefi", esp=esp_image(name + ".img", **image)) as m:
        m.expect(r"avocet loader: .*" + pattern, 60)
        try:
            m.expect(r"(?i)panic|shell>|avocet loader", 2)
        except Ended:
            return m.qemu.poll() is None
        return False


def start_of(path, size, name):
    """The first @size bytes of a file, as a file of its own."""
    with open(path, "rb") as f:
        return scratch_file(name, f.read(size))


def test_archives(tap):
    broken = {
        "no initramfs": None,
        "an initramfs that is no archive": scratch_file("noise.cpio", b"no archive " * 999),
        "a truncated initramfs": start_of(INITRAMFS, 700001, "truncated.cpio"),
    }
    for name, path in broken.items():
        try_out(tap, name, ends_saying, name.replace(" ", "-"), r"(?i)initramfs|initrd|cpio",
                dict(initrd=path))


def damaged(name, offset, data):
    """The initramfs with @data at @offset of its first header."""
    with open(INITRAMFS, "rb") as f:
        whole = f.read()
    return scratch_file(name, whole[:offset] + data + whole[offset + len(data):])


def test_headers(tap):
    broken = {
        "a magic number": (0, b"070707", "no newc header where one should be"),
        "a size": (54, b"ffffffff", "the archive ends inside a file's data"),
        "a name's length": (94, b"00000000", "an entry has no name"),
        "a digit": (20, b"g", "a header has something else than hex digits"),
    }
    for what, (offset, data, words) in broken.items():
        name = "damaged-%d" % offset
        try_out(tap, "an initramfs damaged in " + what, ends_saying, name,
                r"initramfs: damaged archive: %s at byte 0 of \d+" % words,
                dict(initrd=damaged(name + ".cpio", offset, data)))


def test_init(tap):
    broken = {
        "no /init": archive("no-init.cpio", init=None),
        "an /init that is no program": archive("text-init.cpio", init=b"hello, world\n"),
        "an /init cut off behind its ELF header":
            archive("cut-init.cpio", init=b"\x7fELF\2\1\1" + bytes(57)),
        "an empty /init": archive("empty-init.cpio", init=b""),
    }
    for name, path in broken.items():
        try_out(tap, name, ends_saying, name.replace(" ", "-").replace("/", ""), r"/init",
                dict(initrd=path))
    try_out(tap, "init= names a file that does not exist", ends_saying, "init-nothing",
            r"/bin/nothing", dict(append="console=ttyS0 init=/bin/nothing"))
    try_out(tap, "process 1 exits: one line, and no registers", init_ends, "init-exits",
            "has exited with status 3; to end the machine it calls",
            dict(append='console=ttyS0 init=/bin/sh -- -c "exit 3"'))
    try_out(tap, "process 1 is killed: the same", init_ends, "init-dies", "was killed by signal 11",
            dict(initrd=archive("segv-init.cpio", init=program_at(0x10000))))


def test_uefi(tap):
    try_out(tap, "UEFI: no initramfs on the disk", ends_saying, "uefi-no-initrd", r"(?i)initramfs",
            dict(boot="uefi", esp=esp_image("no-initrd.img", initramfs="")))
    try_out(tap, "UEFI: no kernel on the disk", loader_says, "uefi-no-kernel",
            r"kernel\.elf: not found", dict(drop=["avocet/kernel.elf"]))
    try_out(tap, "UEFI: a kernel that is no ELF file", loader_says, "uefi-noise",
            r"kernel\.elf: not a",
            dict(replace={"avocet/kernel.elf": scratch_file("noise.elf", b"noise" * 1000)}))
    try_out(tap, "UEFI: a truncated kernel", loader_says, "uefi-cut", r"kernel\.elf: truncated",
            dict(replace={"avocet/kernel.elf": start_of(KERNEL, 100000, "cut.elf")}))


def main():
    tap = Tap()
    test_archives(tap)
    test_headers(tap)
    test_init(tap)
    for word in ("early", "fault", "late"):
        try_out(tap, "a panic, " + word, panics_well, "panic-" + word, word)
    test_uefi(tap)
    tap.done()


main()
