"""cmd_rmap.py - av rmap, anonvma and avc: who maps a page, by the kernel's own reverse map.

The walk is rmap_walk's (kernel/mm/rmap.c), in its order: the areas in the owner's interval tree
that cover the page's index, and of each the one entry where the page would be.

Read:   kernel/mm/README.md, "Who maps this page?"; check.py, which does this for all pages."""
from command import Command, Hex, absent_reason, number, page_of, pid_of, points_to, typed
from kernel import (Users, anon_vma_of, area_address, area_at, area_name, area_pages, area_text,
                    chosen_mm, file_page, frame, is_anon, is_frame, mapping_name, page_bits, pfn_of,
                    special_frame)
from layout import View, container, const
from pagetable import (is_swap, leaf, leaf_words, maps_frame, pte_pfn, pte_present, pte_special,
                       swap_of)
from swap import slot_facts, slot_text, split, swap_entry_of, who_names
from target import NotThere, PAGE_SHIFT, target
from walk import interval_nodes, list_of


# ---- the walk

def tree_members(page):
    """(chain or None, area) that cover the page's index, in the order of the tree."""
    index = page.index
    if is_anon(page):
        for node in interval_nodes(anon_vma_of(page).rb_root, index, index):
            avc = container(node.addr, "anon_vma_chain", "rb")
            yield avc, avc.to("vma")
    elif page.mapping:
        mapping = View(page.mapping, "address_space")
        for node in interval_nodes(mapping.i_mmap, index, index):
            yield None, container(node.addr, "vm_area_struct", "shared")


def why_in_vain(entry, pfn, slot):
    """None if the entry maps the frame, or stands for it in swap; else what is there instead."""
    if entry is None:
        return "there is no page table"
    if not entry:
        return "nothing is mapped there"
    if not pte_present(entry):
        return None if slot and swap_of(entry) == slot else leaf_words(entry)
    if pte_special(entry):
        return "the %s is mapped there" % special_frame(pte_pfn(entry))
    return None if pte_pfn(entry) == pfn else "frame %#x is mapped there" % pte_pfn(entry)


def visit(avc, vma, page, slot, users):
    mm, addr = vma.to("vm_mm"), area_address(vma, page.index)
    entry = leaf(mm, addr) if addr is not None else None
    why = why_in_vain(entry, pfn_of(page), slot) if addr is not None else \
        "its tree says that it covers the index, and it does not"
    return {"avc": Hex(avc.addr) if avc else None, "vma": Hex(vma.addr), "mm": Hex(mm.addr),
            "pids": users.pids(mm), "users": users.names(mm),
            "start": Hex(vma.vm_start), "end": Hex(vma.vm_end), "name": area_name(vma),
            "address": Hex(addr) if addr is not None else None,
            "entry": Hex(entry) if entry is not None else None,
            "words": leaf_words(entry) if entry is not None else "no table",
            "maps": why is None and maps_frame(entry), "why": why}


def rmap(page):
    """Everything that a walk of the page's reverse map visits."""
    flags, slot, users = page_bits(page), None, Users()
    if "swapcache" in flags:
        slot = tuple(swap_entry_of(page).values())
    visits = [visit(avc, vma, page, slot, users) for avc, vma in tree_members(page)]
    found = sum(v["maps"] for v in visits)
    return {"frame": Hex(pfn_of(page)), "page": Hex(page.addr), "owner": owner(page),
            "index": Hex(page.index), "mapcount": page._mapcount, "refcount": page._refcount,
            "flags": flags, "slot": slot, "visits": visits, "found": found,
            "swapped": sum(v["why"] is None and not v["maps"] for v in visits),
            "agrees": found == page._mapcount}


def owner(page):
    if not page.mapping:
        return {"kind": "none"}
    if is_anon(page):
        anon_vma = anon_vma_of(page)
        return {"kind": "anon_vma", "address": Hex(anon_vma.addr), "root": Hex(anon_vma["root"])}
    mapping = View(page.mapping, "address_space")
    return {"kind": "address_space", "address": Hex(mapping.addr), "name": mapping_name(mapping)}


# ---- a page that is not in memory

def swapped(slot):
    """Of a page that has left for swap."""
    facts = slot_facts(*slot)
    entries = list(who_names(slot))
    return {"frame": None, "slot": slot, "facts": facts, "entries": entries,
            "agrees": facts["count"] is None or facts["count"] == len(entries) + facts["tmpfs"]}


