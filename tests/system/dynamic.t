#!/usr/bin/env python3
"""dynamic.t - this machine's own dynamic programs run when their libraries are in the initramfs:
ls, a C++ program with threads and exceptions, and the Python that runs this test. Whatever the
machine lacks is skipped."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import (PROMPT, SCRATCH, Machine, Tap, archive_of, scratch_file,  # noqa: E402
                     try_out, with_libraries)

CXX = r"""#include <atomic>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static std::atomic<int> caught;
static thread_local std::string mine;

static void work(int n)
{
	for (int i = 0; i < 200; i++) {
		try {
			mine = std::string(i, 'x');
			if (mine.size() % 2)
				throw std::out_of_range(mine);
			mine.at(i);
		} catch (const std::out_of_range &e) {
			caught++;
		}
	}
}

int main()
{
	std::vector<std::thread> threads;

	for (int n = 0; n < 8; n++)
		threads.emplace_back(work, n);
	for (auto &thread : threads)
		thread.join();
	std::cout << "caught " << caught << " exceptions\n";
	return caught != 8 * 200;
}
"""
PYTHON = """
import json, mmap, os, threading
done = []
def work(n):
    done.append(sum(range(n)))
threads = [threading.Thread(target=work, args=(n,)) for n in range(40)]
for t in threads: t.start()
for t in threads: t.join()
shared = mmap.mmap(-1, 8192)
child = os.fork()
if not child:
    shared[:5] = b'child'
    os._exit(7)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps([len(done), sum(done), status, shared[:5].decode()]))
"""
PYTHON_SAYS = '[40, 9880, 7, "child"]'
LIST_FILES = """
import sys
for module in list(sys.modules.values()):
    path = getattr(module, '__file__', None)
    if path:
        print('FILE', path)
"""


def is_dynamic(path):
    """Said by its program headers: an interpreter is named."""
    with open(path, "rb") as f:
        return b"/lib64/ld-linux-x86-64.so.2\0" in f.read(4096)


def ls():
    path = os.path.realpath("/bin/ls")
    if not is_dynamic(path):
        return None
    return {**with_libraries([path]), "dynamic/ls": open(path, "rb").read()}


def cxx():
    if not shutil.which("g++"):
        return None
    path = os.path.join(SCRATCH, "dynamic-cxx")
    subprocess.run(["g++", "-O2", "-pthread", "-o", path,
                    scratch_file("dynamic.cc", CXX.encode())], check=True)
    files = {name: data for name, data in with_libraries([path]).items()
             if name != path.lstrip("/")}
    return {**files, "dynamic/cxx": open(path, "rb").read()}


def python():
    """The interpreter where it is, and just the modules that the script comes to need."""
    path = os.path.realpath(sys.executable)
    if not is_dynamic(path):
        return None
    out = subprocess.run([path, "-S", "-E", "-c", PYTHON + LIST_FILES], stdout=subprocess.PIPE,
                         text=True, check=True).stdout.splitlines()
    assert out[0] == PYTHON_SAYS, "here it says " + out[0]
    modules = [line[5:] for line in out if line.startswith("FILE ")]
    script = PYTHON + "print('modules', len(__import__('sys').modules))\n"
    return {**with_libraries([path] + modules), "dynamic/script": script.encode(),
            "dynamic/python": b"#!/bin/sh\nexec %s -S -E /dynamic/script\n" % path.encode()}


def says(m, line, *wanted):
    out = m.command(line + "; echo status=$?", 30)
    for text in wanted + ("status=0",):
        assert text in out, "%s: %r" % (line, out[-600:])


TESTS = [
    ("ls", "/bin/ls as a dynamic program", ls,
     [("/dynamic/ls -ld /dynamic/ls", "-rwxr-xr-x 1 "), ("/dynamic/ls /", "dynamic")]),
    ("a C++ program of threads that throw", "g++", cxx,
     [("/dynamic/cxx", "caught 1600 exceptions")] * 3),
    ("python", "a dynamic python", python,
     [("/dynamic/python", PYTHON_SAYS, "modules")] * 2),
]


def run(m, commands):
    try:
        for command in commands:
            says(m, *command)
    except Exception:
        m.recover()
        raise


def main():
    tap = Tap()
    files, ready = {}, []
    for name, needs, collect, commands in TESTS:
        found = collect()
        if found is None:
            tap.ok(True, name + " # SKIP this machine has no " + needs)
            continue
        files.update(found)
        ready.append((name, commands))
    image = archive_of("dynamic.cpio", files)
    with Machine("dynamic", initrd=image, cpus=2) as m:
        m.expect(PROMPT, 60)
        for name, commands in ready:
            try_out(tap, name, run, m, commands)
        m.send("poweroff\n")
        tap.ok(m.end() == "completed", "the machine ends well")
    tap.done()


main()
