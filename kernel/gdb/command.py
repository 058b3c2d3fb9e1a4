"""command.py - what all av commands share: options, JSON, completion, the argument X.

A command's data() makes plain lists and dictionaries of what it found, and text() makes lines of
those; -json prints them as they are. In both, an address is a Hex: JSON has it as a string, since
its numbers end at 2^53.

Read:   avocet.py, which registers the commands."""
import json
import re

import gdb

from kernel import (chosen_mm, frame, is_frame, memory_ranges, pfn_of, tasks)
from layout import const, struct
from pagetable import leaf, leaf_words, maps_frame, pte_pfn
from target import ERRORS, NotThere, PAGE_SHIFT, session, target


class Hex(int):
    """A number that is told in hexadecimal."""

    def __str__(self):
        return "%#x" % self

    __format__ = lambda self, spec: format(int(self), spec) if spec else str(self)


def jsonable(value):
    if isinstance(value, Hex):
        return str(value)
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    return value


def words_of(text):
    return gdb.string_to_argv(text)


# What Python says to memory that makes no sense: NULL where the kernel never has it, or a number
# that is too large.
NONSENSE = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError,
            ValueError)


class Command(gdb.Command):
    """`av NAME ARGUMENTS`. Subclasses have: name, options (without the dash; those that take a
    value end in =), completes (a word for each argument: "pid", "expression", "location" or
    another), data(), text()."""
    name = ""
    options = ()
    completes = ""

    def __init__(self):
        self.__doc__ = self.__doc__ + "\n\nWith -json: the same as JSON."
        super().__init__("av " + self.name, gdb.COMMAND_DATA)
        registered[self.name] = self

    def invoke(self, text, from_tty):
        self.dont_repeat()
        args, options = self.parse(words_of(text))
        try:
            with session():
                data = self.data(args, options)
                if options.get("json"):
                    lines = [json.dumps(jsonable(data), indent=1)]
                else:
                    lines = list(self.text(data))
        except (gdb.error, *NONSENSE) as error:
            if gdb.parameter("python print-stack") == "full":
                raise
            raise gdb.GdbError("av %s: %s" % (self.name, self.one_line(error)))
        gdb.write("".join(line + "\n" for line in lines))

    @staticmethod
    def one_line(error):
        text = " ".join(str(error).split())
        return text if isinstance(error, gdb.error) else \
            "memory makes no sense here (%s: %s); set python print-stack full tells where" % (
                type(error).__name__, text)

    def parse(self, words):
        args, options = [], {}
        takes = {option.rstrip("=") for option in self.options if option.endswith("=")}
        known = {option.rstrip("=") for option in self.options} | {"json"}
        while words:
            word = words.pop(0)
            if not re.match(r"-[a-z]", word):
                args.append(word)
                continue
            option = word[1:]
            if option not in known:
                raise gdb.GdbError("av %s: there is no option %s; see: help av %s" %
                                   (self.name, word, self.name))
            if option in takes and (not words or words[0].startswith("-")):
                raise gdb.GdbError("av %s: %s wants a value" % (self.name, word))
            options[option] = words.pop(0) if option in takes else True
        if len(args) > len(self.completes.split()):
            raise gdb.GdbError("av %s: %s is too much; see: help av %s" % (
                self.name, args[len(self.completes.split())], self.name))
        return args, options

    def complete(self, text, word):
        """gdb 16 and later ask twice; the first time, with None for the word, it is about what may
        end one."""
        return self.completions(text, text.rsplit(" ", 1)[-1] if word is None else word)

    def completions(self, text, word):
        if text.rsplit(" ", 1)[-1].startswith("-"):
            # gdb takes the word to begin behind the dash
            return [o.rstrip("=") for o in sorted((*self.options, "json")) if o.startswith(word)]
        wanted = self.completes.split()
        position = len(text[:len(text) - len(word)].split())
        kind = wanted[min(position, len(wanted) - 1)] if wanted else ""
        if kind == "pid":
            return self.complete_pid(word)
        if kind == "expression":
            return gdb.COMPLETE_EXPRESSION
        if kind == "location":
            return gdb.COMPLETE_LOCATION
        return gdb.COMPLETE_NONE

    @staticmethod
    def complete_pid(word):
        try:
            with session():
                return [str(task.pid) for task in tasks() if str(task.pid).startswith(word)]
        except ERRORS:
            return gdb.COMPLETE_NONE

    def usage(self):
        raise gdb.GdbError("av %s: see: help av %s" % (self.name, self.name))


