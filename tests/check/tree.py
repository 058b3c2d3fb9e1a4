"""tree.py - what the checks share: the project's files, include lines, and printing TAP."""
import fnmatch
import functools
import os
import re
import subprocess
import sys

CODE = (".c", ".h", ".asm")
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)
MAX_COMPLAINTS = 30
SEARCH = ["", "kernel/include/", "kernel/arch/x86_64/include/"]


def tracked():
    """The files that git knows and that exist; None if this is no checkout, such as a copy of the
    tree, or one unpacked inside of another project's."""
    try:
        git = subprocess.run(["git", "rev-parse", "--show-prefix"], capture_output=True, text=True)
        if git.returncode or git.stdout.strip():
            return None
        git = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return [path for path in git.stdout.split("\0") if os.path.exists(path)] or None


def ignored():
    """A function that says whether .gitignore has a name."""
    patterns = [line.strip("/") for line in read(".gitignore").split()]
    return lambda name: any(fnmatch.fnmatch(name, one) for one in patterns)


def found():
    """All files below the top but those that are made."""
    made = ignored() if os.path.exists(".gitignore") else lambda name: name == "build"
    for folder, folders, names in os.walk("."):
        folders[:] = [d for d in folders if d != ".git" and not made(d)]
        yield from (os.path.join(folder, n)[2:] for n in names if not made(n))


@functools.lru_cache(maxsize=None)
def visible():
    """The project's files, sorted: what lies about besides is nobody's business. None hidden."""
    paths = tracked() or found()
    return sorted(p for p in paths if not any(part.startswith(".") for part in p.split("/")))


def files(*suffixes):
    """Those of visible() whose names end in one of @suffixes."""
    return [p for p in visible() if not suffixes or p.endswith(suffixes)]


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
