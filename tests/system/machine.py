"""machine.py - what the system tests share: a machine to talk to, archives to boot it with, the
libraries of programs, TAP.
A test script makes a Machine, expects text on its console, types into it, and asks how it ended.
Every wait has a limit, and every limit is multiplied by TIMEOUT_SCALE."""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, "check"))
from tree import Tap  # noqa: E402,F401

BUILD = os.environ.get("BUILD", "build")
SCALE = float(os.environ.get("TIMEOUT_SCALE") or 1)
KERNEL = os.path.join(BUILD, "kernel.elf")
INITRAMFS = os.path.join(BUILD, "initramfs.cpio")
SCRATCH = os.path.join(BUILD, "tests", "system")
PROMPT = r"avocet:\S*# "
VERDICTS = {0: "completed", 2: "panic"}
os.environ["ACCEL_QUIET"] = "1"
os.makedirs(SCRATCH, exist_ok=True)


class Ended(Exception):
    """The console fell silent or the machine ended before the expected text came."""


class Machine:
    """A running QEMU with its console on two pipes; `with` ends it whatever happens."""

    def __init__(self, name, kernel=KERNEL, initrd=INITRAMFS, append="console=ttyS0", boot="pvh",
                 esp=None, cpus=2, mem="256", extra=None):
        command = [os.path.join(TESTS, "run-qemu"), "--boot", boot, "--cpus", str(cpus),
                   "--mem", str(mem)]
        command += ["--extra=" + extra] if extra else []
        if boot == "pvh":
            command += ["--kernel", kernel, "--append", append]
            command += ["--initrd", initrd] if initrd else []
        else:
            command += ["--esp", esp]
        self.start(name, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None)
        self.fd = self.qemu.stdout.fileno()

    def start(self, name, command, stderr, **options):
        self.started = time.monotonic()
        self.log = open(os.path.join(SCRATCH, name + ".log"), "wb")
        self.qemu = subprocess.Popen(command, stderr=stderr or self.log, **options)
        self.text = ""		# everything that came
        self.seen = 0		# how much of it expect() has passed

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.qemu.poll() is None:
            self.stop()
        self.qemu.wait()
        self.log.close()

    def stop(self):
        self.qemu.terminate()

    def read_more(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.fd], [], [], left)[0]:
            raise Ended("time limit; " + self.ending())
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""		# a terminal that nobody writes to any more
        if not data:
            raise Ended("the machine ended; " + self.ending())
        self.log.write(data)
        self.log.flush()
        self.text += data.decode("utf-8", "replace").replace("\r", "")
        # The shell asks a terminal of unknown size where its cursor is; nobody answers here.
        self.text = self.text.replace("\x1b[6n", "")

    def ending(self):
        return "the console, %s, ends in: %r" % (self.log.name, self.text[-300:])

    def expect(self, pattern, seconds=20):
        """Wait for @pattern behind what was matched last. Returns the match."""
        deadline = time.monotonic() + seconds * SCALE
        while True:
            match = re.compile(pattern, re.M).search(self.text, self.seen)
            if match:
                self.seen = match.end()
                return match
            self.read_more(deadline)

    def send(self, text):
        self.qemu.stdin.write(text.encode())
        self.qemu.stdin.flush()

    def command(self, line, seconds=10):
        """Type @line at the shell's prompt. Returns what it printed, without echo and prompt."""
        self.send(line + "\n")
        echo = "".join("\\n> " if c == "\n" else re.escape(c) for c in line) + r"\n"
        self.expect(echo, seconds)
        start = self.seen
        match = self.expect(PROMPT, seconds)
        return self.text[start:match.start()]

    def recover(self):
        """After something unexpected: interrupt it and get back to a prompt, if there is one."""
        try:
            for key in "\x03", "\x03", "\n":
                self.send(key)
                self.expect(PROMPT, 1)
        except (Ended, OSError):
            pass
        self.seen = len(self.text)

    def end(self, seconds=20):
        """Wait for the machine to end by itself. Returns completed, panic, crash or hang."""
        deadline = time.monotonic() + seconds * SCALE
        try:
            while True:
                self.read_more(deadline)
        except Ended:
            pass
        try:
            return VERDICTS.get(self.qemu.wait(max(0.1, deadline - time.monotonic())), "crash")
        except subprocess.TimeoutExpired:
            return "hang"


