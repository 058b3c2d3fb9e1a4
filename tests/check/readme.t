#!/usr/bin/env python3
"""readme.t - every folder has a README.md, and it names every file of the folder.
The system calls' README.md has a row for each of them.
Folders of headers (include/ and below) mirror those of the .c files: the README.md of the nearest
folder above says so, and need not name each header."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tree import Tap, files, read  # noqa: E402

TOP_LEVEL = {"kernel", "boot", "lib", "user", "tests", "findings", "linker.ld", "Makefile",
             "README.md"}


def readme_of(folder):
    while True:
        candidate = os.path.join(folder, "README.md")
        if os.path.exists(candidate) or not folder or "/include" not in "/" + folder:
            return candidate
        folder = os.path.dirname(folder)


def unnamed(folder, names):
    text = read(readme_of(folder))
    for name in names:
        stem = os.path.splitext(name)[0]
        if name == "README.md" or re.search(r"(?<![\w.-])%s(?![\w-])" % re.escape(name), text):
            continue
        if not re.search(r"(?<![\w.-])%s(?![\w.-])" % re.escape(stem), text):
            yield os.path.join(folder, name)


def syscalls_in_table():
    return re.findall(r"^\t(?:ENTRY|ON_SOCKET)\((\w+)\),$", read("kernel/syscall/table.c"), re.M)


def syscalls_in_rows():
    rows = re.findall(r"^\| ([a-z0-9_ ]+) \|", read("kernel/syscall/README.md"), re.M)
    return [name for row in rows if row != "calls" for name in row.split()]


def not_once():
    """System calls that do not stand in exactly one row, and rows of what is none."""
    calls, rows = syscalls_in_table(), syscalls_in_rows()
    return sorted(n for n in set(calls + rows) if calls.count(n) != 1 or rows.count(n) != 1)


def main():
    tap = Tap()
    folders = {}
    for path in files():
        folders.setdefault(os.path.dirname(path), []).append(os.path.basename(path))
    tap.none("the top level holds what it should and nothing else",
             set(p.split("/")[0] for p in files()) ^ TOP_LEVEL)
    tap.none("every folder has a README.md",
             (f or "." for f in sorted(folders) if not os.path.exists(readme_of(f))))
    for folder in sorted(folders):
        if os.path.exists(readme_of(folder)) and "include" not in folder.split("/"):
            tap.none("%s names its files" % readme_of(folder), unnamed(folder, folders[folder]))
    tap.none("kernel/syscall/README.md has one row for each system call", not_once())
    tap.done()


main()
