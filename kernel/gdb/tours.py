"""tours.py - the tours: which functions are stopped in, and what is said there.

A tour goes with `tour NAME` (user/demo/tour.c), whose marks divide it. Each Stop is a function of
the kernel that must be reached next, by that program; each Mark one of the program's. Shown are:
	area	the area at the page, and its chains	pt	the page's entry
	page	the frame that it maps			rmap	who maps that frame
	family	the area's anon_vma and its tree	slot	the swap slot that the entry names
Run by itself this file lists the tours, or says whether there is one of a name; cmd_tour.py runs
one. kernel/mm/README.md tells the same stories."""
import sys


class Stop:
    """@fault: only if the processor's last fault is about the tour's page: for steps before
    anything that may sleep. @when: an expression of the function's variables that must be true,
    with {page} for the page's address and {folio} for what it mapped at the last mark. @anybody:
    not the program need come there; kswapd may."""

    def __init__(self, function, say, show="", fault=False, when=None, anybody=False):
        self.function, self.say, self.show = function, say, show.split()
        self.fault, self.when, self.anybody = fault, when, anybody


class Mark:
    """The program says that it has come to @name."""

    def __init__(self, name, say, show=""):
        self.name, self.say, self.show = name, say, show.split()


class Tour:
    def __init__(self, title, *steps, disk=False):
        self.title, self.steps, self.disk = title, list(steps), disk


OUR_ADDRESS = "addr == {page}"
OUR_FOLIO = "folio == {folio}"
HAS_PAGE = "{0}->vm_start <= {{page}} && {{page}} < {0}->vm_end"

ENTERS = Stop("do_user_fault", """The processor finds no entry that allows the access. It stops
    the instruction, puts the address into CR2, and enters the kernel.""", "area pt", fault=True)
LOOKS_UP = Stop("mm_fault", """CR2 and the error code have become an address and FAULT_FLAG_*. It
    takes mmap_lock for reading, so that no area changes; threads may fault side by side.""",
                fault=True)
DISPATCHES = Stop("handle_mm_fault", """An area has the address, and allows the access. Missing
    page tables are made; then the entry decides which function is right.""", "pt", fault=True)

