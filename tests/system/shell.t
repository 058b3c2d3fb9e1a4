#!/usr/bin/env python3
"""shell.t - an interactive session with busybox, driven through the console as a person would."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import PROMPT, Machine, Tap, try_out  # noqa: E402

# name of the result, what is typed, what must come out (exactly, but for blanks around it)
COMMANDS = [
    ("echo and variables", "x=7; echo $((x * 6))", "42"),
    ("a pipeline of three", "seq 100 | grep 7 | wc -l", "19"),
    ("a long pipeline", "seq 2000 | sed s/1/x/g | tr x y | sort -r | uniq | wc -l", "2000"),
    ("command substitution and subshells", "(cd /etc && echo $(ls passwd))", "passwd"),
    ("redirection, append, read back",
     "echo one > /tmp/f; echo two >> /tmp/f; cat /tmp/f | tr '\\n' ' '", "one two"),
    ("a here-document", "cat <<E | tr a-z A-Z\nhello\nE", "HELLO"),
    ("a script with a first line of #!",
     "printf '#!/bin/sh\\necho script $# args\\n' > /tmp/s; chmod +x /tmp/s; /tmp/s arg",
     "script 1 args"),
    ("exit statuses", "false; echo $?; true; echo $?; sh -c 'exit 7'; echo $?", "1\n0\n7"),
    ("a child killed by a signal", "sh -c 'kill -9 $$' 2>/dev/null; echo $?", "137"),
    ("trap", "sh -c 'trap \"echo caught\" USR1; kill -USR1 $$'", "caught"),
    ("background jobs and wait", "(sleep 0.1 & sleep 0.2 & wait; echo waited)", "waited"),
    ("ls", "mkdir -p /tmp/d/e; touch /tmp/d/a; ls /tmp/d", "a  e"),
    ("awk", "seq 10 | awk '{ s += $1 } END { print s }'", "55"),
    ("sed", "echo kernel | sed 's/k/c/;s/$/!/'", "cernel!"),
    ("sort", "printf '3\\n1\\n2\\n' | sort -n | tr '\\n' ' '", "1 2 3"),
    ("find", "find /etc -name 'pass*'", "/etc/passwd"),
    ("tar and gzip", "cd /tmp; tar czf t.tgz d && rm -r d && tar xzf t.tgz; "
     "find d | sort | tr '\\n' ' '; cd /root", "d d/a d/e"),
    ("dd", "dd if=/dev/zero of=/tmp/z bs=4096 count=64 2>/dev/null; wc -c < /tmp/z", "262144"),
    ("sha256sum", "printf abc | sha256sum | cut -c1-16", "ba7816bf8f01cfea"),
    ("sha256sum of a large file", "head -c 1000000 /dev/zero | sha256sum | cut -c1-16",
     "d29751f2649b32ff"),
    ("cp, mv, ln -s, readlink", "cp /etc/passwd /tmp/p; mv /tmp/p /tmp/q; ln -sf q /tmp/l; "
     "readlink /tmp/l; cmp /tmp/l /etc/passwd && echo same", "q\nsame"),
    ("mount", "mount | grep -c '^proc'", "1"),
    ("mounting a tmpfs and unmounting it",
     "mkdir -p /mnt/t; mount -t tmpfs none /mnt/t && touch /mnt/t/x && ls /mnt/t; umount /mnt/t; "
     "ls /mnt/t", "x"),
    ("free", "free | awk '/^Mem/ { print ($2 > 0 && $3 > 0 && $4 > 0) }'", "1"),
    ("ps", "ps | awk '$1 == 1 { print $NF }'", "/init"),
    ("top", "top -b -n 1 | grep -c '^Mem'", "1"),
    ("uname", "uname -s; uname -r; uname -v", "Linux\n6.1.0-avocet\n#1 SMP Avocet"),
    ("hostname", "hostname", "avocet"),
    ("/proc/self/maps", "grep -c stack /proc/self/maps", "1"),
    ("the devices",
     "head -c 8 /dev/zero | wc -c; cat /dev/null | wc -c; echo x > /dev/full || echo full",
     "8\n0\nsh: write error: No space left on device\nfull"),
    ("random numbers differ",
     "a=$(head -c 8 /dev/urandom | od -x); b=$(head -c 8 /dev/urandom | od -x); "
     "[ \"$a\" != \"$b\" ] && echo differ", "differ"),
    ("the terminal", "test -t 0 && stty size; stty -a | grep -c icanon", "24 200\n1"),
    ("xargs, cut, head, tail",
     "cut -d: -f1 /etc/passwd | head -1 | xargs echo user; seq 9 | tail -2", "user root\n8\n9"),
    ("many processes one after another",
     "i=0; while [ $i -lt 50 ]; do /bin/true; i=$((i+1)); done; echo $i", "50"),
    ("bad commands do no harm", "/nosuch; cat /nosuch; cd /nosuch; echo alive",
     "sh: /nosuch: not found\ncat: can't open '/nosuch': No such file or directory\n"
     "sh: cd: can't cd to /nosuch: No such file or directory\nalive"),
]


def command_prints(m, line, wanted):
    got = m.command(line).strip()
    got = got.replace("-sh: ", "sh: ")
    lines = [s for s in got.split("\n") if not s.startswith("> ")]
    assert "\n".join(s.rstrip() for s in lines) == wanted, "it printed %r" % got


# A key is pressed only when the program in front has said that it runs: until then the shell may
# still have the terminal.

def interrupt_with_ctrl_c(m):
    m.send("sh -c 'echo now; sleep 100'\n")
    m.expect(r"^now\n")
    m.send("\x03")
    m.expect(PROMPT)
    assert m.command("echo $?").strip() == "130"


def interrupt_a_pipeline(m):
    m.send("(echo now >&2; cat) | cat | cat\n")
    m.expect(r"^now\n")
    m.send("\x03")
    m.expect(PROMPT)


def end_of_file(m):
    m.send("(echo now; cat)\n")
    m.expect(r"^now\n")
    m.send("line\n")
    m.expect(r"^line\nline\n")
    m.send("\x04")
    m.expect(PROMPT)


def erase_a_character(m):
    m.send("(echo now; cat)\n")
    m.expect(r"^now\n")
    m.send("abX\x7fc\n")
    m.expect(r"^abc\n")
    m.send("\x04")
    m.expect(PROMPT)


def stop_and_continue(m):
    m.send("sh -c 'echo now; sleep 1; echo later'\n")
    m.expect(r"^now\n")
    m.send("\x1a")
    m.expect(r"Stopped")
    m.expect(PROMPT)
    assert "Stopped" in m.command("jobs"), "jobs does not list it"
    m.send("fg\n")
    m.expect(r"^later\n")
    m.expect(PROMPT)


def continue_in_background(m):
    m.send("sh -c 'echo now; sleep 1; echo later'\n")
    m.expect(r"^now\n")
    m.send("\x1a")
    m.expect(r"Stopped")
    m.expect(PROMPT)
    m.send("bg; wait; echo over\n")
    m.expect(r"^later\n")
    m.expect(r"^over\n")
    m.expect(PROMPT)


def edit_with_vi(m):
    m.send("vi /tmp/v\n")
    m.expect(r"/tmp/v")
    m.send("ihello from vi\x1b")
    m.expect("hello from vi")
    m.send(":wq\n")
    m.expect(PROMPT)
    assert m.command("cat /tmp/v").strip() == "hello from vi"


def recall_a_command(m):
    m.command("echo recall-$((1 + 1))")
    m.send("\x1b[A\n")
    m.expect(r"\nrecall-2\n")
    m.expect(PROMPT)


def log_out(m):
    m.send("\x04")
    assert m.end() == "completed"


KEYS = [
    ("^C interrupts a sleeping program", interrupt_with_ctrl_c),
    ("^C interrupts a pipeline", interrupt_a_pipeline),
    ("^D is the end of a file", end_of_file),
    ("backspace erases a character", erase_a_character),
    ("^Z, jobs and fg", stop_and_continue),
    ("^Z and bg", continue_in_background),
    ("vi edits a file", edit_with_vi),
    ("the arrow keys recall a command", recall_a_command),
]


def main():
    tap = Tap()
    with Machine("shell") as m:
        try_out(tap, "the prompt appears", m.expect, PROMPT, 30)
        try_out(tap, "the terminal gets a size", m.command, "stty rows 24 cols 200")
        for name, line, wanted in COMMANDS:
            if not try_out(tap, name, command_prints, m, line, wanted):
                m.recover()
        for name, body in KEYS:
            if not try_out(tap, name, body, m):
                m.recover()
        try_out(tap, "^D at the prompt powers the machine off", log_out, m)
    tap.done()


main()
