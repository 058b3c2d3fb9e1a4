"""cmd_tour.py - av tour: runs one of the tours of tours.py.
The machine was started with the tour's program as process 1 (make tour does that).
Holds:  a tour that does not come through every step, in order, is an error: so the tests notice
        when a function goes, or is not reached any more.
Read:   tours.py for what is told; user/demo/tour.c for the program."""
import linecache
import re
import textwrap

import gdb

from cmd_page import describe
from cmd_rmap import anon_vma_data, rmap
from cmd_user import symbols
from command import Command
from kernel import Users, area_at, area_text, current, frame, tasks
from layout import View
from pagetable import (is_swap, leaf, leaf_words, maps_frame, pte_pfn, pte_special, swap_of)
from swap import slot_facts, slot_text
from target import ERRORS, PAGE_SIZE, NotYet, session, target
from tours import TOURS, Mark
from walk import list_length

PROGRAM = "tour"
WIDTH = 96
SOURCE_LINES = 3	# before and behind the one that gdb has stopped in
PROMPT = "-- Enter: go on; b: the step before once more; q: end; or a command of gdb: "


class Lost(gdb.GdbError):
    """A step was not reached, or cannot be."""


# ---- where the program is

class ProgramBreakpoint(gdb.Breakpoint):
    """In tour_mark_word() of the program; its arguments say where the tour is."""

    def __init__(self, address):
        super().__init__("*%#x" % address, type=gdb.BP_HARDWARE_BREAKPOINT, internal=True)
        self.silent = True
        self.hit = None

    def stop(self):
        regs = gdb.newest_frame()
        what, where = (int(regs.read_register(name)) for name in ("rdi", "rsi"))
        with session(only_selected=True):
            task = current()
            if task.comm != PROGRAM:
                return False
        word = (what & (1 << 64) - 1).to_bytes(8, "little")
        self.hit = word.rstrip(b"\0").decode("ascii", "replace"), where & ~(PAGE_SIZE - 1)
        return True


class ProgramStarts(gdb.Breakpoint):
    """exec has given process 1 its first memory: the program's, if this is a tour's machine."""

    def __init__(self):
        super().__init__("-function start_thread", internal=True)
        self.silent = True
        self.mark = None

    def stop(self):
        with session(only_selected=True):
            task = current()
            if task.comm == PROGRAM:
                program, bias = symbols.program_of(task)
                self.mark = dict(program.symbols())["tour_mark_word"] + bias
        return True


class MachineEnds(gdb.Breakpoint):
    """The machine has panicked, or process 1 has ended, which is the same."""

    def __init__(self):
        super().__init__("-function halt_forever", internal=True)
        self.silent = True


# ---- where a function is

def functions_around(block):
    """The functions that the code of a block is of: those inlined there, then the one that has it
    all."""
    while block and not block.is_static and not block.is_global:
        if block.function:
            yield block.function
        block = block.superblock


def find_function(name):
    """(symbol, [where to stop]): at its first instruction; or, where the compiler has put it into
    its callers, at every statement of it, of which the first one reached counts."""
    try:
        places = gdb.decode_line(name)[1] or ()
    except gdb.error:
        raise Lost("av tour: the kernel has no function %s" % name)
    symbol = own_symbol(name)
    spots = ["-function " + name] if symbol else []
    files = {one.symtab.filename: one.symtab for one in written_in(places, name)}
    for symtab in files.values():
        for line in symtab.linetable():
            around = list(functions_around(gdb.block_for_pc(line.pc)))
            inlined = [one for one in around[:-1] if one.name == name]
            if inlined:
                symbol = symbol or inlined[0]
                spots.append("*%#x" % line.pc)
    return symbol, sorted(set(spots))


def written_in(places, name):
    """The function itself: @places may be of another that is inlined at its beginning."""
    for place in places:
        for function in functions_around(gdb.block_for_pc(place.pc)):
            if function.name == name:
                yield function
                break