class Rmap(Command):
    """Show who maps a page: av rmap X [PID]

X as in `help av page`. Prints the owner (an anon_vma, or a file's address_space), then each area
that its interval tree gives for the page, in the order of the kernel's walk: its chain, mm and
processes, the address, and the entry there; or why it was asked in vain. The last line says
whether as many entries were found as the page's map count.

Of a page that has left for swap: its slot, the slot's count, and all entries that name it. Of a
page of a file that was not touched at that address: who else maps it."""
    name = "rmap"
    completes = "expression pid"

    def data(self, args, options):
        where = page_of(args)
        if where.pfn is None:
            return self.absent(where)
        flags = page_bits(where.page)
        if not where.page._mapcount and "lru" not in flags and "swapcache" not in flags:
            raise NotThere("av: frame %#x is no page of a program's or file's; see av page" %
                           where.pfn)
        return rmap(where.page)

    @staticmethod
    def absent(where):
        """No frame is mapped there: its page is in swap, or a file's that was not touched here."""
        slot = swap_of(where.entry) if where.entry and is_swap(where.entry) else None
        known = file_page(area_at(where.mm, where.addr), where.addr) if not where.entry else None
        if known and known[0] == "frame":
            return rmap(frame(known[1]))
        if known:
            slot = split(known[1])
        if slot is None:
            raise NotThere("av: " + absent_reason(where))
        data = swapped(slot)
        return data if data["facts"]["copy"] is None else rmap(frame(data["facts"]["copy"]))

    def text(self, data):
        yield from swapped_text(data) if data["frame"] is None else rmap_text(data)


def rmap_text(data):
    yield "frame %s, struct page %s" % (data["frame"], data["page"])
    own = data["owner"]
    if own["kind"] == "anon_vma":
        yield "anonymous, anon_vma %s, root %s, index %s" % (own["address"], own["root"],
                                                            data["index"])
    elif own["kind"] == "address_space":
        yield "file %s, address_space %s, index %s" % (own["name"], own["address"], data["index"])
    else:
        yield "without an owner"
    yield "mapcount %d, references %d, flags %s" % (data["mapcount"], data["refcount"],
                                                   " ".join(data["flags"]))
    if data["slot"]:
        yield "in the swap cache: slot %d of area %d" % (data["slot"][1], data["slot"][0])
    for i, v in enumerate(data["visits"], 1):
        yield "%2d. %s %x-%x %s" % (i, v["users"], v["start"], v["end"], v["name"] or "anonymous")
        yield "    %svma %s mm %s" % ("avc %s " % v["avc"] if v["avc"] else "", v["vma"], v["mm"])
        if v["maps"]:
            yield "    maps it at %s: entry %s, %s" % (v["address"], v["entry"], v["words"])
        elif v["why"] is None:
            yield "    left for swap at %s: entry %s, %s" % (v["address"], v["entry"], v["words"])
        else:
            yield "    in vain at %s: %s" % (v["address"], v["why"])
    yield "found %d of %d in %d areas: %s%s" % (
        data["found"], data["mapcount"], len(data["visits"]),
        "all" if data["agrees"] else "NOT ALL",
        ", and %d in swap" % data["swapped"] if data["swapped"] else "")


def swapped_text(data):
    yield from slot_text(data["facts"])
    for entry in data["entries"]:
        yield "    %s at %s: entry %s, %s" % (entry["users"], entry["address"], entry["entry"],
                                              entry["words"])
    yield "found %d of %s: %s" % (len(data["entries"]) + data["facts"]["tmpfs"],
                                  data["facts"]["count"],
                                  "all" if data["agrees"] else "NOT ALL")


# ---- families

def anon_vma_data(anon_vma, users):
    members = []
    for node in interval_nodes(anon_vma.rb_root):
        avc = container(node.addr, "anon_vma_chain", "rb")
        vma = avc.to("vma")
        mm = vma.to("vm_mm")
        members.append({"avc": Hex(avc.addr), "vma": Hex(vma.addr), "mm": Hex(mm.addr),
                        "users": users.names(mm), "area": area_text(vma),
                        "first": Hex(node.start), "last": Hex(node.last),
                        "own": vma.anon_vma == anon_vma.addr})
    return {"anon_vma": Hex(anon_vma.addr), "root": Hex(anon_vma["root"]),
            "parent": Hex(anon_vma.parent), "refcount": anon_vma.refcount,
            "num_children": anon_vma.num_children, "num_active_vmas": anon_vma.num_active_vmas,
            "tree": members}


