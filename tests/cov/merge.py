#!/usr/bin/env python3
"""merge.py - which lines of the kernel ran, in host tests or in the guest: tracefile, HTML, table.

  merge.py [--host=TRACEFILE] [--guest KERNEL LOG...] -- OUT

TRACEFILE is what llvm-cov exports of the host tests. It is exact: clang counts in the source.
LOG is what QEMU wrote for -d in_asm: each block of instructions once, right before it first runs.
The line table in KERNEL says which line an instruction is of. In the guest, then,
 - a line is hit if an instruction of it ran, or one of a function that is inlined at it;
 - a line that the compiler left no instruction of does not count, neither as hit nor as missed;
 - a line that shares its instructions with another (merged tails, conditional moves) is seen in
   one of the two only, and instructions that were moved up may run before their line is reached;
 - a block counts whole, also if a fault ended it early.
A line is hit if the host or the guest hits it, and counts if it has code in either. A function that
the host never enters has the lines that it has in the guest: brackets do not count as missed.
"""
import argparse
import bisect
import collections
import html
import os
import re
import subprocess

FOLDERS = ("kernel/", "lib/")
CLOSE_LOOK = "kernel/mm"    # each of its files is in the table that is printed
STYLE = """body { font-family: sans-serif } pre { margin: 0 } td { padding: 0 1em 0 0 }
.hit { background: #dfd } .miss { background: #fcc } .no { color: #888 }
td.n { text-align: right }"""


class Coverage:
    """files[path][line]: was it hit. functions[path]: (line, name) of those that the host has."""

    def __init__(self):
        self.files = collections.defaultdict(dict)
        self.functions = collections.defaultdict(set)

    def add(self, path, line, hit):
        lines = self.files[path]
        lines[line] = lines.get(line, False) or hit

    def count(self, paths):
        """How many lines of @paths are hit, and how many there are."""
        values = [hit for path in paths for hit in self.files[path].values()]
        return sum(values), len(values)

    def unreached(self, path):
        """The functions of which no line is hit."""
        functions = sorted(self.functions[path])
        for (start, name), (end, _) in zip(functions, functions[1:] + [(1 << 30, "")]):
            hits = [hit for line, hit in self.files[path].items() if start <= line < end]
            if hits and not any(hits):
                yield name


def ours(path):
    """@path from the top of the tree, or None if it is not of the kernel. NASM names a file from
    there, but says that it was compiled in the file's own folder: its folder comes twice."""
    path = re.sub(r"^(.+/)\1", r"\1", os.path.relpath(path))
    return path if path.startswith(FOLDERS) else None


def read_host(coverage, tracefile):
    path, starts, idle = None, {}, set()
    with open(tracefile) as f:
        for record in f:
            kind, _, rest = record.strip().partition(":")
            if kind == "SF":
                path, starts, idle = ours(rest), {}, set()
            elif kind == "FN" and path:
                line, name = rest.split(",")[:2]
                starts[name] = int(line)
                coverage.functions[path].add((int(line), name.split(":")[-1]))
            elif kind == "FNDA" and rest.startswith("0,"):
                idle.add(starts.get(rest[2:]))
            elif kind == "DA" and path:
                line, count = map(int, rest.split(",")[:2])
                inside = max((start for start in starts.values() if start <= line), default=None)
                if inside not in idle or line in coverage.files[path]:
                    coverage.add(path, line, count > 0)