def frame_of(name):
    """The frame of the function @name. The newest one may be of a function that is inlined where
    gdb has stopped in it."""
    frame = newest = gdb.newest_frame()
    while frame.type() == gdb.INLINE_FRAME and frame.name() != name:
        frame = frame.older()
    return frame if frame.name() == name else newest


class StopBreakpoint(gdb.Breakpoint):
    """One spot of a step's function, when the program is there for the tour's page; any task, if
    the step is anybody's."""

    def __init__(self, spot, run, step):
        super().__init__(spot, internal=True)
        self.silent = True
        self.run, self.step = run, step

    def stop(self):
        step, run = self.step, self.run
        if not step.anybody and not self.is_ours():
            return False
        if step.when and not self.holds(run.condition(step)):
            return False
        run.reached = True
        return True

    def is_ours(self):
        with session(only_selected=True):
            task = current()
            regs = next(iter(target.registers.values()))
            if task is None or task.comm != PROGRAM:
                return False
            return not self.step.fault or regs["cr2"] & ~(PAGE_SIZE - 1) == self.run.page

    def holds(self, text):
        frame_of(self.step.function).select()
        try:
            return bool(gdb.parse_and_eval(text))
        except gdb.error as error:
            if "optimized out" in str(error):
                return True	# the compiler has left nothing to go by
            gdb.write("av tour: %s: %s\n" % (text, error))
            return False


class AnybodysBreakpoint(gdb.Breakpoint):
    """The same for a step that any task may take. It is passed very often for other pages, so gdb
    itself looks at the condition, which is quicker."""

    def __init__(self, spot):
        super().__init__(spot, internal=True)
        self.silent = True


def breakpoint_at(spot, run, step):
    """gdb cannot look itself where another function is inlined: it takes that one's variables."""
    if step.anybody:
        quick = AnybodysBreakpoint(spot)
        try:
            quick.condition = run.condition(step)
            return quick
        except gdb.error:
            quick.delete()
    return StopBreakpoint(spot, run, step)


def innermost(pc):
    """The name of the function that the code at @pc is written in."""
    return next((one.name for one in functions_around(gdb.block_for_pc(pc))), None)


def own_symbol(name):
    """The symbol of a function that has code of its own, or None."""
    return gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)


def line_here(name, symtab):
    """The line of the function @name where gdb has stopped; its first one, if what is inlined there
    comes before all else. None if it has none."""
    symbol, pc = own_symbol(name), gdb.selected_frame().pc()
    begin = symbol.line if symbol else 1
    here = gdb.find_pc_line(pc)
    if here.symtab == symtab and here.line >= begin and innermost(pc) == name:
        return here.line
    return min((line.line for line in symtab.linetable()
                if line.line >= begin and innermost(line.pc) == name), default=None)


def written_at(name, symtab):
    """The line where the source has @name, of which nothing is left but what is inlined in it."""
    for number, line in enumerate(linecache.getlines(symtab.fullname()), 1):
        if re.match(r"\w.*\b%s\(" % name, line) and not line.rstrip().endswith(";"):
            return number
    return None


def source_lines(name, symtab):
    """The lines around the place where gdb has stopped, none if the file is not there."""
    here = line_here(name, symtab) or written_at(name, symtab)
    first = max(here - SOURCE_LINES, 1) if here else 1
    lines = linecache.getlines(symtab.fullname())[first - 1:here + SOURCE_LINES] if here else ()
    for number, line in enumerate(lines, first):
        yield "   %s%5d  %s" % (">" if number == here else " ", number, line.rstrip().expandtabs())


# ---- a tour

