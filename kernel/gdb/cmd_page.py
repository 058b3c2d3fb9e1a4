"""cmd_page.py - av page: all that is known of one frame."""
from command import Command, Hex, absent_reason, page_of
from kernel import (FrameKind, anon_vma_of, image_symbol, is_anon, mapping_name, page_bits,
                    pfn_of)
from layout import View, const
from pagetable import leaf_words
from swap import swap_entry_of
from target import PAGE_SHIFT, target


class PageCommand(Command):
    """Show all that is known of a frame: av page X [PID]

X is one of
  ADDR PID      an address of the process PID
  ADDR          an address of the kernel (direct map, image, vmalloc), or else of the process on
                the selected processor
  0x1234        a frame number, if memory has so many, else a physical address
  pfn:N phys:N  the one or the other, whatever its size
  EXPRESSION    a struct page * or struct folio *, such as a variable of the selected frame

Prints all its names, flags, counts, owner, and the list, block or slab that it is in."""
    name = "page"
    completes = "expression pid"

    def data(self, args, options):
        where = page_of(args)
        if where.pfn is None:
            return {"frame": None, "why": absent_reason(where)}
        return describe(where.page, where)

    def text(self, data):
        if data["frame"] is None:
            yield data["why"]
            return
        yield ("frame %s, physical address %s, struct page %s, direct map %s" %
               (data["frame"], data["physical"], data["page"], data["virtual"]))
        if data["entry"]:
            yield "mapped at %s: %s" % (data["address"], data["words"])
        yield "%s%s" % (data["state"], ": " + details(data["details"]) if data["details"] else "")
        yield "mapcount %d, references %d, flags %s" % (data["mapcount"], data["refcount"],
                                                       " ".join(data["flags"]) or "none")
        if data["owner"]:
            yield "owner: %s, index %s" % (data["owner"], data["index"])
        if data["swap"]:
            yield "swap cache: copy of slot %d of area %d" % (data["swap"]["offset"],
                                                             data["swap"]["type"])
        if data["lru"]:
            yield "on the LRU list: " + data["lru"]


def details(found):
    return ", ".join("%s %s" % (key.replace("_", " "), value) for key, value in found.items())


def lru_name(flags):
    if "lru" not in flags:
        return None
    if "unevictable" in flags:
        return "unevictable"
    return "%s %s" % ("active" if "active" in flags else "inactive",
                      "anon" if "swapbacked" in flags else "file")


def kernel_use(page):
    """A word on a frame of the kernel's own image."""
    first, end = (image_symbol("__kernel_" + side) for side in ("start", "end"))
    addr = (pfn_of(page) << PAGE_SHIFT) - target.base + const("KERNEL_BASE")
    return {"kernel_image_at": Hex(addr)} if first <= addr < end else {}


def slab_objects(page):
    cache, free, at = page.to("slab_cache"), 0, page.slab_free
    while at and free <= cache.per_slab:
        free += 1
        at = target.word(at)
    return {"free_in_slab": free, "object_bytes": cache.object_bytes}


def owner_of(page, state):
    if state not in ("anonymous", "page cache") or not page.mapping:
        return None
    if is_anon(page):
        anon_vma = anon_vma_of(page)
        return "anon_vma %#x%s" % (anon_vma.addr, " (a root)"
                                   if anon_vma["root"] == anon_vma.addr else "")
    mapping = View(page.mapping, "address_space")
    return "%s (address_space %#x)" % (mapping_name(mapping), mapping.addr)


def describe(page, where=None):
    flags = page_bits(page)
    state, found = FrameKind().tell(page)
    if state == "slab":
        found.update(slab_objects(page))
    elif state == "page table":
        found = {"of_mm": Hex(found["mm"])}
    elif state == "taken at boot":
        found.update(kernel_use(page))
    elif state == "free" and "block" in found:
        found["block"] = Hex(found["block"])
    pfn, owner = pfn_of(page), owner_of(page, state)
    return {
        "frame": Hex(pfn), "physical": Hex(pfn << PAGE_SHIFT), "page": Hex(page.addr),
        "virtual": Hex(const("DIRECT_MAP_BASE") + (pfn << PAGE_SHIFT)),
        "address": Hex(where.addr) if where and where.addr else None,
        "entry": Hex(where.entry) if where and where.entry else None,
        "words": leaf_words(where.entry) if where and where.entry else None,
        "state": state, "details": found, "flags": flags, "lru": lru_name(flags),
        "mapcount": page._mapcount, "refcount": page._refcount,
        "owner": owner, "index": Hex(page.index) if owner else None,
        "swap": swap_entry_of(page) if "swapcache" in flags else None,
    }


def register():
    PageCommand()


