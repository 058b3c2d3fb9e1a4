"""check_sums.py - the part of av check that is about slabs, and about counts of the whole machine:
what slab_verify() and verify_sums() compare in the kernel.
Read:   check.py, which calls this; kernel/mm/slab.c, vmstat.c."""
from kernel import caches, frame, is_frame, page_flag_bit, pfn_of
from layout import View, const, enum, variable
from target import PAGE_SHIFT, PAGE_SIZE, target
from walk import list_of


# ---- slabs

def check_slabs(check):
    for cache in caches():
        check.attempt(check_cache, check, cache, target.string(cache.name))


def check_cache(check, cache, name):
    slabs = empty = free = 0
    for page in list_of(cache.at("partial"), "page", "slab_node"):
        found = free_objects(check, cache, name, page)
        check.check(page.flags & page_flag_bit("slab") and page["slab_cache"] == cache.addr and
                    found and found + page.slab_inuse == cache.per_slab,
                    "slab %s: frame %#x has %d free objects and %d in use, not %d", name,
                    pfn_of(page), found, page.slab_inuse, cache.per_slab)
        slabs, empty, free = slabs + 1, empty + (not page.slab_inuse), free + found
    check.check(slabs <= cache.nr_slabs and empty == cache.nr_empty and
                free + cache.nr_inuse == cache.nr_slabs * cache.per_slab,
                "slab %s: %d partial of %d slabs, %d empty (counted %d), %d free objects, %d in "
                "use", name, slabs, cache.nr_slabs, empty, cache.nr_empty, free, cache.nr_inuse)
    for cpu, magazine in enumerate(cache.magazines):
        for at in magazine.objs[:magazine.nr] if magazine.nr else ():
            check.check(cache_of(at) == cache.addr,
                        "slab %s: processor %d has an object of another cache, %#x", name, cpu, at)


def free_objects(check, cache, name, page):
    """How many are in the list of a slab, which may be damaged."""
    base, at, found = const("DIRECT_MAP_BASE") + (pfn_of(page) << PAGE_SHIFT), page.slab_free, 0
    while at:
        found += 1
        if not check.check(0 <= at - base < PAGE_SIZE and not (at - base) % cache.size and
                           found <= cache.per_slab,
                           "slab %s: frame %#x has a damaged list of free objects", name,
                           pfn_of(page)):
            break
        at = target.word(at)
    return found


def cache_of(at):
    """The address of the cache whose object is at @at; None if none is."""
    pfn = at - const("DIRECT_MAP_BASE") >> PAGE_SHIFT
    return frame(pfn)["slab_cache"] if is_frame(pfn) else None


# ---- sums

def check_sums(check):
    """check.found: what was counted of each. Of objects there may be more than was found: somebody
    is making or freeing one."""
    for number, name in enum("page_state_item").items():
        if name in check.found:
            is_ = sum(cpu.state[number] for cpu in variable("vm_counters"))
            check.check(is_ == check.found[name], "vmstat: %s is %d, %d found", name, is_,
                        check.found[name])
    slabs = sum(cache.nr_slabs for cache in caches())
    for what, is_ in (("writeback", variable("nr_writeback", "mm/page_io.c")),
                      ("table", variable("nr_tables", "x86_64/pgtable.c")), ("slab", slabs)):
        check.check(is_ == check.found[what], "%d frames have the flag %s, counted as %d",
                    check.found[what], what, is_)
    objects = {"mm_struct": check.counts["mms"]}
    if not check.counts["busy_mms"]:	# else not all areas and chains were counted
        objects.update(vm_area_struct=check.counts["areas"], anon_vma_chain=check.counts["chains"],
                       anon_vma=len(check.anon_vmas))
    for cache in caches():
        name = target.string(cache.name)
        out = cache.nr_inuse - sum(magazine.nr for magazine in cache.magazines)
        check.check(out >= objects.get(name, 0), "slab %s: %d objects are out, %d found", name, out,
                    objects.get(name, 0))
