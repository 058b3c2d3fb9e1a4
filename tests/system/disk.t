#!/usr/bin/env python3
"""disk.t - virtio disks: what dd moves is compared with the image files on the host."""
import hashlib
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import BUILD, PROMPT, Machine, Tap, scratch_file, try_out  # noqa: E402

MIB = 1 << 20
BAD_SECTOR = 2050
BLKDEBUG = """[inject-error]
event = "%s_aio"
errno = "5"
sector = "%d"
once = "off"
immediately = "off"
iotype = "%s"
"""


def image(name, mib, seed=None):
    data = random.Random(seed).randbytes(mib * MIB) if seed else bytes(mib * MIB)
    return scratch_file(name, data)


def blkdebug(what):
    return (BLKDEBUG % (what, BAD_SECTOR, what)).encode()


def contents(path):
    with open(path, "rb") as f:
        return f.read()


def digest(data):
    return hashlib.sha256(data).hexdigest()


def drives(*files, options="", device=""):
    return " ".join("-drive file=%s,format=raw,if=none,id=d%d%s -device virtio-blk-pci,drive=d%d,"
                    "disable-legacy=on%s" % (path, i, options, i, device)
                    for i, path in enumerate(files))


def session(name, extra, body, *args, **options):
    """Boot with those disks, talk to the shell, power off."""
    with Machine(name, extra=extra, **options) as m:
        m.expect(PROMPT, 60)
        m.command("stty rows 24 cols 500; dmesg -n 1")
        body(m, *args)
        m.send("poweroff\n")
        assert m.end() == "completed"


def says(m, line, wanted, seconds=30):
    got = m.command(line, seconds).strip()
    assert got == wanted, "%s: %r instead of %r" % (line, got, wanted)


def sum_of(m, device, data):
    says(m, "sha256sum < " + device, digest(data) + "  -")


def copy(m, one, data):
    says(m, "tail -n 2 /proc/partitions | awk '{ print $1, $2, $3, $4 }'",
         "254 0 8192 vda\n254 16 4096 vdb")
    says(m, "stat -c '%F %t %T' /dev/vdb", "block special file fe 10")
    sum_of(m, "/dev/vda", data)
    sum_of(m, "/dev/vdb", bytes(4 * MIB))
    says(m, "dd if=/dev/vda of=/dev/vdb bs=128k count=16 2>/dev/null; echo $?", "0")
    says(m, "dd if=/dev/vda of=/dev/vdb bs=1000 skip=3000 seek=2500 count=999 2>/dev/null; echo $?",
         "0")
    says(m, "dd if=/dev/vda of=/dev/vdb bs=4M seek=1 2>&1 | tail -n 3 | head -n 1",
         "dd: error writing '/dev/vdb': No space left on device")
    says(m, "sync; echo done", "done")


def round_trip():
    data = random.Random(1).randbytes(8 * MIB)
    one, two = image("disk-one.img", 8, 1), image("disk-two.img", 4)
    session("disk-copy", drives(one, two), copy, one, data)
    wanted = bytearray(4 * MIB)
    wanted[:2 * MIB] = data[:2 * MIB]
    wanted[2500000:2500000 + 999000] = data[3000000:3000000 + 999000]
    assert contents(two) == wanted, "the second disk has other bytes than dd wrote"
    assert contents(one) == data, "the first disk has changed"


def read_around(m, data):
    before = BAD_SECTOR * 512
    says(m, "dd if=/dev/vda bs=512 count=1 skip=%d 2>&1 | head -n 1" % BAD_SECTOR,
         "dd: /dev/vda: Input/output error")
    says(m, "dd if=/dev/vda bs=512 count=1 skip=%d 2>/dev/null | sha256sum" % (BAD_SECTOR - 1),
         digest(data[before - 512:before]) + "  -")
    says(m, "dd if=/dev/vda bs=512 skip=%d 2>/dev/null | sha256sum" % (BAD_SECTOR + 1),
         digest(data[before + 512:]) + "  -")
    says(m, "dd if=/dev/vda bs=1M 2>/dev/null | sha256sum", digest(data[:before]) + "  -")
    says(m, "dd if=/dev/zero of=/dev/vda bs=512 count=3 seek=%d 2>/dev/null; echo $?"
         % (BAD_SECTOR - 1), "0")


