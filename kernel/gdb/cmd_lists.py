"""cmd_lists.py - av lru, buddy and slab: the lists that frames and objects wait in."""
import gdb

from command import Command, Hex
from kernel import caches, free_blocks, lru_heads, page_bits, pfn_of, stacked_frames
from layout import const, variable
from target import ERRORS, session, target
from walk import list_of

PAGES_A_LINE = 8


class Lru(Command):
    """Show the LRU lists: av lru [-pages]

Of each list its size, how many frames were found in it, and how many of those are mapped, dirty,
and so on. -pages also lists the frames, the newest first: reclaim takes them from the other
end."""
    name = "lru"
    options = ("pages",)
    counted = ("referenced", "dirty", "swapcache", "writeback", "mlocked")

    def data(self, args, options):
        found = []
        for name, head, size in lru_heads():
            one = {"list": name, "size": size, "found": 0, "mapped": 0,
                   **dict.fromkeys(self.counted, 0)}
            frames = []
            for page in list_of(head, "page", "lru"):
                flags = page_bits(page)
                one["found"] += 1
                one["mapped"] += page._mapcount > 0
                for flag in self.counted:
                    one[flag] += flag in flags
                frames.append(Hex(pfn_of(page)))
            one["frames"] = frames if options.get("pages") else None
            found.append(one)
        return found

    def text(self, data):
        heads = ("size", "found", "mapped", *self.counted)
        yield "%-16s" % "list" + "".join("%11s" % head for head in heads)
        for one in data:
            mark = "" if one["size"] == one["found"] else "  !!! size and list differ"
            yield "%-16s" % one["list"] + "".join("%11d" % one[head] for head in heads) + mark
            frames = one["frames"] or []
            for i in range(0, len(frames), PAGES_A_LINE):
                yield "    " + " ".join(str(f) for f in frames[i:i + PAGES_A_LINE])


class Buddy(Command):
    """Show the free blocks of frames by order: av buddy [-blocks]

Then the frames that each processor keeps on its own stack, and the watermarks. -blocks lists the
blocks."""
    name = "buddy"
    options = ("blocks",)

    def data(self, args, options):
        zone, marks = variable("zone", "mm/page_alloc.c"), variable("watermarks")
        orders = [{"order": order, "counted": zone.nr_blocks[order], "blocks": []}
                  for order in range(const("MAX_ORDER") + 1)]
        for pfn, order in free_blocks():
            orders[order]["blocks"].append(Hex(pfn))
        stacks = [0] * const("NR_CPUS")
        for _, cpu in stacked_frames():
            stacks[cpu] += 1
        for one in orders:
            one["found"] = len(one["blocks"])
            if not options.get("blocks"):
                del one["blocks"]
        return {"orders": orders, "free": zone.nr_free, "stacks": stacks,
                "watermarks": {name: getattr(marks, name) for name in ("min", "low", "high")},
                "total": variable("totalram_pages")}

    def text(self, data):
        yield "order  blocks  frames"
        for one in data["orders"]:
            yield "%5d %7d %7d%s" % (one["order"], one["found"], one["found"] << one["order"],
                                     "" if one["found"] == one["counted"] else
                                     "  !!! counted as %d" % one["counted"])
            blocks = one.get("blocks", [])
            for i in range(0, len(blocks), PAGES_A_LINE):
                yield "      " + " ".join(str(b) for b in blocks[i:i + PAGES_A_LINE])
        found = sum(one["found"] << one["order"] for one in data["orders"])
        yield "free in blocks: %d frames%s; on processors' stacks: %s" % (
            found, "" if found == data["free"] else " !!! counted as %d" % data["free"],
            " ".join(str(n) for n in data["stacks"]))
        yield "of %d; watermarks: min %d, low %d, high %d" % (
            data["total"], *(data["watermarks"][name] for name in ("min", "low", "high")))


class Slab(Command):
    """Show the caches of small objects: av slab [CACHE]

OUT is the number of objects in use, SPARE that of free ones in processors' magazines. With a
CACHE's name, its slabs that have a free object are listed, too."""
    name = "slab"
    completes = "cache"

    def data(self, args, options):
        found = []
        for cache in caches():
            name = target.string(cache.name)
            if args and name != args[0]:
                continue
            spare = [magazine.nr for magazine in cache.magazines]
            one = {"name": name, "object_bytes": cache.object_bytes, "per_slab": cache.per_slab,
                   "slabs": cache.nr_slabs, "out": cache.nr_inuse - sum(spare),
                   "spare": spare, "empty_slabs": cache.nr_empty, "partial": None,
                   "cache": Hex(cache.addr)}
            if args:
                one["partial"] = [{"frame": Hex(pfn_of(page)), "in_use": page.slab_inuse}
                                  for page in list_of(cache.at("partial"), "page", "slab_node")]
            found.append(one)
        if args and not found:
            raise gdb.GdbError("av slab: there is no cache %s" % args[0])
        return found

    def completions(self, text, word):
        try:
            with session():
                names = [target.string(cache.name) for cache in caches()]
        except ERRORS:
            return gdb.COMPLETE_NONE
        # gdb takes a word to begin behind a dash
        done = text[:len(text) - len(word)].rsplit(" ", 1)[-1]
        return [name[len(done):] for name in names if name.startswith(done + word)]

    def text(self, data):
        yield "%-20s %6s %5s %6s %7s %6s" % ("cache", "bytes", "slab", "slabs", "out", "spare")
        for one in data:
            yield "%-20s %6d %5d %6d %7d %6d" % (
                one["name"], one["object_bytes"], one["per_slab"], one["slabs"], one["out"],
                sum(one["spare"]))
            for slab in one["partial"] or ():
                yield "    frame %s: %d of %d in use" % (slab["frame"], slab["in_use"],
                                                         one["per_slab"])


def register():
    Lru()
    Buddy()
    Slab()
