"""check.py - the main comparison of kernel/mm/verify.c, made from outside: nothing of the kernel
runs, so it also works on one that hangs, has panicked, or is a dump.

Every page table is walked by itself, and each entry is noted at its frame. Then every frame's map
count, references and flags are compared with that, and with what a walk of the reverse map finds.

A machine that is stopped anywhere may be in the middle of something, where the verifier is not: it
stops the others in schedule(). So a count that is changed under a lock may be off by one here while
that lock is held, and the report says which locks are.

Read:   kernel/mm/verify.c; cmd_check.py for the printing."""
from collections import Counter
import struct as binary

from check_sums import check_slabs, check_sums
from kernel import (anon_vma_of, area_address, areas, frame, free_blocks, is_anon, lru_heads,
                    memory_ranges, mm_busy, mms, page_flag_bit, pfn_of, stacked_frames)
from layout import View, container, has_variable, struct
from pagetable import (bit, disagreements, is_swap, leaves, maps_frame, pgd_of, pte_pfn,
                       pte_special, swap_of, tables)
import swap
from target import NotThere, target
from walk import Damaged, interval_nodes, list_of, radix_lookup


class Seen:
    """What was found of one frame."""
    __slots__ = ("entries", "busy", "lru")

    def __init__(self):
        self.entries, self.busy, self.lru = [], 0, None


