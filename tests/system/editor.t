#!/usr/bin/env python3
"""editor.t - what is there for editors works: compile_commands.json has every C file, with words
that compile it; the tasks of .vscode are make's; its two ways to debug do what they say when gdb
is told so; the container's files make sense."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import BUILD, PROMPT, TESTS, Machine, Tap, Terminal, try_out  # noqa: E402
from tree import files  # noqa: E402

TOP = os.path.dirname(TESTS)
CLEAN = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")}
SAMPLES = ("kernel/mm/rmap.c", "boot/efi_main.c", "boot/pvh.c", "lib/rbtree.c", "user/demo/cow.c",
           "tests/guest/cow.c", "tests/host/mm/vma_test.c", "tests/bench/swap.c")


def run(*command):
    return subprocess.run(command, cwd=TOP, env=CLEAN, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def load(path):
    """A file for the editor, with what it means by build/."""
    with open(os.path.join(TOP, path)) as f:
        return json.loads(f.read().replace('"build/', '"%s/' % BUILD))


# ---- compile_commands.json

def check_commands(tap):
    made = run("make", "DEPS=skip", "BUILD=" + BUILD, "compile_commands.json")
    tap.ok(made.returncode == 0, "make compile_commands.json", made.stdout.splitlines())
    entries = {entry["file"]: entry for entry in load("compile_commands.json")}
    tap.none("it has every C file", set(files(".c")) - set(entries))
    for name in SAMPLES:
        words = entries[name]["arguments"] if name in entries else ["false"]
        checked = run(*only_syntax(words))
        tap.ok(checked.returncode == 0 and entries[name]["directory"] == os.path.realpath(TOP),
               "its words compile " + name, checked.stdout.splitlines())
    ignored = run("git", "check-ignore", "compile_commands.json")
    tap.ok(ignored.returncode in (0, 128), "git does not see it")


def only_syntax(words):
    """A command that compiles the same and leaves no file."""
    words = list(words)
    for option in "-o", "-MF":
        if option in words:
            at = words.index(option)
            del words[at:at + 2]
    return [w for w in words if not w.startswith("-M")] + ["-fsyntax-only"]


# ---- .vscode

class Gdb(Machine):
    """gdb, spoken to as an editor does."""

    def __init__(self, name):
        self.start(name, ["gdb", "-q", "-nx", "--interpreter=mi2"], stdin=subprocess.PIPE,
                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=TOP)
        self.fd = self.qemu.stdout.fileno()

    def stop(self):
        self.qemu.kill()	# of SIGTERM gdb 13 may die with a core file

    def ask(self, line, answer=r"\^done"):
        self.send(line + "\n")
        return self.expect("^" + answer, 60)

    def console(self, line):
        self.ask('-interpreter-exec console "%s"' % line)


def task(label):
    return next(t for t in load(".vscode/tasks.json")["tasks"] if t["label"] == label)


def fill_in(text, inputs):
    for name, value in [("workspaceFolder", TOP)] + [("input:" + i["id"], i["default"])
                                                     for i in inputs]:
        text = text.replace("${%s}" % name, value)
    return text


def debug(name, go_on):
    """Do with gdb what the configuration @name of launch.json says, then @go_on with it."""
    launch = load(".vscode/launch.json")
    config = next(c for c in launch["configurations"] if c["name"] == name)
    before = task(config["preLaunchTask"])
    words = [before["command"], "DEPS=skip", "BUILD=" + BUILD] + before["args"]
    ready = before["problemMatcher"]["background"]["endsPattern"]
    with Terminal("editor-machine", words) as machine, Gdb("editor-gdb") as gdb:
        machine.expect(ready, 60)
        gdb.ask("-file-exec-and-symbols " +
                fill_in(config["program"], []).replace("/build/", "/%s/" % BUILD))
        gdb.ask("-target-select remote " + config["miDebuggerServerAddress"], r"\^connected")
        for one in config["postRemoteConnectCommands"]:
            gdb.console(fill_in(one["text"], launch["inputs"]))
        go_on(machine, gdb)


def kernel_stops(machine, gdb):
    gdb.console("av ps")
    assert " init\\n" in gdb.text, gdb.ending()
    gdb.ask("-break-insert do_user_fault")
    gdb.ask("-exec-continue", r"\^running")
    machine.send("cow\n")
    gdb.expect(r'^\*stopped.*func="do_user_fault".*fullname="[^"]*/kernel/arch/x86_64/', 60)


def program_stops(machine, gdb):
    gdb.ask("-exec-continue", r"\^running")
    machine.expect(PROMPT, 60)
    machine.send("cow\n")
    gdb.expect(r'^\*stopped.*func="main".*file="user/demo/cow.c"', 60)
    gdb.ask("-exec-next", r"\*stopped.*func=\"main\"")


def check_tasks(tap):
    for one in load(".vscode/tasks.json")["tasks"]:
        said = run(one["command"], "-n", "DEPS=skip", *one["args"])
        tap.ok(said.returncode == 0, "task %s: %s can be made" %
               (one["label"], " ".join(one["args"])), said.stdout.splitlines()[-3:])
    known = set(load(".vscode/extensions.json")["recommendations"])
    container = load(".devcontainer/devcontainer.json")
    wanted = set(container["customizations"]["vscode"]["extensions"])
    tap.ok(known == wanted and load(".vscode/settings.json"), "the container has the extensions")
    goals = re.findall(r"make ?([\w.]*)", container["postCreateCommand"])
    said = run("make", "-n", *filter(None, goals))
    tap.ok(said.returncode == 0 and len(goals) == 3 and
           os.path.exists(os.path.join(TOP, ".devcontainer", container["build"]["dockerfile"])),
           "it is made by what can be made", said.stdout.splitlines()[-3:])


def main():
    tap = Tap()
    check_commands(tap)
    check_tasks(tap)
    try_out(tap, "debugging the kernel: it stops where it is told", debug, "Kernel", kernel_stops)
    try_out(tap, "debugging a user program: main() stops, with its source", debug,
            "User program in the guest", program_stops)
    tap.done()


main()
