#!/usr/bin/env python3
"""headers.t - every header compiles alone and has a guard, none includes itself in a circle, and a
.c file of the kernel includes its own header first."""
import os
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tree import Tap, files, includes, read, resolve  # noqa: E402

EFI_HEADERS = ("boot/load_elf.h", "boot/memmap.h", "boot/handover.h")


def compile_alone(header):
    """What the compiler says of a file that has nothing but @header in it."""
    if header in EFI_HEADERS:
        command = ["gcc"] + shlex.split(os.environ["EFI_CFLAGS"])
    elif header.startswith("tests/"):
        command = ["gcc", "-I.", "-Itests/host/shim"]
    else:
        command = ["gcc"] + shlex.split(os.environ["KERNEL_CFLAGS"])
    text = '#include "%s"\n' % header
    done = subprocess.run(command + ["-fsyntax-only", "-x", "c", "-"], input=text, text=True,
                          capture_output=True)
    return done.stderr.splitlines()[:3] if done.returncode else []


def cycles(headers):
    graph = {h: [r for r in map(resolve, includes(h)) if r] for h in headers}
    state = {}

    def visit(header, path):
        if state.get(header) == "done":
            return []
        if header in path:
            return [" -> ".join(path[path.index(header):] + [header])]
        found = [c for n in graph.get(header, []) for c in visit(n, path + [header])]
        state[header] = "done"
        return found

    return [c for h in headers for c in visit(h, [])]


def own_header(source):
    """The header that belongs to a kernel or lib .c file, if there is one."""
    name = os.path.splitext(os.path.basename(source))[0] + ".h"
    folder = os.path.dirname(source)
    candidates = [os.path.join(folder, name)] if folder == "lib" else []
    if folder.startswith("kernel/arch/"):
        candidates = ["kernel/arch/x86_64/include/asm/" + name]
    elif folder.startswith("kernel/"):
        candidates = ["kernel/include/" + folder[len("kernel/"):] + "/" + name]
    return next((c for c in candidates if os.path.exists(c)), None)


def own_header_not_first(source):
    own = own_header(source)
    mine = [r for r in map(resolve, includes(source)) if r]
    return own and (not mine or mine[0] != own)


def main():
    tap = Tap()
    headers = files(".h")
    kernel_headers = [h for h in headers if not h.startswith(("user/", "tests/"))]
    tap.none("no include cycles", cycles(headers))
    for header in kernel_headers:
        tap.none(header + " compiles alone", compile_alone(header))
    tap.none("every header has a guard", (h for h in kernel_headers if "#ifndef" not in read(h)))
    tap.none("a .c file includes its own header first",
             ("%s: %s" % (s, own_header(s)) for s in files(".c") if own_header_not_first(s)))
    tap.done()


main()