def anon_vma_text(data):
    yield "anon_vma %s, root %s, parent %s, references %d, children %d, active areas %d" % (
        data["anon_vma"], "itself" if data["root"] == data["anon_vma"] else data["root"],
        "itself" if data["parent"] == data["anon_vma"] else data["parent"], data["refcount"],
        data["num_children"], data["num_active_vmas"])
    for m in data["tree"]:
        yield "  pages %x-%x %s %s%s" % (m["first"], m["last"], m["users"], m["area"],
                                         " (its own)" if m["own"] else "")
        yield "    avc %s vma %s" % (m["avc"], m["vma"])


class Anonvma(Command):
    """Show an anon_vma and all areas in its tree: av anonvma X [PID]

X is an anon_vma's address (or an expression of type struct anon_vma *), or names a page as in
`help av page`, and then it is that page's owner."""
    name = "anonvma"
    completes = "expression pid"

    def data(self, args, options):
        return anon_vma_data(find_anon_vma(args), Users())

    def text(self, data):
        yield from anon_vma_text(data)


def find_anon_vma(args):
    if len(args) == 1 and ":" not in args[0]:
        addr, type_ = typed(args[0])
        if points_to(type_, "anon_vma") or in_cache(addr, "anon_vma"):
            return View(addr, "anon_vma")
    where = page_of(args)
    if where.page is None and where.mm:
        vma = area_at(where.mm, where.addr)
        if vma and vma.anon_vma:
            return vma.to("anon_vma")
    if where.page is None or not is_anon(where.page):
        raise NotThere("av: that is no anonymous page, and no anon_vma")
    return anon_vma_of(where.page)


def in_cache(addr, name):
    """@addr lies in a slab of the cache."""
    direct = const("DIRECT_MAP_BASE")
    if not direct <= addr < const("VMALLOC_START"):
        return False
    pfn = addr - direct >> PAGE_SHIFT
    if not is_frame(pfn) or "slab" not in page_bits(frame(pfn)):
        return False
    return target.string(frame(pfn).to("slab_cache").name) == name


class Avc(Command):
    """Show the chains of an area: av avc VMA, or: av avc ADDR PID

VMA is the address of a vm_area_struct (av vmmap -json and av rmap show it). Of each chain: the
anon_vma whose tree it hangs in, whether it is the area's own, and how many areas are there."""
    name = "avc"
    completes = "expression pid"

    def data(self, args, options):
        vma = self.area(args)
        chains = []
        for avc in list_of(vma.at("anon_vma_chain"), "anon_vma_chain", "same_vma"):
            anon_vma = avc.to("anon_vma")
            chains.append({"avc": Hex(avc.addr), "anon_vma": Hex(anon_vma.addr),
                           "own": vma.anon_vma == anon_vma.addr,
                           "root": Hex(anon_vma["root"]), "parent": Hex(anon_vma.parent),
                           "first": Hex(avc.rb.start), "last": Hex(avc.rb.last),
                           "areas_in_tree": sum(1 for _ in interval_nodes(anon_vma.rb_root))})
        return {"vma": Hex(vma.addr), "area": area_text(vma), "pages": area_pages(vma),
                "pgoff": Hex(vma.vm_pgoff), "anon_vma": Hex(vma.anon_vma), "chains": chains,
                "users": Users().names(vma.to("vm_mm"))}

    def area(self, args):
        if len(args) == 2:
            vma = area_at(chosen_mm(pid_of(args[1])), number(args[0]))
            if vma is None:
                raise NotThere("av: process %s has no area at %s" % (args[1], args[0]))
            return vma
        if len(args) != 1:
            self.usage()
        addr = number(args[0])
        if not in_cache(addr, "vm_area_struct"):
            raise NotThere("av: %s is no vm_area_struct" % args[0])
        return View(addr, "vm_area_struct")

    def text(self, data):
        yield "area %s of %s, vma %s, %d pages from %s" % (
            data["area"], data["users"], data["vma"], data["pages"], data["pgoff"])
        if not data["chains"]:
            yield "no chains: it never had an anonymous page"
        for c in data["chains"]:
            yield "  avc %s in anon_vma %s (%s), parent %s, root %s, %d areas in its tree" % (
                c["avc"], c["anon_vma"], "own" if c["own"] else "inherited", c["parent"],
                c["root"], c["areas_in_tree"])


def register():
    Rmap()
    Anonvma()
    Avc()