class Terminal(Machine):
    """A command on a terminal of its own, as a person would start it."""

    def __init__(self, name, command):
        outer, inner = pty.openpty()
        kept = ("PATH", "HOME", "TIMEOUT_SCALE")
        environment = {k: os.environ[k] for k in kept if k in os.environ}
        self.start(name, command, stdin=inner, stdout=inner, stderr=inner, env=environment,
                   cwd=os.path.dirname(TESTS), start_new_session=True)
        os.close(inner)
        self.fd = outer

    def stop(self):
        os.killpg(self.qemu.pid, signal.SIGTERM)

    def send(self, text):
        os.write(self.fd, text.encode())


def try_out(tap, name, body, *args):
    """One result: good, and True returned, if body() returns without an exception and not False."""
    try:
        good, why = body(*args) is not False, []
    except (Ended, AssertionError, ValueError, OSError) as error:
        good, why = False, [str(error)]
    tap.ok(good, name, why)
    return good


def scratch_file(name, data):
    path = os.path.join(SCRATCH, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def archive(name, **files):
    """archive_of() for short paths. Underscores in a path stand for slashes."""
    return archive_of(name, {path.replace("_", "/"): data for path, data in files.items()})


def archive_of(name, wanted):
    """A newc archive of the default image's files with @wanted (path to bytes) instead of or
    beside them; a path whose bytes are None is left out."""
    with open(INITRAMFS, "rb") as f:
        rest = f.read()
    out = b""
    while rest:
        size, name_size = int(rest[54:62], 16), int(rest[94:102], 16)
        path = rest[110:110 + name_size - 1].decode()
        body = (110 + name_size + 3) & ~3
        end = (body + size + 3) & ~3
        if path == "TRAILER!!!":
            break
        if path not in wanted:
            out += rest[:end]
        rest = rest[end:]
    for path, data in wanted.items():
        if data is not None:
            out += newc_entry(path, data)
    return scratch_file(name, out + newc_entry("TRAILER!!!", b""))


def libraries(path):
    """Where ldd finds what the program @path needs, the dynamic linker with it."""
    out = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True).stdout
    return {word for word in out.split() if word.startswith("/") and os.path.exists(word)}


def with_libraries(paths):
    """Names in the archive and contents of @paths and of what those of them in ELF need."""
    wanted = set(paths)
    for path in paths:
        with open(path, "rb") as f:
            if f.read(4) == b"\x7fELF":
                wanted |= libraries(path)
    files = {}
    for path in wanted:
        with open(path, "rb") as f:
            files[path.lstrip("/")] = f.read()
    return files


def newc_entry(path, data):
    mode = 0o100755 if path != "TRAILER!!!" else 0
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + path.encode() + b"\0"
    head += b"\0" * (-len(head) % 4)
    return head + data + b"\0" * (-len(data) % 4)


def esp_image(name, initramfs=INITRAMFS, append="console=ttyS0", drop=(), replace=None):
    """A disk image for UEFI; then paths in @drop are removed, and those in @replace replaced."""
    path = os.path.join(SCRATCH, name)
    loader = os.path.join(BUILD, "efi/BOOTX64.EFI")
    subprocess.run(["boot/mkesp", path, loader, KERNEL, initramfs, append], check=True)
    for victim in drop:
        subprocess.run(["mdel", "-i", path, "::" + victim], check=True)
    for victim, source in (replace or {}).items():
        subprocess.run(["mcopy", "-D", "o", "-i", path, source, "::" + victim], check=True)
    return path
