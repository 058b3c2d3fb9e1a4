#!/usr/bin/env python3
"""tree.t - the rules of tests/check judge the project, and nothing else that lies about: neither
in a checkout nor in a copy of the tree that git knows nothing of."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import TESTS, Tap  # noqa: E402
from tree import visible  # noqa: E402

TOP = os.path.dirname(TESTS)
BADLY_LAID_OUT = "/* bad.c */\nint f(int a){\n  if (a) return 1;\n\treturn 0;\n}\n"


def run(where, *command):
    return subprocess.run(command, cwd=where, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def judged(where):
    """What the checks look at in a tree."""
    program = "import sys; sys.path.insert(0, 'tests/check'); sys.dont_write_bytecode = True; " \
              "import tree; print('\\n'.join(tree.files()))"
    return run(where, "python3", "-c", program).stdout.split()


def copy_tree(folder):
    for path in visible() + [".gitignore", ".clang-format"]:
        os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
        shutil.copy(os.path.join(TOP, path), os.path.join(folder, path))


def commit(folder):
    for words in (["init", "-q"], ["add", "."],
                  ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "t"]):
        run(folder, "git", *words)


def steps_of_readme(folder):
    """What a reader of README.md leaves in the tree."""
    for name in "hello.c", "user/demo/hello.c":
        write(os.path.join(folder, name), "int main(void) { return 0; }\n")
    for name in "init", "my.cpio", "d.img", "build/made.c":
        write(os.path.join(folder, name), "\x7fELF")


def check_copy(tap, outside):
    copy = os.path.join(outside, "copy")
    copy_tree(copy)
    for name in "my.cpio", "d.img", "build/made.c":
        write(os.path.join(copy, name), "made")
    tap.ok(judged(copy) == visible(), "a copy, inside of another project's checkout, is judged "
           "whole; images and build/ are not", [str(set(judged(copy)) ^ set(visible()))])
    os.remove(os.path.join(copy, "lib", "README.md"))
    result = run(copy, "tests/check/readme.t")
    tap.ok(result.returncode and "not ok" in result.stdout, "and its faults are found")


def check_checkout(tap, folder):
    copy_tree(folder)
    commit(folder)
    steps_of_readme(folder)
    tap.ok(judged(folder) == visible(), "in a checkout only what git knows is judged",
           [str(set(judged(folder)) ^ set(visible()))])
    status = run(folder, "git", "status", "--short").stdout.split("\n")
    tap.none("git status does not show images", (s for s in status if ".cpio" in s or ".img" in s))
    result = run(folder, "tests/check/readme.t")
    tap.ok(result.returncode == 0, "README.md's own steps break no rule of names",
           [s for s in result.stdout.split("\n") if not s.startswith("ok")])
    write(os.path.join(folder, "user/demo/bad.c"), BADLY_LAID_OUT)
    write(os.path.join(folder, "stray/README.md"), "`stray` has no place at the top.\n")
    run(folder, "git", "add", ".")
    result = run(folder, "tests/check/layout")
    unasked = "not judged" in result.stdout        # by another clang-format than the pinned one
    tap.ok(unasked or result.returncode and "user/demo/bad.c:2: " in result.stdout,
           "a bad layout is found among all files" + (" # SKIP not judged" if unasked else ""),
           result.stdout.split("\n"))
    result = run(folder, "tests/check/readme.t")
    tap.ok("#   stray" in result.stdout and "#   user/demo/bad.c" in result.stdout,
           "so are a folder at the top and a file that no README.md names")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="avocet tree.") as outside:
        write(os.path.join(outside, "theirs"), "another project")
        commit(outside)
        check_copy(tap, outside)
        check_checkout(tap, os.path.join(outside, "checkout"))
    tap.done()


main()
