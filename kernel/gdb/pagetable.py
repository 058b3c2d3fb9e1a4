"""pagetable.py - page-table entries in words, and ways through the four levels.
The bits are those of pgtable_types.h, by constants.c.
Read:   cmd_pagetable.py, which prints; check.py, which compares all of them with all frames."""
from layout import const, const_names
from target import PAGE_SHIFT, PFN_MASK, TABLE_LEVELS, NotThere, target
from walk import Damaged

LEVEL_NAMES = dict(zip(TABLE_LEVELS, ("pgd", "pud", "pmd", "pte")))
USER_END = 1 << 47


def bit(entry, name):
    return bool(entry & const("PAGE_" + name))


def pte_present(entry):
    return bit(entry, "PRESENT") or bit(entry, "PROTNONE")


def pte_pfn(entry):
    return (entry & const("PTE_PFN_MASK")) >> PAGE_SHIFT


def pte_special(entry):
    return bit(entry, "SPECIAL")


def maps_frame(entry):
    """It is counted at a frame."""
    return bool(entry) and pte_present(entry) and not pte_special(entry)


def is_swap(entry):
    return bool(entry) and not pte_present(entry)


# ---- swap entries

def swap_of(entry):
    """(type, offset) of a swap entry in a page table."""
    kind = entry >> const("SWP_PTE_TYPE_SHIFT") & (1 << const("SWP_PTE_TYPE_BITS")) - 1
    offset = ~(entry >> PAGE_SHIFT) & (1 << const("SWP_PTE_OFFSET_BITS")) - 1
    return kind, offset


def knows_swap():
    return const("SWP_PTE_TYPE_SHIFT", None) is not None


def not_present_words(entry):
    if not knows_swap():
        return "absent, %#x" % entry
    kind, offset = swap_of(entry)
    if kind >= const("MAX_SWAPFILES"):
        return "migration or other entry of type %d, frame %#x" % (kind, offset)
    words = "swapped out to area %d, slot %d" % (kind, offset)
    if entry & const("PAGE_SWP_EXCLUSIVE"):
        words += ", exclusive"
    if entry & const("PAGE_SWP_SOFT_DIRTY"):
        words += ", soft-dirty"
    return words


# ---- words

def leaf_words(entry):
    """Of a leaf, as /proc/rmap tells it and then what that leaves out."""
    if not entry:
        return "none"
    if not pte_present(entry):
        return not_present_words(entry)
    words = ["present" if bit(entry, "PRESENT") else "hidden (PROT_NONE)",
             "writable" if bit(entry, "RW") else "read-only"]
    words += ["executable"] if not bit(entry, "NX") else []
    words += [word for word, name in (("accessed", "ACCESSED"), ("dirty", "DIRTY"),
                                      ("soft-dirty", "SOFT_DIRTY"), ("special", "SPECIAL"))
              if bit(entry, name)]
    if bit(entry, "PRESENT"):
        words += ["user" if bit(entry, "USER") else "kernel"]
        words += ["global"] if bit(entry, "GLOBAL") else []
    words += ["uncached"] if bit(entry, "PCD") else []
    return " ".join(words)


def table_words(entry):
    if not entry:
        return "none"
    words = [name.lower() for name, value in const_names("PAGE_")
             if name in ("PRESENT", "RW", "USER", "ACCESSED", "DIRTY") and entry & value]
    return " ".join(words)


# ---- ways through

def pgd_of(mm):
    return target.to_phys(mm.pgd)


def leaf(mm, addr):
    """The entry for @addr in a user address space; None if there is no table for it."""
    shift, entry = None, 0
    for shift, _, _, entry in target.walk(pgd_of(mm), addr):
        pass
    return entry if shift == PAGE_SHIFT else None


def leaves(pgd, start=0, end=USER_END):
    """(address, shift, entry) of every leaf that is not none in [start, end), in order."""
    seen = set()

    def below(phys, level, base):
        shift = TABLE_LEVELS[level]
        if phys & PFN_MASK in seen:
            raise Damaged("av: the table over %#x, frame %#x, stands in two places" %
                          (base, (phys & PFN_MASK) >> PAGE_SHIFT))
        seen.add(phys & PFN_MASK)
        for index, entry in enumerate(target.table(phys)):
            addr = base + (index << shift)
            if not entry or addr + (1 << shift) <= start or addr >= end:
                continue
            if shift == PAGE_SHIFT or (shift < TABLE_LEVELS[0] and entry & 0x80):
                yield addr, shift, entry
            elif entry & 1:
                yield from below(entry, level + 1, addr)
    yield from below(pgd, 0, 0)


def tables(pgd):
    """(address, shift, entry, physical address) of every table below a user pgd."""
    def below(phys, level, base, slots):
        shift = TABLE_LEVELS[level]
        for index, entry in enumerate(target.table(phys)[:slots]):
            if entry & 1:
                addr = base + (index << shift)
                yield addr, shift, entry
                if shift > TABLE_LEVELS[2]:
                    yield from below(entry, level + 1, addr, 512)
    yield from below(pgd, 0, 0, 256)


# ---- what the area says

def disagreements(entry, vma):
    """What is wrong with a leaf, given its area (None: there is none)."""
    if not entry:
        return []
    if vma is None:
        return ["no area is here"]
    flags, wrong = vma.vm_flags, []
    if not pte_present(entry):
        return wrong
    accessible = flags & (const("VM_READ") | const("VM_WRITE") | const("VM_EXEC"))
    if bit(entry, "PRESENT") != bool(accessible):
        wrong.append("present, but the area gives no right" if not accessible
                     else "hidden, but the area gives rights")
    if bit(entry, "NX") == bool(flags & const("VM_EXEC")):
        wrong.append("executable and the area is not" if not bit(entry, "NX")
                     else "not executable and the area is")
    if bit(entry, "RW") and not flags & const("VM_WRITE"):
        wrong.append("writable and the area is not")
    if bit(entry, "PRESENT") and not bit(entry, "USER"):
        wrong.append("not for user mode")
    return wrong


def read_user(mm, addr, size):
    """Bytes of a program's memory; NotThere where it has none."""
    out = b""
    while size:
        phys = target.lookup(pgd_of(mm), addr)
        if phys is None:
            raise NotThere("av: nothing is in memory at %#x of this process" % addr)
        part = min(size, 4096 - addr % 4096)
        out += target.phys(phys, part)
        addr += part
        size -= part
    return out
