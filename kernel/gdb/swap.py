"""swap.py - swap areas and their slots, as kernel/mm/swapfile.c keeps them, and who names a slot.
Read:   cmd_swap.py and cmd_rmap.py, which print it; check.py, which counts it."""
import gdb

from command import Hex
from kernel import Users, area_at, area_text, frame, mapping_name, mms, page_bits
from layout import View, address_of, const, has_variable, struct
from pagetable import is_swap, leaf_words, leaves, pgd_of, swap_of
from target import target
from walk import list_of, radix_entries


def split(value):
    """(type, offset) of the number in a swp_entry_t."""
    shift = const("SWP_TYPE_SHIFT")
    return value >> shift, value & (1 << shift) - 1


def swap_entry_of(page):
    return dict(zip(("type", "offset"), split(page.private)))


def areas():
    """(type, swap_info_struct) of each area in use."""
    if not has_variable("swap_info"):
        raise gdb.GdbError("av: this kernel has no swap")
    size = struct("swap_info_struct").size
    base = address_of("swap_info")
    for kind in range(const("MAX_SWAPFILES")):
        area = View(base + kind * size, "swap_info_struct")
        if area["flags"] & const("SWP_USED"):
            yield kind, area


def slot_of(area, offset):
    return area.map.array("slots")(offset)


def is_bad(slot):
    return slot.count == const("SWAP_SLOT_BAD")


def good_slots(area):
    """(offset, count, frame of the copy or 0) of all slots that can be used; read in one go."""
    layout, number = struct("swap_slot"), area.map.max
    data = target.read(area.map.slots, number * layout.size)
    columns = [[int.from_bytes(data[i:i + field.size], "little")
                for i in range(field.offset, len(data), layout.size)]
               for field in (layout.fields["count"], layout.fields["pfn"])]
    for offset in range(1, number):
        if columns[0][offset] != const("SWAP_SLOT_BAD"):
            yield offset, columns[0][offset], columns[1][offset]


def swapped_files():
    """(mapping, index, (type, offset)) of each page of tmpfs that is in swap."""
    if not has_variable("shmem_swaplist"):
        return
    for mapping in list_of(address_of("shmem_swaplist"), "address_space", "swaplist"):
        for index, entry in radix_entries(mapping.i_pages):
            if entry & 1:
                yield mapping, index, split(entry >> 1)


def slot_facts(kind, offset):
    """All that is known of a slot but the page tables' entries."""
    data = {"type": kind, "offset": offset, "area": None, "count": None, "copy": None,
            "copy_flags": [], "state": "there is no such area", "files": [], "tmpfs": 0}
    area = dict(areas()).get(kind)
    if area is None:
        return data
    data["area"] = area.path
    if not 0 < offset < area.map.max:
        data["state"] = "the area has no such slot"
        return data
    slot = slot_of(area, offset)
    if is_bad(slot):
        data["state"] = "a bad slot, never to be used"
        return data
    data["count"] = slot.count
    if slot.pfn:
        data["copy"] = Hex(slot.pfn)
        data["copy_flags"] = page_bits(frame(slot.pfn))
    for mapping, index, where in swapped_files():
        if where == (kind, offset):
            data["files"].append({"mapping": Hex(mapping.addr), "name": mapping_name(mapping),
                                  "index": Hex(index)})
    data["tmpfs"] = len(data["files"])
    data["state"] = state_of(data)
    return data


def state_of(data):
    if data["copy"] is None:
        return "swapped out" if data["count"] else "free"
    if "writeback" in data["copy_flags"]:
        return "being written"
    if "uptodate" not in data["copy_flags"]:
        return "being read"
    return "in memory, not written yet" if "dirty" in data["copy_flags"] else "in memory as well"


def slot_text(data):
    yield "slot %d of swap area %d%s: %s" % (data["offset"], data["type"],
                                            " (%s)" % data["area"] if data["area"] else "",
                                            data["state"])
    if data["count"] is not None:
        yield "named by %d entries%s" % (data["count"], "" if data["copy"] is None else
                                         "; copy in frame %s, flags %s" % (
                                             data["copy"], " ".join(data["copy_flags"])))
    for one in data["files"]:
        yield "    page %s of %s" % (one["index"], one["name"])


def who_names(slot):
    """Every entry of all page tables that names the slot: swap has no reverse map, so all are
    looked at."""
    users = Users()
    for mm in mms():
        for addr, _, entry in leaves(pgd_of(mm)) if mm.pgd else ():
            if is_swap(entry) and swap_of(entry) == slot:
                vma = area_at(mm, addr)
                yield {"mm": Hex(mm.addr), "pids": users.pids(mm), "users": users.names(mm),
                       "address": Hex(addr), "entry": Hex(entry), "words": leaf_words(entry),
                       "area": area_text(vma) if vma else None}