registered = {}


# ---- arguments

def number(text):
    """The value of an expression, as an unsigned number. gdb's own view of memory is needed for
    one that reads it, and so PhyMemMode is off meanwhile."""
    return typed(text)[0]


def typed(text):
    """(value, gdb's type) of an expression."""
    if re.fullmatch(r"(0x[0-9a-fA-F]+|0|[1-9][0-9]*)", text):
        if int(text, 0) >> 64:
            raise gdb.GdbError("av: %s has more than 64 bits" % text)
        return int(text, 0), None
    if target.depth:
        target.backend.stop()
    try:
        value = gdb.parse_and_eval(text)
        type_ = value.type.strip_typedefs()
        if type_.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_ARRAY):
            return int(value.address) & (1 << 64) - 1, type_
        return int(value) & (1 << 64) - 1, type_
    except gdb.error as error:
        raise gdb.GdbError("av: %s: %s" % (text, error))
    finally:
        if target.depth:
            target.backend.start()


def pid_of(text):
    if not (text.isascii() and text.isdigit()):
        raise gdb.GdbError("av: %s is no PID" % text)
    return int(text)


def points_to(type_, *names):
    """@type_ is a pointer to one of these structures, or one of them."""
    if type_ is None:
        return False
    if type_.code == gdb.TYPE_CODE_PTR:
        type_ = type_.target().strip_typedefs()
    return str(type_.unqualified()).replace("const ", "").replace("volatile ", "") in [
        "struct " + name for name in names]


class Page:
    """What X means: a frame, and how it was named."""

    def __init__(self, pfn, mm=None, addr=None, entry=None):
        self.pfn, self.mm, self.addr, self.entry = pfn, mm, addr, entry
        self.page = frame(pfn) if pfn is not None else None


def page_of(args):
    """X [PID]: see help av page."""
    if not 1 <= len(args) <= 2:
        raise gdb.GdbError("av: X [PID] is wanted; see: help av page")
    text = args[0]
    if len(args) == 2:
        return user_page(number(text), chosen_mm(pid_of(args[1])))
    kind, colon, rest = text.partition(":")
    if colon and kind in ("pfn", "phys"):
        value = number(rest)
        return existing(value if kind == "pfn" else value >> PAGE_SHIFT)
    value, type_ = typed(text)
    if points_to(type_, "page", "folio"):
        return page_at(value)
    return untyped_page(value)


def untyped_page(value):
    vmemmap, end = const("VMEMMAP_BASE"), max(last for _, last in memory_ranges())
    if value >> 47 == 0x1ffff:
        if vmemmap <= value < vmemmap + end * struct("page").size:
            return page_at(value)
        return existing(target.to_phys(value) >> PAGE_SHIFT)
    if value < end:
        return existing(value)
    if value < end << PAGE_SHIFT:
        return existing(value >> PAGE_SHIFT)
    return user_page(value, chosen_mm())


def page_at(addr):
    index, rest = divmod(addr - const("VMEMMAP_BASE"), struct("page").size)
    if rest:
        raise gdb.GdbError("av: %#x is no struct page" % addr)
    return existing(index)


def existing(pfn):
    if not is_frame(pfn):
        raise gdb.GdbError("av: no frame of memory has the number %#x" % pfn)
    return Page(pfn)


def user_page(addr, mm):
    if addr >= const("TASK_SIZE"):
        raise gdb.GdbError("av: %#x is no address of a user program" % addr)
    entry = leaf(mm, addr)
    if not entry or not (maps_frame(entry) or entry & const("PAGE_SPECIAL")):
        return Page(None, mm, addr, entry)
    return Page(pte_pfn(entry), mm, addr, entry)


def absent_reason(where):
    if where.entry is None:
        return "there is no page table for %#x" % where.addr
    return "%#x: %s" % (where.addr, leaf_words(where.entry))


def frame_number(where):
    if where.pfn is None:
        raise NotThere("av: " + absent_reason(where))
    return pfn_of(where.page)
