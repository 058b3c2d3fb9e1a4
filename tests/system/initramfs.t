#!/usr/bin/env python3
"""initramfs.t - the forms that Linux takes an initramfs in: with checksums, compressed by gzip,
several archives in a row; and one clear line for those that this kernel cannot unpack or that are
damaged."""
import bz2
import gzip
import lzma
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import INITRAMFS, PROMPT, Machine, Tap, newc_entry, scratch_file, try_out  # noqa: E402

TRAILER = newc_entry("TRAILER!!!", b"")
MARK = "/etc/mark"


def contents(path):
    with open(path, "rb") as f:
        return f.read()


def marked(text):
    """An archive with one small file."""
    return newc_entry(MARK[1:], text.encode() + b"\n") + TRAILER


def with_checksums(archive):
    """The same archive in the form 070702."""
    out, at = b"", 0
    while at < len(archive):
        header = archive[at:at + 110]
        mode, size, name = (int(header[6 + 8 * i:14 + 8 * i], 16) for i in (1, 6, 11))
        body = at + (110 + name + 3 & ~3)
        end = body + size + 3 & ~3
        total = sum(archive[body:body + size]) & 0xffffffff if mode >> 12 == 8 else 0
        out += b"070702" + header[6:102] + b"%08X" % total + archive[at + 110:end]
        if archive[at + 110:at + 120] == b"TRAILER!!!":
            return out
        at = end
    return out


def linked(text, names):
    """An archive whose files are one, with an inode number that others use as well."""
    out = b""
    for name in names:
        entry = newc_entry(name, text.encode() if name == names[-1] else b"")
        out += entry[:6] + b"%08X" % 4711 + entry[14:38] + b"%08X" % len(names) + entry[46:]
    return out + TRAILER


def boots(name, data, commands, mem="256"):
    with Machine("initramfs-" + name, initrd=scratch_file("i-%s.cpio" % name, data), mem=mem) as m:
        m.expect(PROMPT, 60)
        for command, wanted in commands:
            got = m.command(command).strip()
            assert got == wanted, "%s prints %r" % (command, got)
        m.send("poweroff\n")
        ended = m.end()
        assert ended == "completed", "it ended as " + ended


def refused(name, data, words):
    with Machine("initramfs-" + name, initrd=scratch_file("i-%s.cpio" % name, data)) as m:
        m.expect("initramfs: " + words, 60)
        m.expect("Kernel panic.*No working init")
        ended = m.end()
        assert ended == "panic", "it ended as " + ended


def test_forms(tap):
    image = contents(INITRAMFS)
    packed = gzip.compress(image, 6)
    summed = with_checksums(image)
    mark = [("cat " + MARK, "second")]
    forms = {
        "checksums": (summed, []),
        "gzip": (packed, []),
        "gzip of checksums": (gzip.compress(summed, 1), []),
        "plain, then gzip": (marked("first") + packed + gzip.compress(marked("second")), mark),
        "gzip, then plain": (packed + bytes(-len(packed) % 4 + 512) + marked("second"), mark),
        "plain, zeros, gzip, zeros": (image + bytes(1000) + gzip.compress(marked("second")) +
                                      bytes(513), mark),
        "equal inode numbers in two archives": (
            image + linked("one", ["etc/a", "etc/b"]) + linked("two", ["etc/c", "etc/d"]),
            [("cat /etc/a /etc/b /etc/c /etc/d", "oneonetwotwo"),
             ("stat -c %h /etc/a /etc/d", "2\n2")]),
    }
    for name, (data, commands) in forms.items():
        try_out(tap, name, boots, name.replace(" ", "-"), data, commands)


def test_refusals(tap):
    image = contents(INITRAMFS)
    packed = gzip.compress(image, 1)
    damaged = packed[:-8] + bytes(4) + packed[-4:]
    summed = bytearray(with_checksums(image))
    at = summed.index(b"\x7fELF")
    summed[at + 64] ^= 1
    forms = {
        "xz": (lzma.compress(bytes(4096)), "xz data cannot be unpacked here"),
        "zstd": (b"\x28\xb5\x2f\xfd" + bytes(99), "zstd data cannot be unpacked here"),
        "bzip2": (bz2.compress(bytes(4096)), "bzip2 data cannot be unpacked here"),
        "gzip cut short": (packed[:len(packed) // 2],
                           "damaged gzip data: the compressed data ends early"),
        "gzip with another checksum": (damaged, "damaged gzip data: .* not match its checksum"),
        "gzip in gzip": (gzip.compress(packed, 1), "compressed data inside of compressed data"),
        "a file that does not match its checksum": (
            bytes(summed), "damaged archive: a file's data does not match its checksum"),
    }
    for name, (data, words) in forms.items():
        try_out(tap, name, refused, name.replace(" ", "-"), data, words)


def main():
    tap = Tap()
    test_forms(tap)
    test_refusals(tap)
    tap.done()


main()
