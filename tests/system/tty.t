#!/usr/bin/env python3
"""tty.t - the console's line discipline: keys that edit a line, flow control, raw modes, and input
by the heap."""
import hashlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import PROMPT, Machine, Tap, try_out  # noqa: E402

# name of the result, what is typed at a program that reads the terminal, what it must have read
# (as cat -v)
LINES = [
    ("backspace takes one character", "abX\x7fc\n", "abc$"),
    ("backspace stops at the beginning of the line", "a\x7f\x7f\x7fb\n", "b$"),
    ("^W takes a word and the blanks behind it", "one two_3 \x17four\n", "one four$"),
    ("^U takes the line", "all wrong\x15right\n", "right$"),
    ("^V makes the next key a character", "a\x16\x03b\x16\x7f\n", "a^Cb^?$"),
    ("a carriage return ends a line", "cr\r", "cr$"),
    ("^D in the middle sends what there is", "half\x04 whole\n", "half whole$"),
    ("^S and ^Q are not part of it", "a\x13b\x11c\n", "abc$"),
]


def line_reads(m, typed, wanted):
    m.send("(echo now; cat -ve > /tmp/got)\n")
    m.expect(r"^now\n")
    m.send(typed + "\x04")
    m.expect(PROMPT)
    assert m.command("cat /tmp/got").strip() == wanted


def tab_is_rubbed_out(m):
    m.send("(echo now; cat > /dev/null)\n")
    m.expect(r"^now\n")
    m.send("a\tb\x7f\x7fc\n")
    m.expect("a\tb\b \b" + "\b" * 7 + "c\n")
    m.send("\x04")
    m.expect(PROMPT)


def flow_control(m):
    m.send("(echo now; sleep 1; echo later)\n")
    m.expect(r"^now\n")
    m.send("\x13")
    try:
        m.expect(r"^later\n", 3)
    except Exception:
        m.send("\x11")
        m.expect(r"^later\n")
        m.expect(PROMPT)
        return
    assert False, "^S did not stop the output"


def quit_key(m):
    m.send("(echo now; sleep 100; true)\n")
    m.expect(r"^now\n")
    m.send("\x1c")
    m.expect(PROMPT)
    assert m.command("echo $?").strip() == "131"


def interrupt_a_flood(m):
    m.send("yes flood\n")
    m.expect(r"^flood\n")
    m.send("\x03")
    m.expect(r"\^C")
    m.expect(PROMPT)


def raw_mode(m):
    m.send("stty raw -echo; echo now; dd bs=1 count=4 of=/tmp/got 2>/dev/null; "
           "stty sane; echo done\n")
    m.expect(r"^now\n")
    m.send("\x03\x04\r\x7f")
    m.expect(r"done\n")
    m.expect(PROMPT)
    assert m.command("cat -ve /tmp/got").strip() == "^C^D^M^?"


def raw_time(m):
    m.send("stty -icanon -echo min 0 time 3; echo now; head -c 1 | wc -c; stty sane\n")
    m.expect(r"^now\n")
    m.expect(r"^0\n")
    m.expect(PROMPT)


# More than all buffers on the way hold; lines up to the longest that can be edited.
def heap_of_input(m, width, count):
    text = "".join(("%06d" % i).ljust(width - 1, "x") + "\n" for i in range(count))
    m.send("(stty -echo; echo now; cat > /tmp/got; stty echo)\n")
    m.expect(r"^now\n")
    for at in range(0, len(text), 1024):
        m.send(text[at:at + 1024])
    m.send("\x04")
    m.expect(PROMPT, 60)
    assert m.command("md5sum < /tmp/got", 30).split()[0] == hashlib.md5(text.encode()).hexdigest()


def main():
    tap = Tap()
    with Machine("tty") as m:
        try_out(tap, "the prompt appears", m.expect, PROMPT, 30)
        for name, typed, wanted in LINES:
            if not try_out(tap, name, line_reads, m, typed, wanted):
                m.recover()
        for name, body, args in [
                ("a tab is rubbed out to where it began", tab_is_rubbed_out, ()),
                ("^S stops the output until ^Q", flow_control, ()),
                ("^\\ ends a program by SIGQUIT", quit_key, ()),
                ("^C gets through while a program floods the terminal", interrupt_a_flood, ()),
                ("in raw mode every key is a byte", raw_mode, ()),
                ("VMIN 0 with a time gives up", raw_time, ()),
                ("100 KiB of short lines arrive whole", heap_of_input, (64, 1600)),
                ("lines of 4000 characters arrive whole", heap_of_input, (4000, 5))]:
            if not try_out(tap, name, body, m, *args):
                m.recover()
    tap.done()


main()
