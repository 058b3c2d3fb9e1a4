#!/usr/bin/env python3
"""tour.t - every tour of kernel/gdb/tours.py comes through all its steps; a function that is gone,
or is not reached, is an error. The functions that the READMEs tell of exist."""
import concurrent.futures
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import BUILD, INITRAMFS, SCALE, SCRATCH, TESTS, Tap, try_out  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(TESTS), "kernel", "gdb"))
from tours import TOURS, Mark  # noqa: E402

STORY = "kernel/mm/README.md"
AT_ONCE = 2
SPOIL = "python import tours; tours.TOURS['touch'].steps[5].function = '%s'"


def take(name, *before, label=None, auto="-auto ", after=(), typed=""):
    """(exit status, what it printed) of one tour in a machine of its own."""
    label = label or name
    build = os.path.join(SCRATCH, "tour-" + label)
    os.makedirs(build, exist_ok=True)
    kernel, disk = os.path.join(build, "kernel.elf"), os.path.join(build, "swap.img")
    if not os.path.lexists(kernel):
        os.symlink(os.path.abspath(os.path.join(BUILD, "kernel.elf")), kernel)
    with open(disk, "wb") as file:
        file.truncate(256 << 20)
    command = [os.path.join(TESTS, "run-gdb"), build, INITRAMFS,
               "console=ttyS0 init=/bin/tour -- " + name, "-batch"]
    for one in (*before, "av tour %s%s" % (auto, name), *after):
        command += ["-ex", one]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=40 * SCALE, input=typed,
                              env=dict(os.environ, DISK=disk, MEM="64"))
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        return "no end", (late.output or b"").decode()
    finally:
        os.remove(disk)


def comes_through(name, result):
    status, said = result
    steps = TOURS[name].steps
    assert status == 0, "status %s: %s" % (status, said)
    assert "terminating" not in said, "QEMU's end is on the screen: %s" % said
    assert "Tour %s: %d steps, all reached." % (name, len(steps)) in said, said
    at = 0
    for i, step in enumerate(steps, 1):
        where = "in the program" if isinstance(step, Mark) else step.function
        head = "%d of %d. %s" % (i, len(steps), where)
        assert said.find("\n" + head, at) >= at, "%s is not told: %s" % (head, said)
        at = said.find("\n" + head, at)
        if not isinstance(step, Mark):
            source_is_shown(step.function, said[at + 1:].split("\n\n", 1)[0])


def source_is_shown(function, told):
    """A few lines of the kernel's, as they stand there, one of them marked."""
    shown = re.findall(r"^   ([ >]) *(\d+)  (.*)$", told, re.M)
    path, = re.findall(r" of \d+\. %s \(\.?/?([\w./]+)[:)]" % function, told)
    with open(path) as file:
        lines = [line.rstrip().expandtabs() for line in file]
    assert [one[0] for one in shown].count(">") == 1, told
    assert all(lines[int(number) - 1] == line for _, number, line in shown), told


def goes_back(result):
    """b at the prompt: the step before, and the one before that; then the tour goes on."""
    status, said = result
    heads = re.findall(r"(\d+) of 9\. ", said)
    assert status == 0 and heads == "1 2 3 2 1 4 5 6 7 8 9 8".split(), said
    first = re.findall(r"1 of 9\. .*?(?=\n-- Enter|\n\n|-- Enter)", said, re.S)
    assert first[0] == first[1] and "this is the first step" in said, said


def no_such_tour():
    done = make("tour", "T=bogus")
    assert done.returncode and done.stderr.splitlines()[0] == \
        "make tour: T=bogus: there is no such tour; there are " + ", ".join(TOURS), done.stderr


def is_lost(result, line):
    status, said = result
    assert status not in (0, "no end") and line in said, "status %s: %s" % (status, said)


def told_functions():
    """(file, function) of each step of the story: `memory.c: do_wp_page`."""
    with open(STORY) as file:
        text = file.read()
    for path, names in re.findall(r"`([\w/]+\.c): ([\w, ]+)`", text):
        for name in names.split(", "):
            yield path, name


def text_of(path):
    """The file, which is named as the story does it, and its header."""
    places = [os.path.join(folder, path) for folder in
              (os.path.dirname(STORY), "kernel", "kernel/arch/x86_64")]
    places.append(os.path.join("kernel/include/mm", path[:-1] + "h"))
    found = ""
    for place in filter(os.path.exists, places):
        with open(place) as file:
            found += file.read()
    return found


def story_is_true():
    told = list(told_functions())
    assert len(told) > 20, told
    for path, name in told:
        assert re.search(r"^\w.*\b%s\(" % name, text_of(path), re.M), \
            "%s tells of %s: %s" % (STORY, path, name)
    toured = {step.function for tour in TOURS.values() for step in tour.steps
              if not isinstance(step, Mark)}
    shared = toured & {name for _, name in told}
    assert len(shared) > 10, "tours and %s share only %s" % (STORY, shared)


def make(*words):
    ours = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "T")}
    return subprocess.run(["make", "-s", "BUILD=" + BUILD, "DEPS=skip", *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ours)


def listed():
    said = make("tour").stdout
    for name, tour in TOURS.items():
        assert re.search(r"^  %s +%s$" % (name, re.escape(tour.title)), said, re.M), said


def main():
    tap = Tap()
    try_out(tap, "make tour lists them", listed)
    try_out(tap, "make tour T=bogus ends in one clear line", no_such_tour)
    try_out(tap, "what %s tells of exists, and the tours go there" % STORY, story_is_true)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        runs = {name: pool.submit(take, name) for name in TOURS}
        gone = pool.submit(take, "touch", SPOIL % "no_such_function", label="gone")
        passed = pool.submit(take, "touch", SPOIL % "wp_page_copy", label="passed")
        back = pool.submit(take, "touch", label="back", auto="", after=["av tour -back"],
                           typed="\n\nb\nb\nb\n")
        for name, run in runs.items():
            try_out(tap, "tour %s: %s" % (name, TOURS[name].title), comes_through, name,
                    run.result())
        try_out(tap, "b and av tour -back tell the step before once more", goes_back,
                back.result())
        try_out(tap, "a function that does not exist is an error", is_lost, gone.result(),
                "the kernel has no function no_such_function")
        try_out(tap, "a function that is not reached is an error", is_lost, passed.result(),
                "wp_page_copy was not reached; the program is at mark \"end\"")
    tap.done()


main()
