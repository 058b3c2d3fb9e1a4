#!/usr/bin/env python3
"""build.t - the same source gives the same bytes, wherever it lies; a second build does nothing;
and make's own commands say what they should."""
import filecmp
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import BUILD, SCRATCH, TESTS, Tap, scratch_file  # noqa: E402

TARGETS = ["kernel.elf", "initramfs.cpio", "efi/BOOTX64.EFI", "esp.img"]
SOURCES = ["Makefile", "linker.ld", "boot", "kernel", "lib", "user", "tests"]


def make(where, *arguments):
    """make with a clean environment, so that it knows nothing of the make that runs the tests."""
    clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")}
    return subprocess.run(["make", "-C", where] + list(arguments), env=clean, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def append(where, name, text):
    with open(os.path.join(where, name), "a", encoding="utf-8") as f:
        f.write(text)


def warnings(tap, tree):
    """What warns builds, unless WERROR=1 is given; programs of users always do."""
    append(tree, "boot/memmap.c", "static int nobody_reads_this;\n")
    append(tree, "user/demo/mine.c", "int main(int argc, char **argv)\n{\n\treturn 0;\n}\n")
    made = make(tree, "BUILD=out", "WERROR=1", "out/user/demo/mine")
    tap.ok(made.returncode == 0, "a user's program that warns builds", made.stdout.splitlines())
    made = make(tree, "BUILD=out", "WERROR=1", "out/efi/memmap.o")
    tap.ok(made.returncode != 0, "a file that warns fails with WERROR=1", made.stdout.splitlines())
    made = make(tree, "BUILD=out", "out/efi/memmap.o")
    tap.ok(made.returncode == 0 and "nobody_reads_this" in made.stdout,
           "and builds without it, with the warning shown", made.stdout.splitlines())


def loader_options(tap, tree):
    """Changed options make the loader anew: those of the compiler all of it."""
    makefile = os.path.join(tree, "Makefile")
    with open(makefile, encoding="utf-8") as f:
        text = f.read()
    for name, word, made_anew in (("EFI_SECTIONS", ".comment", r"LD +\S+/BOOTX64.EFI"),
                                  ("EFI_CFLAGS", "-DCHANGED", r"CC +boot/efi_main.c")):
        text = text.replace(name + "\t:= ", "%s\t:= %s " % (name, word))
        with open(makefile, "w", encoding="utf-8") as f:
            f.write(text)
        made = make(tree, "BUILD=out", "out/efi/BOOTX64.EFI").stdout
        tap.ok(re.search(made_anew, made), "changed %s make the loader anew" % name,
               made.splitlines())


def jobs_of(*words):
    """The -j that make works with, and whether commands come one after the other."""
    said = make(os.path.dirname(TESTS), "-np", "BUILD=out", *words).stdout
    return (re.search(r"^MAKEFLAGS = .*?(-j\d*)", said, re.M).group(1),
            re.search(r"^\.NOTPARALLEL:", said, re.M) is not None)


def check_jobs(tap):
    every = "-j%d" % len(os.sched_getaffinity(0))
    for words, wanted in [(["kernel"], (every, False)), (["-j1", "kernel"], ("-j1", False)),
                          (["-j7", "kernel"], ("-j7", False)),
                          (["kernel", "image"], (every, False)),
                          (["clean", "all"], (every, True))]:
        found = jobs_of(*words)
        tap.ok(found == wanted, "make %s: %s%s" % (" ".join(words), wanted[0], ", one after the "
               "other" if wanted[1] else ""), [str(found)])


def check_deps(tap):
    """Packages on other systems, simulated by an os-release and by an empty PATH."""
    packages = set(re.search(r"run-deps (.*)", make(os.path.dirname(TESTS), "-n", "deps").stdout)
                   .group(1).split())
    with open(os.path.join(TESTS, os.pardir, "README.md")) as f:
        readme = {row.split("|")[1].strip(): row for row in f if row.startswith("| ")}
    for system, words, install in [("Fedora", "ID=fedora", "dnf install "),
                                   ("Fedora", 'ID=x\nID_LIKE="rhel fedora"', "dnf install "),
                                   ("Arch", "ID=manjaro\nID_LIKE=arch", "pacman -S "),
                                   ("unknown", "ID=void", "names of Debian's packages: ")]:
        done = deps_on(words, bare_path(), packages)
        named = re.search(install + "(.*?)(;|$)", done.stderr, re.M)
        named = named.group(1).split() if named else []
        strange = [n for n in named if n not in
                   (re.split("[ `]+", readme[system]) if system in readme else packages)]
        tap.ok(done.returncode and "nasm" in named and len(named) > 5 and not strange,
               "what is missing on %s is named as there, and as in README.md" % words.split()[-1],
               done.stderr.splitlines() + strange)
        done = deps_on(words, os.environ["PATH"], {"nasm", "gcc", "bash-static", "busybox-static"})
        tap.ok(done.returncode == 0 and not done.stderr, "what is there is not missed",
               done.stderr.splitlines())


def bare_path():
    """A folder with the programs that run-deps itself needs, and none of those it looks for."""
    folder = os.path.join(SCRATCH, "bare-path")
    os.makedirs(folder, exist_ok=True)
    for name in "sh", "dirname", "tr", "sort", "id", "cat":
        if not os.path.lexists(os.path.join(folder, name)):
            os.symlink(shutil.which(name), os.path.join(folder, name))
    return folder


def deps_on(system, path, packages):
    release = scratch_file("os-release", system.encode())
    return subprocess.run(["/bin/sh", os.path.join(TESTS, "run-deps"), *sorted(packages)],
                          text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          env={"PATH": path, "OS_RELEASE": os.path.abspath(release)})


def main():
    tap = Tap()
    check_jobs(tap)
    check_deps(tap)
    top = os.path.dirname(TESTS)
    debug = "DEBUG=1" if os.path.basename(BUILD) == "debug" else "DEBUG=0"
    elsewhere = tempfile.mkdtemp(prefix="avocet build.")
    try:
        for name in SOURCES:
            source = os.path.join(top, name)
            copy = shutil.copytree if os.path.isdir(source) else shutil.copy
            copy(source, os.path.join(elsewhere, name))
        made = make(elsewhere, "-j2", "BUILD=out", "DEBUG=0", *["out/" + t for t in TARGETS])
        tap.ok(made.returncode == 0, "a copy of the tree builds in another place, whose path has "
               "a blank", made.stdout.splitlines()[-10:])
        if debug == "DEBUG=0":
            for name in TARGETS:
                one, other = os.path.join(BUILD, name), os.path.join(elsewhere, "out", name)
                tap.ok(os.path.exists(other) and filecmp.cmp(one, other, shallow=False),
                       name + " is the same, byte for byte")
        again = make(elsewhere, "BUILD=out", "DEBUG=0", *["out/" + t for t in TARGETS])
        tap.none("building again makes nothing",
                 (s for s in again.stdout.splitlines()
                  if "up to date" not in s and "directory" not in s))
        warnings(tap, elsewhere)
        loader_options(tap, elsewhere)
    finally:
        shutil.rmtree(elsewhere)
    text = make(top, "help").stdout
    tap.none("make help names every target and variable",
             (w for w in ("run", "test", "gdb", "doctor", "clean", "ACCEL=", "CPUS=", "MEM=",
                          "BOOT=", "INITRD=", "CMDLINE=", "DISK=", "QEMU_EXTRA=", "TIMEOUT_SCALE=")
              if w not in text))
    doctor = make(top, "doctor")
    tap.ok(doctor.returncode == 0, "make doctor finds nothing missing", doctor.stdout.splitlines())
    tap.done()


main()