class Check:
    """One verification."""

    def __init__(self):
        self.differences = []
        self.counts = dict.fromkeys(("mms", "busy_mms", "areas", "chains", "anon_vmas",
                                     "entries", "folios", "files", "frames", "free_frames"), 0)
        self.seen, self.leaf, self.slots = {}, {}, {}
        self.trees, self.areas_in = {}, {}
        self.free, self.anon_vmas, self.files = set(), set(), set()
        self.known_areas, self.busy = set(), set()
        self.found = Counter()		# what the sums of check_sums.py should be
        self.ranges = memory_ranges()

    def run(self):
        for step in (self.find_free, self.find_lru, self.walk_mms, self.check_trees,
                     self.check_frames, self.check_swap):
            self.attempt(step)
        for step in check_slabs, check_sums:
            self.attempt(step, self)
        self.counts["anon_vmas"], self.counts["files"] = len(self.anon_vmas), len(self.files)
        self.counts["free_frames"] = len(self.free)
        self.counts["frames"] = sum(end - first for first, end in self.ranges)

    def attempt(self, step, *args):
        """What cannot be followed is a difference, and what comes after it is looked at still."""
        try:
            return step(*args)
        except (Damaged, NotThere) as error:
            self.fail(str(error))
            return None

    def fail(self, text, *args):
        self.differences.append(text % args if args else text)

    def check(self, good, text, *args):
        if not good:
            self.fail(text, *args)
        return good

    def noted(self, pfn):
        if pfn not in self.seen:
            self.seen[pfn] = Seen()
        return self.seen[pfn]

    def is_frame(self, pfn):
        return any(first <= pfn < end for first, end in self.ranges)

    # ---- lists of frames

    def find_free(self):
        for pfn, order in free_blocks():
            self.add_free(range(pfn, pfn + (1 << order)))
        self.add_free([pfn for pfn, _ in stacked_frames()])

    def add_free(self, pfns):
        for pfn in pfns:
            self.check(pfn not in self.free, "frame %#x is free twice", pfn)
            self.free.add(pfn)

    def find_lru(self):
        for name, head, size in lru_heads():
            found = 0
            for page in list_of(head, "page", "lru"):
                found += 1
                self.noted(pfn_of(page)).lru = name
            self.check(found == size, "LRU list %s has %d frames, counted as %d", name, found,
                       size)

    # ---- address spaces

    def walk_mms(self):
        for mm in mms():
            self.counts["mms"] += 1
            busy = mm_busy(mm)
            self.counts["busy_mms"] += busy
            if busy:
                self.busy.add(mm.addr)
            found = self.attempt(self.walk_areas, mm) if not busy and mm.mm_users else []
            self.attempt(self.walk_tables, mm, found or [], busy)

    def walk_areas(self, mm):
        found, last = [], 0
        for vma in areas(mm):
            start, end = vma.vm_start, vma.vm_end
            self.check(last <= start < end, "mm %#x: area %#x-%#x is empty or over another",
                       mm.addr, start, end)
            found.append((start, end, vma))
            self.known_areas.add(vma.addr)
            last = end
            self.walk_chains(vma)
            file = vma.to("vm_file")
            if file:
                self.files.add(file.f_mapping)
                self.check(vma.addr in self.members(View(file.f_mapping, "address_space")),
                    "area %#x of mm %#x is not in its file's i_mmap", start, mm.addr)
        self.counts["areas"] += len(found)
        self.check(len(found) == mm.map_count, "mm %#x: map_count is %d, %d areas found", mm.addr,
                   mm.map_count, len(found))
        return found

    def walk_chains(self, vma):
        own = False
        for avc in list_of(vma.at("anon_vma_chain"), "anon_vma_chain", "same_vma"):
            self.counts["chains"] += 1
            anon_vma = avc.to("anon_vma")
            self.anon_vmas.add(anon_vma.addr)
            own |= anon_vma.addr == vma.anon_vma
            self.check(avc.vma == vma.addr, "area %#x: chain %#x is of another area",
                       vma.vm_start, avc.addr)
            self.check(vma.addr in self.members(anon_vma),
                       "area %#x of mm %#x: chain %#x is not in the tree of anon_vma %#x",
                       vma.vm_start, vma.vm_mm, avc.addr, anon_vma.addr)
        self.check(own == bool(vma.anon_vma), "area %#x of mm %#x: anon_vma %#x is in none of its "
                   "chains", vma.vm_start, vma.vm_mm, vma.anon_vma)

    def tree_of(self, owner):
        """(first, last, area) of all members of an anon_vma's or address_space's tree."""
        if owner.addr not in self.trees:
            members = []
            anon = owner.has("rb_root")
            for node in interval_nodes(owner.rb_root if anon else owner.i_mmap):
                vma = container(node.addr, "anon_vma_chain", "rb").to("vma") if anon else \
                    container(node.addr, "vm_area_struct", "shared")
                members.append((node.start, node.last, vma))
            self.trees[owner.addr] = members
            self.areas_in[owner.addr] = {vma.addr for _, _, vma in members}
        return self.trees[owner.addr]

    def members(self, owner):
        """Addresses of the areas in that tree."""
        self.tree_of(owner)
        return self.areas_in[owner.addr]

    # ---- families

    def check_trees(self):
        """No chain outlives its area, and the counts of an anon_vma are right."""
        parents = Counter(View(addr, "anon_vma").parent for addr in self.anon_vmas)
        for addr in self.anon_vmas:
            anon_vma = View(addr, "anon_vma")
            members = [vma for _, _, vma in self.tree_of(anon_vma)]
            if any(vma.vm_mm in self.busy for vma in members):
                continue
            for vma in members:
                self.check(vma.addr in self.known_areas, "anon_vma %#x: a chain's area %#x is none",
                           addr, vma.addr)
            children = parents[addr]		# a root is its own
            active = sum(vma.anon_vma == addr for vma in members)
            self.check(anon_vma.num_active_vmas == active, "anon_vma %#x: num_active_vmas is %d, "
                       "should be %d", addr, anon_vma.num_active_vmas, active)
            self.check(anon_vma.num_children == children, "anon_vma %#x: num_children is %d, "
                       "should be %d", addr, anon_vma.num_children, children)

    # ---- page tables

    def walk_tables(self, mm, found, busy):
        pgd, sums = pgd_of(mm), {"rss_anon": 0, "rss_file": 0, "rss_shmem": 0, "swapents": 0}
        at = 0
        for addr, shift, entry in leaves(pgd):
            while at < len(found) and found[at][1] <= addr:
                at += 1
            vma = found[at][2] if at < len(found) and found[at][0] <= addr else None
            self.leaf[mm.addr, addr] = entry
            if not busy:
                for wrong in disagreements(entry, vma):
                    self.fail("mm %#x: entry %#x at %#x: %s", mm.addr, entry, addr, wrong)
            if is_swap(entry):
                self.slots.setdefault(swap_of(entry), []).append((mm.addr, addr))
                sums["swapents"] += 1
            else:
                self.note(mm, addr, entry, vma, busy, sums)
        self.check_sums(mm, sums, sum(1 for _ in tables(pgd)), busy)

    def note(self, mm, addr, entry, vma, busy, sums):
        pfn = pte_pfn(entry)
        if not self.check(self.is_frame(pfn), "mm %#x: entry %#x at %#x names no frame", mm.addr,
                          entry, addr):
            return
        self.counts["entries"] += 1
        if pte_special(entry):
            return
        seen = self.noted(pfn)
        seen.entries.append((mm.addr, addr))
        seen.busy += busy
        page = frame(pfn)
        flags = page.flags
        anon = is_anon(page)
        sums["rss_anon" if anon else "rss_shmem" if flags & page_flag_bit("swapbacked")
             else "rss_file"] += 1
        if anon and bit(entry, "RW"):
            self.check(flags & page_flag_bit("anon-exclusive"),
                       "mm %#x: writable entry at %#x for frame %#x, which is not exclusive",
                       mm.addr, addr, pfn)
        if vma:
            want = vma.vm_pgoff + (addr - vma.vm_start >> 12)
            self.check(page.index == want, "mm %#x: the page at %#x, frame %#x, has index %#x, "
                       "should be %#x", mm.addr, addr, pfn, page.index, want)

    def check_sums(self, mm, sums, nr_tables, busy):
        for name, found in sums.items():
            have = mm[name] if mm.has(name) else found
            self.check(have == found, "mm %#x: %s is %d, %d entries found", mm.addr, name, have,
                       found)
        self.check(mm.nr_ptes >= nr_tables if busy else mm.nr_ptes == nr_tables,
                   "mm %#x: nr_ptes is %d, %d tables found", mm.addr, mm.nr_ptes, nr_tables)

    # ---- frames

    def flagged(self):
        """Frames whose flags say that they are folios, from all of vmemmap. Counts slabs and
        tables on the way."""
        layout, slab, table = struct("page"), page_flag_bit("slab"), page_flag_bit("table")
        wanted = 0
        for name in "lru", "swapcache", "swapbacked", "uptodate":
            wanted |= page_flag_bit(name)
        step = binary.Struct("<Q%dx" % (layout.size - 8))
        at = layout.fields["flags"].offset
        for first, end in self.ranges:
            for base in range(first, end, 64):
                number = min(64, end - base)
                data = target.read(frame(base).addr, number * layout.size)
                for i, (flags,) in enumerate(step.iter_unpack(data[at:] + bytes(at))):
                    self.found["slab"] += bool(flags & slab)
                    self.found["table"] += bool(flags & table)
                    if flags & wanted:
                        yield base + i

    def check_frames(self):
        for pfn in self.flagged():
            self.noted(pfn)
        for pfn in sorted(self.seen):
            self.counts["folios"] += 1
            self.attempt(self.check_folio, pfn, frame(pfn), self.seen[pfn])

    def check_folio(self, pfn, page, seen):
        entries, anon, flags = len(seen.entries), is_anon(page), page.flags
        copy = bool(flags & page_flag_bit("swapcache"))
        self.check(pfn not in self.free, "frame %#x is free and in use", pfn)
        self.check(page._mapcount == entries, "frame %#x: map count is %d, should be %d", pfn,
                   page._mapcount, entries)
        cached = not anon and bool(page.mapping) and self.is_cached(page)
        found = entries + cached + copy
        # Reclaim frees a batch at a time: of those nothing else is left.
        self.check(page._refcount >= max(found, bool(seen.lru)),
                   "frame %#x: reference count is %d, should be %d", pfn, page._refcount, found)
        self.count(page, flags, entries, anon, cached)
        self.check(not entries or anon or cached or copy, "frame %#x: mapped, but nobody's", pfn)
        self.check(not flags & page_flag_bit("anon-exclusive") or anon and entries <= 1,
                   "frame %#x: exclusive, with %d entries", pfn, entries)
        self.check(bool(flags & page_flag_bit("lru")) == bool(seen.lru),
                   "frame %#x: flags %#x, but is %son an LRU list", pfn, flags,
                   "" if seen.lru else "not ")
        if entries and page.mapping:
            self.check_rmap(pfn, page, seen, anon)

    def count(self, page, flags, entries, anon, cached):
        self.found["NR_ANON_MAPPED"] += anon and entries > 0
        self.found["NR_FILE_MAPPED"] += not anon and entries > 0
        self.found["NR_FILE_PAGES"] += cached
        self.found["NR_SHMEM"] += cached and View(page.mapping, "address_space").shmem
        for name, flag in (("NR_SWAPCACHE", "swapcache"), ("NR_MLOCK", "mlocked"),
                           ("writeback", "writeback")):
            self.found[name] += bool(flags & page_flag_bit(flag))

    @staticmethod
    def is_cached(page):
        mapping = View(page.mapping, "address_space")
        return radix_lookup(mapping.i_pages, page.index) == page.addr

    def check_rmap(self, pfn, page, seen, anon):
        owner = anon_vma_of(page) if anon else View(page.mapping, "address_space")
        index, hits = page.index, 0
        for first, last, vma in self.tree_of(owner):
            if not first <= index <= last:
                continue
            addr = area_address(vma, index)
            entry = self.leaf.get((vma.vm_mm, addr), 0)
            hits += maps_frame(entry) and pte_pfn(entry) == pfn
        good = hits == len(seen.entries) if not seen.busy else hits >= len(
            seen.entries) - seen.busy
        self.check(good, "frame %#x: the reverse map finds %d of its %d entries", pfn, hits,
                   len(seen.entries))

    # ---- swap

    def check_swap(self):
        if not has_variable("swap_info"):
            return
        self.counts["swap_entries"] = sum(len(names) for names in self.slots.values())
        for mapping, index, slot in swap.swapped_files():
            self.slots.setdefault(slot, []).append((mapping.addr, index))
        for kind, area in swap.areas():
            used = 0
            for offset, count, pfn in swap.good_slots(area):
                names = self.slots.pop((kind, offset), [])
                used += bool(count or pfn)
                self.check(count == len(names), "slot %d of area %d: count is %d, %d entries "
                           "found", offset, kind, count, len(names))
            self.check(used == area.used, "swap area %d: used is %d, %d slots are", kind,
                       area.used, used)
        for (kind, offset), names in self.slots.items():
            self.fail("slot %d of area %d: named by %d entries, and there is no such slot",
                      offset, kind, len(names))