class Run:
    """One tour under way."""

    def __init__(self, tour, auto):
        self.tour, self.auto = tour, auto
        self.page = self.folio = self.shown = 0
        self.told = []
        self.mm = self.symbol = self.program = None
        self.reached = False

    def go(self, title):
        ends = MachineEnds()
        try:
            self.start()
            gdb.write(title)
            for step in self.tour.steps:
                if isinstance(step, Mark):
                    self.to_mark(step)
                else:
                    self.to_stop(step)
                self.tell(step)
        finally:
            if self.program:
                self.program.delete()
            ends.delete()

    def start(self):
        if has_booted():
            raise Lost("av tour: this machine runs already; a tour begins with: make tour T=NAME")
        starts = ProgramStarts()
        try:
            resume()
        finally:
            starts.delete()
        if starts.mark is None:
            raise Lost("av tour: this machine does not run the tour's program; say: make tour "
                       "T=NAME")
        self.program = ProgramBreakpoint(starts.mark)

    def to_mark(self, step):
        self.program.hit = None
        resume()
        if self.program.hit is None or self.program.hit[0] != step.name:
            raise Lost("av tour: the program did not come to its mark \"%s\"" % step.name)
        self.page = self.program.hit[1]
        with session():
            self.mm = current().to("mm")
            self.folio = self.frame_here()

    def frame_here(self):
        """The struct page behind the tour's page, 0 if there is none."""
        entry = leaf(self.mm, self.page)
        return frame(pte_pfn(entry)).addr if entry and maps_frame(entry) else 0

    def to_stop(self, step):
        self.program.hit, self.reached = None, False
        self.symbol, spots = find_function(step.function)
        there = [breakpoint_at(spot, self, step) for spot in spots]
        try:
            resume()
            self.reached |= any(one.hit_count for one in there
                                if isinstance(one, AnybodysBreakpoint))
        finally:
            for one in there:
                one.delete()
        if not self.reached:
            at = "mark \"%s\"" % self.program.hit[0] if self.program.hit else "another place"
            raise Lost("av tour: %s was not reached; the program is at %s" % (step.function, at))
        frame_of(step.function).select()

    def condition(self, step):
        return step.when.format(page="%#xUL" % self.page,
                                folio="(struct folio *)%#xUL" % self.folio)

    def tell(self, step):
        self.told.append("".join(line + "\n" for line in self.text_of(step)))
        self.shown = len(self.told) - 1
        gdb.write(self.told[-1])
        gdb.flush()
        self.wait()

    def text_of(self, step):
        yield "\n%d of %d. %s" % (len(self.told) + 1, len(self.tour.steps), self.heading(step))
        text = " ".join(step.say.split())
        if text:
            yield textwrap.fill(text, WIDTH, initial_indent="   ", subsequent_indent="   ")
        if not isinstance(step, Mark):
            yield from source_lines(step.function, self.symbol.symtab)
        with session():
            for what in step.show:
                for line in getattr(self, "show_" + what)(self.mm):
                    yield "     | %s" % line

    def tell_before(self):
        """Tell once more what stands before what was told last."""
        if not self.shown:
            gdb.write("av tour: this is the first step\n")
            return
        self.shown -= 1
        gdb.write(self.told[self.shown])

    def heading(self, step):
        with session():
            task = current()
            who = "%s %d" % ("process" if task.comm == PROGRAM else task.comm, task.pid)
        if isinstance(step, Mark):
            return "in the program, %s" % who
        # Of a function that is inlined gdb knows the line of the call only.
        line = ":%d" % self.symbol.line if own_symbol(step.function) else ""
        return "%s (%s%s), %s" % (step.function, self.symbol.symtab.filename, line, who)

    def wait(self):
        while not self.auto:
            try:
                line = input(PROMPT).strip()
            except EOFError:
                self.auto = True
                return
            if not line:
                return
            if line in ("q", "quit"):
                raise gdb.GdbError("the tour ends here")
            self.obey(line)

    def obey(self, line):
        if line in ("b", "back"):
            self.tell_before()
            return
        try:
            gdb.execute(line)
        except ERRORS as error:
            gdb.write("%s\n" % error)

    # ---- what is shown

    def show_area(self, mm):
        vma = area_at(mm, self.page)
        if vma is None:
            yield "area: none at %#x" % self.page
            return
        yield "area: %s" % area_text(vma)
        yield "      anon_vma %s, %d chains" % (
            "%#x" % vma.anon_vma if vma.anon_vma else "none",
            list_length(vma.at("anon_vma_chain")))

    def show_pt(self, mm):
        entry = leaf(mm, self.page)
        if entry is None:
            yield "entry: there is no page table for %#x" % self.page
            return
        mapped = ", frame %#x" % pte_pfn(entry) if entry and maps_frame(entry) else ""
        yield "entry: %s%s" % (leaf_words(entry), mapped)

    def page_here(self, mm):
        """The frame that the entry maps; after that is gone, the one that it mapped at the mark."""
        entry = leaf(mm, self.page)
        if entry and maps_frame(entry):
            return frame(pte_pfn(entry))
        if entry and pte_special(entry):
            return None
        return View(self.folio, "page") if self.folio else None

    def show_page(self, mm):
        page = self.page_here(mm)
        if page is None:
            yield "page: none"
            return
        facts = describe(page)
        yield "page: frame %s, mapcount %d, references %d, %s" % (
            facts["frame"], facts["mapcount"], facts["refcount"],
            " ".join(flag for flag in facts["flags"] if flag != "uptodate"))
        if facts["owner"]:
            yield "      %s, index %s" % (facts["owner"], facts["index"])

    def show_rmap(self, mm):
        page = self.page_here(mm)
        if page is None:
            return
        data = rmap(page)
        for visit in data["visits"]:
            yield "walk: %s at %s: %s" % (visit["users"], visit["address"], "maps it, " +
                                          visit["words"] if visit["maps"] else visit["why"] or
                                          visit["words"])
        yield "      found %d of %d" % (data["found"], data["mapcount"])

    def show_family(self, mm):
        vma = area_at(mm, self.page)
        anon_vma = vma.to("anon_vma") if vma else None
        if anon_vma is None:
            yield "anon_vma: none"
            return
        data = anon_vma_data(anon_vma, Users())
        yield "anon_vma %s, parent %s, %d areas in its tree:" % (
            data["anon_vma"], "itself" if data["parent"] == data["anon_vma"] else data["parent"],
            len(data["tree"]))
        for member in data["tree"]:
            yield "      %s %s" % (member["users"], member["area"])

    def show_slot(self, mm):
        entry = leaf(mm, self.page)
        if entry and is_swap(entry):
            yield from slot_text(slot_facts(*swap_of(entry)))
        elif self.page_here(mm) is not None:
            slot = describe(self.page_here(mm))["swap"]
            if slot:
                yield from slot_text(slot_facts(slot["type"], slot["offset"]))


