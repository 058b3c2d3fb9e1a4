"""tree.py - what the checks share: the project's files, include lines, and printing TAP."""
import os
import re
import sys

CODE = (".c", ".h", ".asm")
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)
MAX_COMPLAINTS = 30
SEARCH = ["", "kernel/include/", "kernel/arch/x86_64/include/"]


def files(*suffixes):
    """All files below the top whose names end in one of @suffixes, sorted; none made or hidden."""
    found = []
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(d for d in folders
                            if not d.startswith(".") and os.path.join(folder, d) != "./build"
                            and d != "__pycache__")
        found += [os.path.join(folder, n)[2:] for n in names
                  if not n.startswith(".") and (not suffixes or n.endswith(suffixes))]
    return sorted(found)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def includes(path):
    return INCLUDE.findall(read(path))


def resolve(name):
    """The project's file that `#include <name>` means, or None for a header of the system."""
    for prefix in SEARCH:
        if os.path.exists(prefix + name):
            return prefix + name
    return None


class Tap:
    """Numbers results; the plan comes last, and done() gives the exit status."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name, complaints=()):
        self.count += 1
        self.failed += not good
        print("%sok %d - %s" % ("" if good else "not ", self.count, name))
        complaints = list(complaints) if not good else []
        for line in complaints[:MAX_COMPLAINTS]:
            print("#   " + line)
        if len(complaints) > MAX_COMPLAINTS:
            print("#   and %d more" % (len(complaints) - MAX_COMPLAINTS))
        sys.stdout.flush()

    def none(self, name, complaints):
        """A result that is good if there are no @complaints."""
        complaints = list(complaints)
        self.ok(not complaints, name, complaints)

    def done(self):
        print("1..%d" % self.count)
        sys.exit(1 if self.failed else 0)