TOURS = {
    "touch": Tour(
        "a program writes to a page for the first time",
        Mark("begin", "The page is mapped and was never touched: there is an area, and nothing "
             "else.", "area pt"),
        ENTERS, LOOKS_UP, DISPATCHES,
        Stop("do_anonymous_page", """The entry is none, and no file is behind the area: this is
            anonymous memory. The access is a write, so the page must be a fresh one.""",
             fault=True),
        Stop("anon_vma_prepare_slow", """No page of this area was ever touched, so it is not in
            the reverse map yet. That comes first: whoever finds the page must find its area. It
            gets an anon_vma (or a neighbour's, if the two might merge) and a chain.""", "area"),
        Stop("folio_add_new_anon_rmap", """A zeroed frame was taken, before any lock; under the
            pte lock the entry was still none. Now the folio learns whose it is: the area's
            anon_vma, its index, one mapping, and exclusive: nobody else can have it.""",
             "area family", when=OUR_ADDRESS),
        Stop("folio_add_new_anon_lru", """It goes to the list that reclaim looks through. Then the
            entry is set, writable and dirty at once, since the write is sure to come.""",
             fault=True),
        Mark("end", "The instruction was tried again, and this time it went through.",
             "pt page rmap")),
    "read": Tour(
        "a read of untouched memory, and the write after it",
        Mark("begin", "The page is mapped and was never touched.", "area pt"),
        ENTERS, DISPATCHES,
        Stop("map_special_page", """It is a read: all that it can find is zeroes. So the one zero
            page is mapped, read-only and marked special, which means that nobody counts it.""",
             fault=True),
        Mark("read", "The area has no anon_vma still: it has no page of its own.", "area pt"),
        Stop("do_wp_page", """Now a write. The entry is present and read-only, the area allows it:
            what is there decides. It is the zero page, which is no folio, so a copy of nothing is
            due.""", "pt", fault=True),
        Stop("wp_page_copy", """Takes a zeroed frame instead of copying the zero page, with no lock
            held. Then: clear the entry, flush every processor, set the new one. In that order,
            another thread can never read the old page after this one has written.""",
             fault=True),
        Stop("folio_add_new_anon_rmap", "From here on it is a first touch.", "family",
             when=OUR_ADDRESS),
        Mark("end", "One page of its own, exclusive.", "pt page rmap")),
    "cow": Tour(
        "parent and child have a page; the child writes to it, then the parent",
        Mark("begin", """After fork. Both entries are read-only, the page is mapped twice, and
            PG_anon_exclusive is gone.""", "pt page rmap"),
        ENTERS, DISPATCHES,
        Stop("do_wp_page", """The child writes. The area allows it, so the entry is read-only for
            another reason. Is the page the child's alone? Not exclusive, two references: no.""",
             "page", fault=True),
        Stop("wp_page_copy", """So it is copied, with no lock held: a reference keeps the old page
            alive. Then the entry is compared again, cleared, flushed everywhere, and set.""",
             fault=True),
        Stop("folio_add_new_anon_rmap", """The copy belongs to the child's own anon_vma, in whose
            tree the parent's area is not: nobody will look for it there.""", "family",
             when=OUR_ADDRESS),
        Stop("folio_remove_rmap", "The entry is set, and is no longer one of the old page's.",
             when=OUR_FOLIO),
        Mark("copied", "The child has a page of its own.", "pt page rmap"),
        Mark("parent", """The parent's page, now mapped once. The walk still asks the child's area,
            in vain: it may map the page, as far as the trees know. The parent's entry does not
            know yet that it is alone.""", "pt page rmap"),
        Stop("do_wp_page", "The parent writes, too. Not exclusive, but one reference is left.",
             "page", fault=True),
        Stop("became_exclusive", """Its own entry's. Nobody can come to share it: that would take
            a fork of this mm, or another entry to copy from. So it is exclusive again.""",
             fault=True),
        Stop("wp_page_reuse", "The entry becomes writable; nothing is copied, nobody is flushed.",
             fault=True),
        Mark("end", "Parent and child have a page each.", "pt page rmap")),
    "fork": Tour(
        "what fork copies, and what it shares",
        Mark("begin", "One page, one area, one anon_vma; exclusive and writable.",
             "area pt page"),
        Stop("dup_mm", "An empty address space is made for the child."),
        Stop("dup_mmap", """Both mmap_locks are held for writing. It goes through the parent's areas
            one by one."""),
        Stop("dup_vma", """The one with our page. The copy of the area must be in the reverse map
            before it has an entry, or a walk could miss one.""", when=HAS_PAGE.format("old")),
        Stop("anon_vma_fork", "Two things: a chain in each tree that the parent's area is in ...",
             when=HAS_PAGE.format("parent")),
        Stop("anon_vma_clone", """... (the child may have the parent's pages), and an anon_vma of
            its own (the parent will never have the child's new ones).""", "family"),
        Stop("copy_page_range", """Now the entries, table by table, under both tables' locks.""",
             "pt", when=HAS_PAGE.format("src")),
        Stop("copy_present_pte", """Ours. The parent's entry loses its write bit, the page its
            PG_anon_exclusive; it is referenced and mapped once more; the child gets the same
            entry, not accessed yet.""", "page"),
        Stop("flush_tlb_mm", """All areas are done. Until this flush a thread of the parent might
            still write through an old translation; what it wrote both would see, as if it had
            come before the fork.""", "pt page"),
        Mark("end", "The child runs. Nothing was copied but tables.", "pt page rmap family")),
    "file": Tour(
        "a page of a file, mapped privately: a read, then a write",
        Mark("begin", "The file's page is in the page cache already, mapped by nobody.",
             "area pt"),
        ENTERS, DISPATCHES,
        Stop("do_fault", "The entry is none, and a file is behind the area.", fault=True),
        Stop("do_read_fault", "It is a read: the cached page itself can be mapped, read-only.",
             fault=True),
        Stop("filemap_grab_folio", "Found by its index in the file, or made and filled.",
             fault=True),
        Stop("folio_add_file_rmap", """The folio is locked, so that truncation keeps away. One
            entry more. Whose it is it knows already: the file's. The areas that may map it are in
            the file's i_mmap.""", fault=True),
        Mark("read", "The page of the file, in this program.", "pt page rmap"),
        Stop("do_wp_page", """Now a write to a private mapping: the page is in the page cache, so it
            cannot be ours.""", "page", fault=True),
        Stop("wp_page_copy", "A copy, which is anonymous: from now on the file does not matter "
             "here.", fault=True),
        Stop("folio_add_new_anon_rmap", "The area is in both trees now: i_mmap, and an anon_vma's.",
             "area family", when=OUR_ADDRESS),
        Mark("end", "The file's page has lost an entry.", "pt page rmap")),
    "stack": Tour(
        "a stack grows",
        Mark("begin", "An address a mebibyte below the stack pointer. No area is there.",
             "area pt"),
        ENTERS, LOOKS_UP,
        Stop("grow_stack", """The next area above the address is marked growsdown. Areas are about
            to change, so mmap_lock is taken again, for writing.""", fault=True),
        Stop("expand_stack", """May it grow that far? The limit of the stack's size, of all memory,
            and the guard gap to the area below must allow it.""", fault=True),
        Stop("handle_mm_fault", "The area has the address now; all else is a first touch.",
             "area", fault=True),
        Stop("do_anonymous_page", "The area is in the reverse map already, at its new size.",
             "family", fault=True),
        Mark("end", "All between was left out: an area is large, what is touched is not.",
             "area pt page")),
    "mremap": Tour(
        "a mapping moves, and its page with it",
        Mark("begin", "One page that is to become two, with no room behind it.", "area pt page"),
        Stop("do_mremap", "mmap_lock is taken for writing; growing in place is tried first."),
        Stop("move_vma", "The range behind is taken. A place for all of it was found elsewhere."),
        Stop("copy_vma", """The new area. Its vm_pgoff is chosen such that the page keeps its index:
            the page says where it is only by that."""),
        Stop("anon_vma_clone", "It is in the same trees before it has an entry.", "family"),
        Stop("move_page_tables", "Then the entries move, table by table ..."),
        Stop("move_ptes", """... with the family's lock held for writing, so that no walk finds the
            page neither at its old nor at its new place.""", "pt"),
        Mark("end", "The old area is gone. The same frame, the same index, another address.",
             "area pt page rmap")),
    "exit": Tour(
        "a process ends, and a page that it shared does not",
        Mark("begin", "The child, about to end. It shares the page with its parent.",
             "pt page rmap"),
        Stop("do_exit", "The last thread of the process."),
        Stop("exit_mmap", "Nobody uses the address space any more. First the entries ..."),
        Stop("unmap_page_range", "... area by area: this one has our page ...", "pt",
             when=HAS_PAGE.format("vma")),
        Stop("unmap_folio", "... which is mapped once less.", when=OUR_FOLIO),
        Stop("unlink_anon_vmas", """The entries are gone and flushed, and so the area can leave the
            trees. An anon_vma goes with its last area.""", when=HAS_PAGE.format("vma")),
        Mark("end", "The parent, who waited. The page is its own again, and its next write will "
             "find that out.", "pt page rmap family")),
    "swap": Tour(
        "a page that two processes map leaves for swap, and comes back",
        Mark("begin", """Parent and child map the page, and have not used it for a while. Another
            process is about to use up all memory.""", "pt page rmap"),
        Stop("folio_alloc_swap", """Whoever frees memory, kswapd or the one that wants some, has
            taken the page off the old end of its list: it was not used. It gets a slot on the
            disk, and is in the swap cache from now on: whoever comes to the slot finds the page
            itself.""", "page", when=OUR_FOLIO, anybody=True),
        Stop("try_to_unmap", "Now everybody who maps it must let go: the reverse map is walked.",
             "rmap", when=OUR_FOLIO, anybody=True),
        Stop("try_to_unmap_one", """The first area that has it. The entry is cleared, and becomes a
            swap entry that names the slot; the slot counts it.""", when=OUR_FOLIO,
             anybody=True),
        Stop("try_to_unmap_one", "And the next. The walk shows what has become of the first.",
             "rmap", when=OUR_FOLIO, anybody=True),
        Stop("swap_write_folio", """No processor can write to it any more: all were flushed, once
            for a batch of pages. Then it is written. Its frame is freed when the disk is done.""",
             "page rmap", when=OUR_FOLIO, anybody=True),
        Mark("gone", "Two swap entries, and a slot that counts them.", "pt slot"),
        Stop("do_swap_page", "The parent touches it. The entry is neither none nor present.",
             "pt", fault=True),
        Stop("swapin_folio", """Is it in the swap cache still, or being read by somebody? Else it is
            read, and its neighbours with it.""", fault=True),
        Stop("folio_add_anon_rmap_pte", """It is there. One entry is a mapping again; the other
            still names the slot, and the swap cache keeps the two together.""", "slot",
             when=OUR_ADDRESS),
        Mark("end", "The same content in another frame.", "pt page rmap"), disk=True),
}


def main(names):
    for name in names:
        if name not in TOURS:
            sys.exit("make tour: T=%s: there is no such tour; there are %s" %
                     (name, ", ".join(TOURS)))
    if names:
        return
    print("Tours (make tour T=NAME; AUTO=1 does not wait for Enter):")
    for name, tour in TOURS.items():
        print("  %-8s %s" % (name, tour.title))


if __name__ == "__main__":
    main(sys.argv[1:])