def has_booted():
    """There is a process."""
    try:
        with session():
            return any(task.mm for task in tasks())
    except NotYet:
        return False


def resume():
    gdb.execute("continue", to_string=True)


class TourCommand(Command):
    """Take a tour: av tour [-auto] [NAME]
Tell the step before once more: av tour -back

Without a NAME: list them. `make tour T=NAME` starts a machine with the program that the tour is
about, and this command. At each step Enter goes on, b does the same as -back, and any command of
gdb may be typed. -back again goes one step further back; the machine stays where it is. -auto does
not wait."""
    name = "tour"
    options = ("auto", "back")
    last = None		# the tour that was begun last
    completes = "tour"

    def invoke(self, text, from_tty):
        args, options = self.parse(gdb.string_to_argv(text))
        if options.get("back"):
            self.go_back(args)
            return
        if not args or options.get("json"):
            super().invoke(text, from_tty)
            return
        if args[0] not in TOURS:
            raise gdb.GdbError("av tour: there is no tour %s; see: av tour" % args[0])
        tour = TOURS[args[0]]
        TourCommand.last = Run(tour, options.get("auto"))
        self.last.go("Tour %s: %s.\n" % (args[0], tour.title))
        gdb.write("\nTour %s: %d steps, all reached.\n" % (args[0], len(tour.steps)))

    def go_back(self, args):
        if args:
            self.usage()
        if not self.last or not self.last.told:
            raise gdb.GdbError("av tour: no tour was begun; see: help av tour")
        self.last.tell_before()

    def data(self, args, options):
        return {name: tour.title for name, tour in TOURS.items()}

    def text(self, data):
        for name, title in data.items():
            yield "%-8s %s" % (name, title)

    def completions(self, text, word):
        return [name for name in TOURS if name.startswith(word)]


def register():
    TourCommand()