def failing_reads():
    data = random.Random(2).randbytes(4 * MIB)
    path = image("disk-bad.img", 4, 2)
    rules = scratch_file("disk-bad.conf", blkdebug("read"))
    session("disk-bad", drives("blkdebug:%s:%s" % (rules, path)), read_around, data)
    at = (BAD_SECTOR - 1) * 512
    assert contents(path) == data[:at] + bytes(3 * 512) + data[at + 3 * 512:]


def write_around(m):
    says(m, "dd if=/dev/zero of=/dev/vda bs=512 count=1 seek=%d 2>&1 | head -n 1" % BAD_SECTOR,
         "dd: error writing '/dev/vda': Input/output error")
    says(m, "dd if=/dev/zero of=/dev/vda bs=1M count=2 2>/dev/null; echo $?", "1")


def failing_writes():
    data = random.Random(3).randbytes(4 * MIB)
    path = image("disk-bad-write.img", 4, 3)
    rules = scratch_file("disk-bad-write.conf", blkdebug("write"))
    session("disk-bad-write", drives("blkdebug:%s:%s" % (rules, path)), write_around)
    at = BAD_SECTOR * 512
    assert contents(path) == bytes(at) + data[at:], "what precedes the bad sector is not there"


def write_to_it(m, data):
    sum_of(m, "/dev/vda", data)
    says(m, "dd if=/dev/zero of=/dev/vda bs=4k count=1 2>&1 | head -n 1",
         "dd: error writing '/dev/vda': Operation not permitted")


def read_only():
    data = random.Random(4).randbytes(2 * MIB)
    path = image("disk-ro.img", 2, 4)
    session("disk-ro", drives(path, options=",readonly=on"), write_to_it, data)
    assert contents(path) == data


def many_at_once(m, rounds):
    """Four writers beside four readers, block sizes large, small and odd."""
    m.command("for i in 0 1 2 3; do head -c 1048576 /dev/urandom > /tmp/f$i; done; " +
              "cat /tmp/f0 /tmp/f1 /tmp/f2 /tmp/f3 > /tmp/all", 30)
    for size in ("65536", "4096", "131072", "16384")[:rounds]:
        m.command("dd if=/dev/zero of=/dev/vda bs=1M count=4 2>/dev/null", 30)
        m.command("for i in 0 1 2 3; do dd if=/tmp/f$i of=/dev/vda bs=%s seek=$((i * 1048576 / %s))"
                  " 2>/dev/null & dd if=/dev/vdb of=/tmp/r$i bs=%s 2>/dev/null & done; wait"
                  % (size, size, size), 60)
        says(m, "cmp /dev/vda /tmp/all && echo same", "same")
        says(m, "for i in 0 1 2 3; do cmp /dev/vdb /tmp/r$i && echo same; done | uniq -c | "
             "awk '{ print $1, $2 }'", "4 same")
    m.command("cp /tmp/all /dev/vdb; sync", 30)


def four_processors():
    one, two = image("disk-many-one.img", 4), image("disk-many-two.img", 4, 5)
    session("disk-many", drives(one, two), many_at_once, 4, cpus=4)
    assert contents(one) == contents(two)


def behind_a_bridge():
    data = random.Random(6).randbytes(2 * MIB)
    path = image("disk-bridge.img", 2, 6)
    extra = "-device pci-bridge,id=b,chassis_nr=1 " + drives(path, device=",bus=b,addr=3")
    session("disk-bridge", extra, sum_of, "/dev/vda", data)


