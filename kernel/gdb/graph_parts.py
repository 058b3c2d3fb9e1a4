"""graph_parts.py - what the pictures of av graph share, frames and slots with the entries that lead
to them; and the two pictures that need no more: of page tables, and of a swap slot.
Read:   picture.py for how it is drawn; cmd_graph.py for the command."""
import gdb

from cmd_page import describe
from cmd_swap import Swap
from command import number, pid_of
from kernel import area_at, area_text, chosen_mm, frame, is_frame
from layout import const
from pagetable import (LEVEL_NAMES, bit, is_swap, leaf_words, maps_frame, pgd_of, pte_pfn,
                       pte_present, swap_of, table_words)
from picture import READ_ONLY, SWAPPED, WRITABLE, YELLOW, GRAY, GREEN, Picture, Row
from swap import slot_facts, who_names
from target import PAGE_SHIFT, TABLE_LEVELS, target

COLORS = {"writable": WRITABLE, "read-only": READ_ONLY, "swap": SWAPPED}
SAID_OF_ALL = {"present", "accessed", "soft-dirty", "user"}
NEIGHBOURS = 2		# entries of a table that are shown on either side of the one in question


def entry_kind(entry):
    """What kind of edge a leaf's is."""
    if is_swap(entry):
        return "swap"
    return "writable" if bit(entry, "RW") else "read-only"


def short_words(entry):
    words = leaf_words(entry).replace(",", " ,").split()
    kept = " ".join(word for word in words if word not in SAID_OF_ALL)
    return kept.replace(" ,", ",").rstrip(",")


def entry_row(addr, entry):
    """The line in a node that stands for an entry; its edge begins at "pte"."""
    return Row("PTE %x: %s" % (addr, short_words(entry)), "pte", COLORS[entry_kind(entry)])


def add_frame(picture, pfn, column):
    """A frame's node; returns its name."""
    name = "page_%x" % pfn
    if not is_frame(pfn):
        picture.node(name, "no memory, frame %#x" % pfn, column=column, fill=YELLOW)
        return name
    facts = describe(frame(pfn))
    picture.node(name, "page, frame %#x" % pfn, facts["state"],
                 "mapcount %d, references %d" % (facts["mapcount"], facts["refcount"]),
                 " ".join(f for f in facts["flags"] if f not in ("uptodate", "lru")),
                 facts["owner"] and "mapping: " + facts["owner"].split(" (a root)")[0],
                 column=column, fill=YELLOW)
    return name


def add_slot(picture, slot, column):
    """A swap slot's node; returns its name."""
    name, facts = "slot_%d_%d" % slot, slot_facts(*slot)
    named = None if facts["count"] is None else "named by %d entries" % facts["count"]
    picture.node(name, "swap slot %d:%d" % slot, facts["area"], facts["state"], named,
                 column=column, fill=GRAY)
    return name


def add_target(picture, entry, column):
    """The node that a leaf leads to; returns its name. None if nobody counts what is there."""
    if is_swap(entry):
        kind = swap_of(entry)[0]
        return add_slot(picture, swap_of(entry), column) if kind < const("MAX_SWAPFILES") else None
    if pte_present(entry) and (maps_frame(entry) or bit(entry, "SPECIAL")):
        return add_frame(picture, pte_pfn(entry), column)
    return None


# ---- page tables

def table_picture(args):
    """The tables on an address's way, one column each, and what the last one leads to."""
    if not 1 <= len(args) <= 2:
        raise gdb.GdbError("av graph: -pt wants ADDR [PID]; see: help av graph")
    addr = number(args[0])
    mm = chosen_mm(pid_of(args[1]) if len(args) == 2 else None)
    if addr >= const("TASK_SIZE"):
        raise gdb.GdbError("av graph: %#x is no address of a user program" % addr)
    picture, before = Picture(), None
    vma = area_at(mm, addr)
    for shift, table, index, entry in target.walk(pgd_of(mm), addr):
        name = add_table(picture, shift, table, index, vma)
        if before:
            picture.edge(before, name, "table")
        before = "%s:e%d" % (name, index)
        if shift == PAGE_SHIFT or entry & const("PAGE_PSE") and shift < TABLE_LEVELS[0]:
            add_leaves(picture, name, table, index)
    return picture


def shown(table, index):
    """Numbers of the entries around @index that are not none, and @index."""
    entries = target.table(table)
    used = [i for i, entry in enumerate(entries) if entry or i == index]
    at = used.index(index)
    return used[max(at - NEIGHBOURS, 0):at + NEIGHBOURS + 1], len(used) - (not entries[index])


def add_table(picture, shift, table, index, vma):
    name, entries = "table_%x" % table, target.table(table)
    numbers, used = shown(table, index)
    rows = ["frame %#x, %d of 512 entries used" % (table >> PAGE_SHIFT, used)]
    for i in numbers:
        is_leaf = shift == PAGE_SHIFT or entries[i] & const("PAGE_PSE") and shift < TABLE_LEVELS[0]
        words = short_words(entries[i]) if is_leaf else table_words(entries[i])
        color = COLORS[entry_kind(entries[i])] if is_leaf and entries[i] else None
        rows.append(Row("%s[%3d] %s" % ("\u25b6 " if i == index else "  ", i, words), "e%d" % i,
                        color))
    if shift == PAGE_SHIFT:
        rows.append("area: " + (area_text(vma) if vma else "none"))
    picture.node(name, "%s, table at %#x" % (LEVEL_NAMES[shift], table), *rows, column=shift * -1)
    return name


def add_leaves(picture, name, table, index):
    for i in shown(table, index)[0]:
        entry = target.table(table)[i]
        end = add_target(picture, entry, 0) if entry else None
        if end:
            picture.edge("%s:e%d:e" % (name, i), end, entry_kind(entry))


# ---- swap

def slot_picture(args):
    """A slot, its copy in memory, and everybody who names it."""
    if len(args) != 1:
        raise gdb.GdbError("av graph: -swap wants ENTRY; see: help av swap")
    slot, picture = Swap.entry(args[0]), Picture()
    facts = slot_facts(*slot)
    if facts["count"] is None:
        raise gdb.GdbError("av graph: swap slot %d:%d: %s" % (*slot, facts["state"]))
    name = add_slot(picture, slot, 1)
    if facts["copy"] is not None:
        picture.edge(add_frame(picture, facts["copy"], 2), name, "copy", dir="back")
    for i, entry in enumerate(who_names(slot) if facts["count"] else ()):
        picture.node("user_%d" % i, entry["users"], entry["area"],
                     entry_row(entry["address"], int(entry["entry"])))
        picture.edge("user_%d:pte:e" % i, name, "swap")
    for i, file in enumerate(facts["files"]):
        picture.node("file_%d" % i, "address_space", file["name"],
                     Row("page %s" % file["index"], "pte", SWAPPED), fill=GREEN)
        picture.edge("file_%d:pte:e" % i, name, "swap")
    return picture
