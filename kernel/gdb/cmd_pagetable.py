"""cmd_pagetable.py - av pt: one address through the levels, or all that is mapped, in ranges."""
import gdb

from command import Command, Hex, number, pid_of
from kernel import area_at, area_text, chosen_mm, file_page, rights, special_frame, vm_flag_words
from layout import const
from pagetable import (LEVEL_NAMES, USER_END, bit, disagreements, is_swap, leaf_words, leaves,
                       pgd_of, pte_pfn, pte_present, pte_special, swap_of, table_words)
from swap import split
from target import PAGE_SHIFT, TABLE_LEVELS, target

KERNEL_HALF = 0xffff << 48


def half(addr):
    """The address with the upper bits that the processor wants."""
    return addr | KERNEL_HALF if addr & USER_END else addr


class Pt(Command):
    """Show the way of an address through the page tables: av pt ADDR [PID]
Show what is mapped, folded into ranges: av pt -tree [PID]

For an address: the entry of each level with its flags in words; what the area there allows; and
a line with !!! where the two disagree. Swap and migration entries are decoded.

For -tree: ranges that continue each other, with their rights (X: executable), what they are
(frames, the zero page, swapped out), and how many pages. -kernel shows the kernel's half instead.
Without a PID: of what the selected processor runs."""
    name = "pt"
    options = ("tree", "kernel")
    completes = "expression pid"

    def data(self, args, options):
        if options.get("tree"):
            if len(args) > (not options.get("kernel")):
                self.usage()
            return {"ranges": ranges(args, options)}
        if not 1 <= len(args) <= 2:
            self.usage()
        addr = number(args[0])
        user = addr < USER_END
        if not user and addr < half(USER_END):
            raise gdb.GdbError("av pt: %#x is no address: its upper 17 bits differ" % addr)
        mm = chosen_mm(pid_of(args[1]) if len(args) == 2 else None) if user else None
        if not user:
            target.to_phys(const("KERNEL_BASE"))	# finds the kernel's tables
        pgd = pgd_of(mm) if user else target.kernel_pgd
        return one_address(addr, pgd, mm)

    def text(self, data):
        if "ranges" in data:
            yield from tree_text(data["ranges"])
            return
        for level in data["levels"]:
            yield "%s[%3d] in table at %#x: %#018x  %s" % (
                level["level"], level["index"], level["table"], level["entry"], level["words"])
        if data["frame"] is not None:
            yield "%#x is frame %#x, physical address %#x" % (data["address"], data["frame"],
                                                              data["physical"])
        elif data["stops"]:
            yield "%#x: no table below this level" % data["address"]
        if data["area"]:
            yield "area %s, flags %s" % (data["area"], " ".join(data["area_flags"]))
        elif data["user"]:
            yield "no area is there"
        if data["file_page"]:
            yield "the file's page: " + data["file_page"]
        for wrong in data["disagree"]:
            yield "!!! entry and area disagree: " + wrong


def one_address(addr, pgd, mm):
    levels, entry, shift = [], 0, None
    for shift, table, index, entry in target.walk(pgd, addr):
        is_leaf = shift == PAGE_SHIFT or entry & const("PAGE_PSE") and shift < TABLE_LEVELS[0]
        levels.append({"level": LEVEL_NAMES[shift], "index": index, "table": Hex(table),
                       "entry": Hex(entry),
                       "words": leaf_words(entry) if is_leaf else table_words(entry)})
    phys = None
    if entry and is_leaf and pte_present(entry):
        inside = (1 << shift) - 1
        phys = entry & const("PTE_PFN_MASK") & ~inside | addr & inside
    data = {"address": Hex(addr), "user": mm is not None, "levels": levels,
            "frame": None if phys is None else Hex(phys >> PAGE_SHIFT),
            "physical": None if phys is None else Hex(phys),
            "stops": not entry and shift != PAGE_SHIFT, "swap": None,
            "area": None, "area_flags": [], "file_page": None, "disagree": []}
    if is_leaf and is_swap(entry):
        data["swap"] = dict(zip(("type", "offset"), swap_of(entry)))
    if mm:
        vma = area_at(mm, addr)
        if vma:
            data["area"], data["area_flags"] = area_text(vma), vm_flag_words(vma.vm_flags)
            data["file_page"] = in_file(vma, addr)
        data["disagree"] = disagreements(entry if is_leaf else 0, vma)
    return data


def in_file(vma, addr):
    """Where the file's page for the address is, in words; None if no file is behind the area."""
    if not vma.vm_file:
        return None
    known = file_page(vma, addr)
    if known is None:
        return "not in the page cache"
    return "frame %#x" % known[1] if known[0] == "frame" else \
        "swapped out to area %d, slot %d" % split(known[1])


# ---- everything

def letters(entry):
    if not pte_present(entry):
        return "----"
    return "".join(letter if on else "-" for letter, on in (
        ("r", bit(entry, "PRESENT")), ("w", bit(entry, "RW")), ("x", not bit(entry, "NX")),
        ("u", bit(entry, "PRESENT") and bit(entry, "USER"))))


def kind_of(entry):
    if not pte_present(entry):
        return "swap"
    if not bit(entry, "PRESENT"):
        return "hidden"
    return special_frame(pte_pfn(entry)) if pte_special(entry) else "frames"


class Range:
    """Leaves that continue each other: the same rights, kind and size."""

    def __init__(self, addr, shift, entry):
        self.start = self.end = addr
        self.key = letters(entry), kind_of(entry), shift, bit(entry, "GLOBAL")
        self.first = entry
        self.dirty = self.accessed = self.pages = 0
        self.add(shift, entry)

    def takes(self, addr, shift, entry):
        return addr == self.end and self.key == (letters(entry), kind_of(entry), shift,
                                                 bit(entry, "GLOBAL"))

    def add(self, shift, entry):
        self.end += 1 << shift
        self.pages += 1
        if pte_present(entry):
            self.dirty += bit(entry, "DIRTY")
            self.accessed += bit(entry, "ACCESSED")

    def data(self, mm):
        vma = area_at(mm, self.start) if mm else None
        return {"start": Hex(half(self.start)), "end": Hex(half(self.end - 1) + 1),
                "rights": self.key[0], "kind": self.key[1],
                "size": {12: "4K", 21: "2M", 30: "1G"}[self.key[2]],
                "pages": self.pages, "accessed": self.accessed, "dirty": self.dirty,
                "first_frame": Hex(pte_pfn(self.first)) if self.key[1] == "frames" else None,
                "area": rights(vma) if vma else None}


def ranges(args, options):
    if options.get("kernel"):
        target.to_phys(const("KERNEL_BASE"))
        found, mm = leaves(target.kernel_pgd, USER_END, 1 << 48), None
    else:
        mm = chosen_mm(pid_of(args[0]) if args else None)
        found = leaves(pgd_of(mm))
    out = []
    for addr, shift, entry in found:
        if out and out[-1].takes(addr, shift, entry):
            out[-1].add(shift, entry)
        else:
            out.append(Range(addr, shift, entry))
    return [one.data(mm) for one in out]


def tree_text(found):
    for r in found:
        what = r["kind"]
        if r["first_frame"] is not None:
            what += " from %#x" % r["first_frame"]
        yield "%016x-%016x %s %6d x %s %s%s%s" % (
            r["start"], r["end"], r["rights"].replace("x", "X"), r["pages"], r["size"], what,
            ", area %s" % r["area"] if r["area"] else "",
            ", %d accessed, %d dirty" % (r["accessed"], r["dirty"]) if r["area"] else "")


def register():
    Pt()