def runs(kernel):
    """(address, end) of every run of instructions that the line table of @kernel tells apart."""
    dump = subprocess.run(["llvm-dwarfdump", "--debug-line", kernel], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    last = None
    for text in dump.splitlines():
        if text.startswith("0x"):
            address = int(text.split()[0], 16)
            if last is not None and address > last:
                yield last, address
            last = None if text.endswith("end_sequence") else address


def symbolize(kernel, addresses):
    """For each address its lines, "path:line:column": its own, and those that it is inlined at."""
    done = subprocess.run(["llvm-symbolizer", "--obj=" + kernel, "--functions=none", "--inlines"],
                          input="".join("%#x\n" % address for address in addresses),
                          stdout=subprocess.PIPE, check=True, text=True)
    return [block.split("\n") for block in done.stdout.rstrip("\n").split("\n\n")]


def read_guest(coverage, kernel, logs):
    ran = set()
    for log in logs:
        with open(log, errors="replace") as f:
            ran.update(int(text[2:18], 16) for text in f if re.match("0x[0-9a-f]{16}:", text))
    ran = sorted(ran)
    spans = list(runs(kernel))
    for (start, end), places in zip(spans, symbolize(kernel, [span[0] for span in spans])):
        first = bisect.bisect_left(ran, start)
        hit = first < len(ran) and ran[first] < end
        for place in places:
            path, line = place.rsplit(":", 2)[:2]
            if ours(path) and int(line):
                coverage.add(ours(path), int(line), hit)


def write_tracefile(coverage, name):
    with open(name, "w") as f:
        for path in sorted(coverage.files):
            lines = coverage.files[path]
            f.write("SF:%s\n" % path)
            f.writelines("DA:%d,%d\n" % (line, lines[line]) for line in sorted(lines))
            f.write("LF:%d\nLH:%d\nend_of_record\n" % (len(lines), sum(lines.values())))


def write_page(name, title, body):
    with open(name, "w") as f:
        f.write('<!DOCTYPE html>\n<meta charset="utf-8">\n<title>%s</title>\n<style>%s</style>\n'
                "<h1>%s</h1>\n%s\n" % (title, STYLE, title, body))


def page_name(path):
    return path.replace("/", "_") + ".html"


def source(coverage, path):
    """The text of @path, a coloured line each."""
    lines = coverage.files[path]
    kinds = {True: "hit", False: "miss", None: "no"}
    with open(path, errors="replace") as f:
        return "\n".join('<pre id="%d" class="%s">%5d  %s</pre>' %
                         (number, kinds[lines.get(number)], number, html.escape(text.rstrip("\n")))
                         for number, text in enumerate(f, 1))


def groups(coverage):
    """(folder, its files), sorted."""
    folders = collections.defaultdict(list)
    for path in sorted(coverage.files):
        folders[os.path.dirname(path)].append(path)
    return sorted(folders.items())


def percent(hit, lines):
    return "%6d of %6d lines %6.1f %%" % (hit, lines, 100 * hit / max(lines, 1))


def write_html(coverage, out):
    row = '<tr><td>%s<td class="n">%s'
    body = ["<table>", row % ("<b>all</b>", percent(*coverage.count(coverage.files)))]
    for folder, paths in groups(coverage):
        body.append(row % ("<b>%s/</b>" % folder, percent(*coverage.count(paths))))
        for path in paths:
            link = '<a href="%s">%s</a>' % (page_name(path), os.path.basename(path))
            missing = ", ".join(coverage.unreached(path))
            body.append(row % (link, percent(*coverage.count([path]))) + "<td>" + missing)
            write_page(os.path.join(out, page_name(path)), path, source(coverage, path))
    body.append("</table>\n<p>The last column has the functions that nothing reaches; the host "
                "tests know of them.")
    write_page(os.path.join(out, "index.html"), "Line coverage", "\n".join(body))


def print_table(coverage):
    for folder, paths in groups(coverage):
        print("%-36s %s" % (folder + "/", percent(*coverage.count(paths))))
        for path in paths if folder == CLOSE_LOOK else []:
            print("  %-34s %s" % (os.path.basename(path), percent(*coverage.count([path]))))
    print("%-36s %s" % ("all", percent(*coverage.count(coverage.files))))
    for path in sorted(coverage.files):
        missing = list(coverage.unreached(path))
        if os.path.dirname(path) == CLOSE_LOOK and missing:
            print("%s: no test reaches %s" % (path, ", ".join(missing)))


def main():
    p = argparse.ArgumentParser(description="merge the coverage of host and guest")
    p.add_argument("--host", metavar="TRACEFILE")
    p.add_argument("--guest", nargs="+", metavar="KERNEL LOG", default=[])
    p.add_argument("out")
    opt = p.parse_args()
    coverage = Coverage()
    if opt.guest:
        read_guest(coverage, opt.guest[0], opt.guest[1:])
    if opt.host:
        read_host(coverage, opt.host)
    os.makedirs(opt.out, exist_ok=True)
    write_tracefile(coverage, os.path.join(opt.out, "merged.info"))
    write_html(coverage, opt.out)
    print_table(coverage)


if __name__ == "__main__":
    main()