def large_blocks():
    data = random.Random(7).randbytes(2 * MIB)
    path = image("disk-4k.img", 2, 7)

    def body(m):
        sum_of(m, "/dev/vda", data)
        says(m, "printf middle | dd of=/dev/vda bs=1 seek=5000 2>/dev/null; echo $?", "0")
    session("disk-4k", drives(path, device=",logical_block_size=4096,physical_block_size=4096"),
            body)
    assert contents(path) == data[:5000] + b"middle" + data[5006:]


def short_queue():
    """A queue so short that most requests have to wait for descriptors."""
    data = random.Random(8).randbytes(4 * MIB)
    path = image("disk-short.img", 4, 8)
    session("disk-short", drives(path, device=",queue-size=8,seg-max-adjust=on"), sum_of,
            "/dev/vda", data)


def no_interrupt():
    def body(m):
        assert "has no MSI-X interrupts; left out" in m.text
        says(m, "ls /dev/vd* 2>/dev/null | wc -l", "0")
    session("disk-no-msix", drives(image("disk-no.img", 1), device=",vectors=0"), body)


def divided(name, mib, seed, script):
    """A disk that sfdisk(8) has divided. Returns its path."""
    path = image(name, mib, seed)
    with open(path, "r+b") as f:        # what sfdisk must not take for a table or a file system
        f.write(bytes(64 * 1024))
    subprocess.run(["/sbin/sfdisk", "--quiet", path], input=script, text=True, check=True)
    return path


def part(data, first, sectors):
    return data[first * 512:(first + sectors) * 512]


def shows_partitions(m, *wanted):
    says(m, "tail -n +3 /proc/partitions | awk '{ print $1, $2, $3, $4 }'", "\n".join(wanted))


MBR = """label: dos
start=2048, size=2048, type=83
start=4097, size=3, type=83
start=6144, size=8192, type=5
start=8192, size=2047, type=83
start=12288, size=2048, type=82
"""


def mbr_parts(m, data):
    shows_partitions(m, "254 0 8192 vda", "254 1 1024 vda1", "254 2 1 vda2", "254 3 1 vda3",
                     "254 5 1023 vda5", "254 6 1024 vda6")
    sum_of(m, "/dev/vda", data)
    sum_of(m, "/dev/vda1", part(data, 2048, 2048))
    sum_of(m, "/dev/vda2", part(data, 4097, 3))
    sum_of(m, "/dev/vda5", part(data, 8192, 2047))
    sum_of(m, "/dev/vda6", part(data, 12288, 2048))
    # Not a byte beyond its end, whatever the sizes.
    says(m, "dd if=/dev/zero of=/dev/vda2 bs=1000 2>&1 | head -n 1",
         "dd: error writing '/dev/vda2': No space left on device")
    says(m, "printf x | dd of=/dev/vda5 bs=1 seek=$((2047 * 512 - 1)) 2>/dev/null; echo $?", "0")
    says(m, "printf x | dd of=/dev/vda5 bs=1 seek=$((2047 * 512)) 2>/dev/null; echo $?", "1")
    # Swap on one of them: it is claimed, and so is the disk; the others are free.
    says(m, "mkswap /dev/vda6 > /dev/null && swapon /dev/vda6; echo $?", "0")
    says(m, "awk 'NR > 1 { print $1, $3 }' /proc/swaps", "/dev/vda6 1020")
    says(m, "echo no > /dev/vda6", "sh: write error: Text file busy")
    says(m, "mkswap /dev/vda1 > /dev/null && swapon /dev/vda1 && swapoff /dev/vda1; echo $?", "0")
    says(m, "swapon /dev/vda 2>&1", "swapon: /dev/vda: Device or resource busy")
    says(m, "swapoff /dev/vda6; dd if=/dev/zero of=/dev/vda6 2>/dev/null; "
         "dd if=/dev/zero of=/dev/vda1 2>/dev/null; sync; echo done", "done")


