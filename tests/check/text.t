#!/usr/bin/env python3
"""text.t - rules that hold for every line: width, length of files, layout, no unfinished work."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from tree import CODE, Tap, files, read  # noqa: E402

MAX_COLUMNS = 100
MAX_LINES = 900
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def columns(line):
    return len(line.expandtabs(8))


def lines(*suffixes):
    for path in files(*suffixes):
        for number, line in enumerate(read(path).split("\n"), 1):
            yield path, number, line


def opening_comment_missing(path):
    return not re.match(r"(/\*|;|\s*#!?)", read(path))


def main():
    tap = Tap()
    text = CODE + (".py", ".t", ".mk", ".ld", ".awk", "Makefile")
    tap.none("no line is wider than %d columns" % MAX_COLUMNS,
             ("%s:%d: %d columns" % (p, n, columns(s)) for p, n, s in lines(*text)
              if columns(s) > MAX_COLUMNS))
    tap.none("no blanks at the end of a line",
             ("%s:%d" % (p, n) for p, n, s in lines(*text) if s != s.rstrip()))
    tap.none("no C file is longer than %d lines" % MAX_LINES,
             (p for p in files(".c", ".h") if read(p).count("\n") > MAX_LINES))
    tap.none("no unfinished work",
             ("%s:%d: %s" % (p, n, s.strip()) for p, n, s in lines(*text, ".md")
              if UNFINISHED.search(s)))
    tap.none("no kernel file knows that it is under test",
             ("%s:%d" % (p, n) for p, n, s in lines(*CODE)
              if p.startswith(("kernel/", "lib/")) and "HOST_TEST" in s))
    tap.none("every code file opens with a comment",
             (p for p in files(*CODE) if opening_comment_missing(p)))
    layout = subprocess.run([os.path.join(HERE, "layout")], capture_output=True, text=True)
    told = (layout.stdout + layout.stderr).splitlines()
    skipped = " # SKIP " + told[0] if "not judged" in layout.stdout else ""
    tap.ok(layout.returncode == 0, "C files are laid out as .clang-format says" + skipped, told)
    tap.done()


main()
