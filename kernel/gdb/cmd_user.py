"""cmd_user.py - user programs: their symbols, and breakpoints in them.

A program's file is taken from the machine itself, out of the page cache: so the symbols are those
of what really runs, and a dump has them, too. They are loaded when a process executes a program
that has any. Static programs all lie at the same addresses; gdb therefore knows one program of
those at a time: the last that was executed, stopped in by one of these breakpoints, or asked for
with av symbols or av bt.

Breakpoints are hardware breakpoints, which need nothing written into the program's memory, at an
address: every process has something there. They stop only in the process asked for, while it is in
the program that the address is of.

Holds:  files of programs are in a folder of our own that goes with gdb.
Read:   README.md, "User programs"."""
import atexit
import os
import shutil
import struct
import tempfile

import gdb

from command import Command, Hex, number, pid_of
from kernel import chosen_task, current, pfn_of, tasks
from layout import View
from target import ERRORS, PAGE_SIZE, NotThere, NotYet, session, target
from walk import radix_lookup

AT_ENTRY = 9
MAX_FILE = 64 << 20
SYMTAB = 2			# a section's type


class Program:
    """An ELF file in the machine's page cache."""

    def __init__(self, inode):
        self.inode, self.size, self.pages, self.key = inode, inode.i_size, {}, None
        head = self.read(0, 64)
        if head[:4] != b"\x7fELF" or self.size > MAX_FILE:
            raise gdb.GdbError("av: the program is no ELF file")
        self.entry, = struct.unpack_from("<Q", head, 24)
        self.table, = struct.unpack_from("<Q", head, 40)
        self.count, = struct.unpack_from("<H", head, 60)

    def read(self, at, size):
        out, size = b"", min(size, self.size - at)
        while size > 0:
            offset = at % PAGE_SIZE
            part = min(size, PAGE_SIZE - offset)
            out += self.page(at // PAGE_SIZE)[offset:offset + part]
            at += part
            size -= part
        return out

    def page(self, index):
        if index not in self.pages:
            at = radix_lookup(self.inode.i_data.i_pages, index)
            if not at or at & 1:
                raise NotThere("av: page %d of the program's file is not in memory" % index)
            self.pages[index] = target.phys(pfn_of(View(at, "page")) * PAGE_SIZE, PAGE_SIZE)
        return self.pages[index]

    def sections(self):
        for i in range(self.count):
            yield struct.unpack("<2I4Q2I2Q", self.read(self.table + i * 64, 64))

    def has_symbols(self):
        return any(section[1] == SYMTAB for section in self.sections())

    def symbols(self):
        """(name, value) of all functions and objects."""
        headers = list(self.sections())
        for section in headers:
            if section[1] != SYMTAB:
                continue
            strings = self.read(headers[section[6]][4], headers[section[6]][5])
            data = self.read(section[4], section[5])
            for name, _, _, index, value, _ in struct.iter_unpack("<IBBHQQ", data):
                if index:
                    yield strings[name:strings.index(b"\0", name)].decode(), value


class Symbols:
    """What gdb has loaded of programs."""

    def __init__(self):
        self.folder, self.loaded = None, {}	# inode's address: (path, bias)
        self.programs = {}

    def path(self, name):
        if self.folder is None:
            self.folder = tempfile.mkdtemp(prefix="avocet-symbols.")
            atexit.register(shutil.rmtree, self.folder, True)
        return os.path.join(self.folder, name.replace("/", "_"))

    def program_of(self, task):
        mm = task.to("mm")
        exe = mm.to("exe_file") if mm else None
        if exe is None:
            raise gdb.GdbError("av: task %d (%s) has no program" % (task.pid, task.comm))
        inode = exe.to("f_inode")
        known, key = self.programs.get(inode.addr), self.identity(inode)
        if known is None or known.key != key:
            known = self.programs[inode.addr] = Program(inode)
            known.key = key
            if inode.addr in self.loaded:	# another file was there before
                self.unload(inode.addr)
        return known, self.bias(mm, known)

    @staticmethod
    def identity(inode):
        return inode.i_ino, inode.i_size, inode.i_mtime

    @staticmethod
    def bias(mm, program):
        vector = mm.saved_auxv
        for key, value in zip(vector[::2], vector[1::2]):
            if key == AT_ENTRY:
                return value - program.entry
        return 0

    def load(self, task):
        """Make gdb know the task's program; False if that has no symbols."""
        program, bias = self.program_of(task)
        if not program.has_symbols():
            return False
        key = program.inode.addr
        if self.loaded.get(key, (None, None))[1] == bias:
            return True
        for other in list(self.loaded):
            self.unload(other)
        path = self.path("%s-%x" % (task.comm, key))
        with open(path, "wb") as file:
            file.write(program.read(0, program.size))
        quiet("add-symbol-file %s -o %#x" % (path, bias))
        self.loaded[key] = path, bias
        return True

    def know(self, task):
        """load(), and False as well if the program's file is not in memory."""
        try:
            return self.load(task)
        except ERRORS:
            return False

    def unload(self, key):
        path, _ = self.loaded.pop(key)
        for objfile in gdb.objfiles():
            if objfile.filename == path:
                quiet("remove-symbol-file %s" % path)


def quiet(command):
    """Without gdb's questions and without what it says."""
    confirm = gdb.parameter("confirm")
    gdb.execute("set confirm off")
    try:
        return gdb.execute(command, to_string=True)
    finally:
        gdb.execute("set confirm " + ("on" if confirm else "off"))


symbols = Symbols()


# ---- when a program is executed

class ExecHook(gdb.Breakpoint):
    """Where exec has given the task its new memory: kernel/proc/exec.c, commit()."""

    def __init__(self):
        super().__init__("-function start_thread", internal=True)
        self.silent = True

    def stop(self):
        try:
            with session(only_selected=True):
                task = current()
                if symbols.load(task):
                    self.add_pending(task)
        except ERRORS as error:
            gdb.write("av: symbols of a program: %s\n" % error)
        return False

    @staticmethod
    def add_pending(task):
        for one in [p for p in pending if p[0] == task.comm]:
            pending.remove(one)
            try:
                UserBreakpoint(resolve(task, one[1]), task, True)
            except ERRORS as error:
                gdb.write("%s\n" % error)


pending = []			# (name, location): no such program runs yet


# ---- breakpoints

def resolve(task, location):
    """The address of a place in the task's program."""
    if location.startswith("*"):
        return number(location[1:])
    program, bias = symbols.program_of(task)
    try:
        _, places = gdb.decode_line(location)
        for place in places or ():
            objfile = place.symtab.objfile.filename if place.symtab else None
            if objfile in [path for path, _ in symbols.loaded.values()]:
                return place.pc
    except ERRORS:
        pass
    for name, value in program.symbols():
        if name == location:
            return value + bias
    raise gdb.GdbError("av break-user: %s has no place %s" % (task.comm, location))


class UserBreakpoint(gdb.Breakpoint):
    """Stops where one process, or every process of one name, comes to an address of @task's
    program. Before gdb says so, it gets the symbols of that."""

    def __init__(self, address, task, by_name):
        self.pid, self.wanted = (None, task.comm) if by_name else (task.tgid, None)
        self.file = self.file_of(task)
        super().__init__("*%#x" % address, type=gdb.BP_HARDWARE_BREAKPOINT)

    @staticmethod
    def file_of(task):
        mm = task.to("mm")
        exe = mm.to("exe_file") if mm else None
        return exe.f_inode if exe else None

    def stop(self):
        try:
            with session(only_selected=True):
                task = current()
                if task is None or self.file_of(task) != self.file or \
                        self.pid not in (None, task.tgid) or self.wanted not in (None, task.comm):
                    return False
                symbols.load(task)
        except ERRORS as error:
            gdb.write("av: %s\n" % error)
        return True


def find_user(who):
    """The task of a PID, or the first of a name; None."""
    if who.isdigit():
        return chosen_task(pid_of(who))
    try:
        return next((task for task in tasks() if task.comm == who and task.mm), None)
    except NotYet:
        return None


class BreakUser(Command):
    """Stop in a user program: av break-user PID|NAME LOCATION

LOCATION is a function, FILE:LINE (for a program built with -g), or *ADDRESS. By a PID it stops in
that process; by a NAME in all that have it, also in one that is started later. delete and disable
work as on any breakpoint."""
    name = "break-user"
    completes = "pid location"

    def data(self, args, options):
        if len(args) != 2:
            self.usage()
        who, location = args
        task = find_user(who)
        if task is None:
            pending.append((who, location))
            return {"breakpoint": None, "who": who, "location": location, "address": None}
        if not symbols.load(task) and not location.startswith("*"):
            raise gdb.GdbError("av break-user: %s has no symbols; say *ADDRESS" % task.comm)
        address = resolve(task, location)
        made = UserBreakpoint(address, task, not who.isdigit())
        return {"breakpoint": made.number, "who": who, "location": location,
                "address": Hex(address)}

    def text(self, data):
        if data["breakpoint"] is None:
            yield "no process is called %s yet; it will be set when one is" % data["who"]
        else:
            yield "breakpoint %d in %s: %s is %s" % (data["breakpoint"], data["who"],
                                                     data["location"], data["address"])


class SymbolsCommand(Command):
    """Load the symbols of a user program: av symbols [PID|NAME]

They come out of the machine's page cache. Programs that have symbols are loaded by themselves when
a process executes them."""
    name = "symbols"
    completes = "pid"

    def data(self, args, options):
        task = find_user(args[0]) if args else chosen_task()
        if task is None:
            raise gdb.GdbError("av symbols: no process is called %s" % args[0])
        good = symbols.load(task)
        return {"pid": task.pid, "comm": task.comm, "symbols": good}

    def text(self, data):
        yield "%d (%s): %s" % (data["pid"], data["comm"], "symbols are loaded"
                               if data["symbols"] else "the program has no symbols")


def register():
    BreakUser()
    SymbolsCommand()
    ExecHook()
