#!/usr/bin/env python3
"""jobs.t - job control in busybox's shell, and in Debian's bash-static and mksh if installed."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import PROMPT, SCALE, Machine, Tap, archive, try_out  # noqa: E402

# The shell's name, where it is on this machine, how it is started in the guest. None may edit its
# line: mksh shows its prompt before it turns the terminal's echo off, and keys may come between.
SHELLS = [
    ("ash", "/bin/busybox", "sh"),
    ("bash", "/bin/bash-static", "bash --norc --noediting"),
    ("mksh", "/usr/lib/klibc/bin/mksh", "mksh"),
]


def start_shell(m, start):
    m.send(start + "\n")
    m.expect(r"[#$] ")
    m.send("set +o emacs 2>&-; PS1='avocet:job# '; stty rows 24 cols 200\n")
    m.expect(r"^avocet:job# ")
    m.send("\n")
    m.expect(PROMPT)


def in_front(m, text):
    """Start a program that says when it runs."""
    m.send("sh -c 'echo now; %s'\n" % text)
    m.expect(r"^now\n")


def stops(m):
    """Is the job stopped, at the latest after ten seconds?"""
    for _ in range(int(10 * SCALE)):
        if "Stopped" in m.command("jobs"):
            return True
        m.command("sleep 1")
    return False


def background_read(m):
    m.command("cat &")
    assert stops(m), "cat does not stop"
    m.send("fg\n")
    m.expect(r"cat\n")
    m.send("hello\n")
    m.expect(r"^hello\nhello\n")
    m.send("\x04")
    m.expect(PROMPT)


def background_write(m):
    m.command("stty tostop")
    m.command("(echo from behind) &")
    assert stops(m), "echo does not stop"
    m.send("fg\n")
    m.expect(r"^from behind\n")
    m.expect(PROMPT)
    m.command("stty -tostop")


def stop_and_go(m):
    in_front(m, "sleep 1; echo later")
    m.send("\x1a")
    m.expect(r"Stopped")
    m.expect(PROMPT)
    assert "Stopped" in m.command("jobs")
    m.send("bg\n")
    m.expect(r"later\n")
    m.send("wait; echo over\n")
    m.expect(r"^over\n")
    m.expect(PROMPT)


def stop_and_return(m):
    in_front(m, "sleep 1; echo later")
    m.send("\x1a")
    m.expect(r"Stopped")
    m.expect(PROMPT)
    m.send("fg\n")
    m.expect(r"^later\n")
    m.expect(PROMPT)


def stop_a_pipeline(m):
    in_front(m, "sleep 1; echo late | cat | cat")
    m.send("\x1a")
    m.expect(PROMPT)
    m.send("fg\n")
    m.expect(r"^late\n")
    m.expect(PROMPT)


# The process that becomes sleep says it. busybox's sh catches ^C, and a child that it has forked
# still does until its exec: a key in between would be noted there and then forgotten.
def interrupt(m):
    m.send("sh -c 'sh -c \"echo now; exec sleep 100\"; true'\n")
    m.expect(r"^now\n")
    m.send("\x03")
    m.expect(PROMPT)
    got = m.command("echo $?").strip()
    assert got == "130", "the status is %s" % got


# A shell ignores this key itself, and so do its children until they are what they are to be.
def quit_key(m):
    m.send("sh -c 'trap \"exit 7\" QUIT; echo now; while :; do sleep 1; done'\n")
    m.expect(r"^now\n")
    m.send("\x1c")
    m.expect(PROMPT)
    got = m.command("echo $?").strip()
    assert got == "7", "the status is %s" % got


# Not before the child is what it is to be: until then it has the shell's handlers.
def kill_a_job(m):
    m.send("sh -c 'echo now; exec sleep 100' &\n")
    m.expect(r"now\n")
    m.send("\n")
    m.expect(PROMPT)
    m.command("kill %1")
    m.send("wait; echo over\n")
    m.expect(r"^over\n")
    m.expect(PROMPT)
    m.command("jobs")
    assert m.command("jobs").strip() == "", "the job is still there"


def traps(m):
    assert "caught" in m.command("trap 'echo caught' USR1; kill -USR1 $$")
    m.command("trap '' INT")
    in_front(m, "sleep 1; echo later")
    m.send("\x03")
    m.expect(r"later\n")
    m.expect(PROMPT)
    m.command("trap - INT")


JOBS = [
    ("who reads in the background stops, and gets the line after fg", background_read),
    ("with tostop who writes there stops, too", background_write),
    ("^Z, jobs, bg, wait", stop_and_go),
    ("^Z and fg", stop_and_return),
    ("^Z stops a whole pipeline", stop_a_pipeline),
    ("^C interrupts", interrupt),
    ("^\\ quits", quit_key),
    ("kill %1 ends a job", kill_a_job),
    ("traps: a handler, and an ignored ^C that children ignore, too", traps),
]


def leave_shell(m):
    m.send("exit 0\n")
    m.expect(PROMPT)
    assert m.command("echo $PS1").strip() != "avocet:job#"


def try_shell(tap, m, name, start):
    try_out(tap, "%s starts" % name, start_shell, m, start)
    for what, body in JOBS:
        if not try_out(tap, "%s: %s" % (name, what), body, m):
            m.recover()
    try_out(tap, "%s: exit" % name, leave_shell, m)


def read_file(path):
    if not os.path.exists(path):
        return None
    with open(path, "rb") as f:
        return f.read()


def main():
    tap = Tap()
    files = {start.split()[0]: read_file(path) for _, path, start in SHELLS[1:]}
    image = archive("jobs.cpio", **{"bin_" + name: data for name, data in files.items()})
    with Machine("jobs", initrd=image) as m:
        try_out(tap, "the prompt appears", m.expect, PROMPT, 30)
        for name, path, start in SHELLS:
            if os.path.exists(path):
                try_shell(tap, m, name, start)
            else:
                print("# %s is not installed: not tried" % name)
        m.send("poweroff\n")
        tap.ok(m.end() == "completed", "the machine powers off")
    tap.done()


main()