def an_mbr():
    path = divided("disk-mbr.img", 8, 11, MBR)
    data = contents(path)
    session("disk-mbr", drives(path), mbr_parts, data)
    wanted = bytearray(data)
    for first, sectors in (2048, 2048), (4097, 3), (12288, 2048):
        wanted[first * 512:(first + sectors) * 512] = bytes(sectors * 512)
    wanted[(8192 + 2047) * 512 - 1] = ord("x")
    assert contents(path) == wanted, "other bytes have changed than those of the partitions"


GPT = """label: gpt
1: start=2048, size=2048
16: start=4096, size=1024
15: start=5120, size=1
"""


def gpt_parts(m, data):
    shows_partitions(m, "254 0 4096 vda", "254 1 1024 vda1", "254 15 0 vda15", "259 0 512 vda16")
    sum_of(m, "/dev/vda1", part(data, 2048, 2048))
    sum_of(m, "/dev/vda15", part(data, 5120, 1))
    sum_of(m, "/dev/vda16", part(data, 4096, 1024))
    says(m, "stat -c '%F %t %T' /dev/vda16", "block special file 103 0")


def a_gpt():
    path = divided("disk-gpt.img", 4, 12, GPT)
    session("disk-gpt", drives(path), gpt_parts, contents(path))


def a_damaged_gpt():
    def body(m, data):
        assert "vda: the disk has a damaged GPT; the copy at its end is used" in m.text
        gpt_parts(m, data)

    path = divided("disk-gpt-bad.img", 4, 13, GPT)
    with open(path, "r+b") as f:
        f.seek(512 + 40)
        f.write(b"?")
    session("disk-gpt-bad", drives(path), body, contents(path))


def of_another_kind():
    def body(m):
        for line in ("the disk at [0-9a-f:.]+ is older than virtio 1.0 .*; left out",
                     "the NVMe controller at .* has no driver here: its disks are left out",
                     "the SATA controller at .* has no driver here: its disks are left out"):
            assert re.search(line, m.text), line
        says(m, "ls /dev/vd* 2>/dev/null | wc -l", "0")

    path = image("disk-kind.img", 1)
    one = "-drive file=%s,format=raw,if=none,id=%s,file.locking=off,readonly=on -device %s,drive=%s"
    extra = " ".join(["-device ahci", one % (path, "d0", "nvme,serial=1", "d0"),
                      one % (path, "d1", "virtio-blk-pci,disable-modern=on", "d1")])
    session("disk-kind", extra, body)


def through_uefi():
    data = random.Random(9).randbytes(2 * MIB)
    path = image("disk-uefi.img", 2, 9)
    session("disk-uefi", drives(path), sum_of, "/dev/vda", data, boot="uefi",
            esp=os.path.join(BUILD, "esp.img"))


def main():
    tap = Tap()
    try_out(tap, "dd between two disks moves the right bytes", round_trip)
    try_out(tap, "a sector that cannot be read fails, and only that", failing_reads)
    try_out(tap, "a sector that cannot be written fails, and only that", failing_writes)
    try_out(tap, "a read-only disk is not written", read_only)
    try_out(tap, "eight dd at once on four processors", four_processors)
    try_out(tap, "a disk behind a bridge", behind_a_bridge)
    try_out(tap, "a disk with blocks of 4096 bytes", large_blocks)
    try_out(tap, "a disk with a short queue", short_queue)
    try_out(tap, "a disk without MSI-X is left out with one line", no_interrupt)
    try_out(tap, "partitions of an MBR, logical ones too: bounds, and swap on one", an_mbr)
    try_out(tap, "partitions of a GPT", a_gpt)
    try_out(tap, "a damaged GPT: its copy is used", a_damaged_gpt)
    try_out(tap, "disks of other kinds are left out with a line for each", of_another_kind)
    try_out(tap, "a disk in a machine that UEFI started", through_uefi)
    tap.done()


main()
