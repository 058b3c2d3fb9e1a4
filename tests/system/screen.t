#!/usr/bin/env python3
"""screen.t - the console on the frame buffer of UEFI firmware: a picture of the screen is read back
with the kernel's own font and compared with what the serial port got."""
import json
import os
import re
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import BUILD, PROMPT, SCRATCH, TESTS, Machine, Tap, try_out  # noqa: E402

FONT = os.path.join(os.path.dirname(TESTS), "kernel/drivers/fbcon_font.c")
SCALE, WIDTH, HEIGHT = 2, 12, 20        # pixels of a dot and of a character
ESP = os.path.join(BUILD, "esp.img")


def glyphs():
    """From the dots of a character, row by row, to the character."""
    with open(FONT) as f:
        rows = re.findall(r'^\t"([#. ]+)"', f.read(), re.M)
    assert len(rows) == 95, len(rows)
    known = {row.replace(" ", ""): chr(32 + i) for i, row in enumerate(rows)}
    assert len(known) == 95, "two characters look the same"
    return known


class Monitor:
    """QEMU's machine protocol on a socket."""

    def __init__(self, path):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(path)
        self.file = connection.makefile("rw")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            assert "error" not in answer, answer
            if "return" in answer:
                return answer["return"]


def picture(monitor):
    """(width, bytes of the red channel) of the screen."""
    path = os.path.join(SCRATCH, "screen.ppm")
    monitor.ask("screendump", filename=path)
    with open(path, "rb") as f:
        assert f.readline() == b"P6\n"
        width = int(f.readline().split()[0])
        f.readline()
        return width, f.read()[::3]


def text_on(monitor, known):
    """The lines of the screen, blanks at their ends left out."""
    width, red = picture(monitor)
    lines = []
    for top in range(0, len(red) // width - HEIGHT + 1, HEIGHT):
        line = ""
        for left in range(0, width - WIDTH + 1, WIDTH):
            dots = "".join("#" if red[(top + y * SCALE) * width + left + x * SCALE] else "."
                           for y in range(8) for x in range(5))
            line += known.get(dots, "\x7f")
        lines.append(line.rstrip())
    return lines


def shows_what_is_printed(m, monitor, known):
    m.command("cd /; cat /proc/version; seq 100 130")
    m.command("echo ' !\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'; echo \"'\"")
    m.command("echo abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789")
    wanted = m.text.rstrip("\n").split("\n")
    lines = text_on(monitor, known)
    assert lines[-1].startswith("avocet:/#"), lines[-1]
    assert lines[-30:-1] == [line.rstrip() for line in wanted[-30:-1]], lines


def follows_the_cursor(m, monitor, known):
    m.command("clear; printf 'one\\ttwo\\nthree'; printf '\\033[1;1HO\\033[2B\\033[3Dx\\033[Ky\\n'")
    lines = text_on(monitor, known)
    assert lines[:4] == ["One     two", "three", "xy", "avocet:/#"], lines[:5]


def a_long_line(m, monitor, known):
    m.command("clear; head -c 250 /dev/zero | tr '\\0' x; echo; printf '\\303\\244\\n'")
    lines = text_on(monitor, known)
    assert lines[:3] == ["x" * 106, "x" * 106, "x" * 38] and lines[3] == "?", lines[:5]


def on_screen(tap):
    path = os.path.join(SCRATCH, "screen.qmp")
    known = glyphs()
    extra = "-qmp unix:%s,server=on,wait=off" % path
    with Machine("screen", boot="uefi", esp=ESP, extra=extra) as m:
        m.expect(r"fbcon: 106 by 40 characters on the firmware's screen of 1280 by 800", 60)
        m.expect(PROMPT, 60)
        m.command("dmesg -n 1; stty rows 24 cols 500")
        monitor = Monitor(path)
        for name, body in (("what is printed is on the screen", shows_what_is_printed),
                           ("sequences that move the cursor and clear", follows_the_cursor),
                           ("long lines, and bytes of UTF-8", a_long_line)):
            try_out(tap, name, body, m, monitor, known)
        m.send("poweroff\n")
        return m.end() == "completed"


def no_screen():
    with Machine("screen-none", boot="uefi", esp=ESP, extra="-vga none") as m:
        m.expect("no frame buffer: the console is on COM1 alone", 60)
        m.expect(PROMPT, 60)
        assert "fbcon" not in m.text


def main():
    tap = Tap()
    try_out(tap, "a machine with a screen powers off", on_screen, tap)
    try_out(tap, "without a screen the loader says where the console is", no_screen)
    tap.done()


main()
