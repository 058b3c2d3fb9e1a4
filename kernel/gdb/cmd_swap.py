"""cmd_swap.py - av swap: areas, and what a swap entry stands for."""
from command import Command, number
from layout import const
from pagetable import swap_of
from swap import areas, good_slots, slot_facts, slot_text, split, who_names


class Swap(Command):
    """Show swap areas, or what a swap entry stands for: av swap [ENTRY]

ENTRY is TYPE:SLOT, an entry as it stands in a page table, or the number in a swp_entry_t. Prints
the slot's state, how many entries name it, its copy in memory, and each entry: those of page
tables with process and address, those of tmpfs files with file and page. Without ENTRY: the areas
in use."""
    name = "swap"
    completes = "expression"

    def data(self, args, options):
        if not args:
            return {"areas": [self.one_area(kind, area) for kind, area in areas()]}
        list(areas())
        slot = self.entry(args[0])
        facts = slot_facts(*slot)
        return {"slot": facts, "entries": list(who_names(slot)) if facts["count"] else []}

    @staticmethod
    def entry(text):
        kind, colon, slot = text.partition(":")
        if colon and kind.isdigit():
            return int(kind), number(slot)
        value = number(text)
        if value >> 40 & 0x3ffff:	# the offset is upside down: it is a page table's
            return swap_of(value)
        return split(value)

    @staticmethod
    def one_area(kind, area):
        states = {"entries": 0, "cached": 0, "bad": area.map.max - 1}
        for _, count, pfn in good_slots(area):
            states["bad"] -= 1
            states["entries"] += count
            states["cached"] += pfn != 0
        return {"type": kind, "path": area.path, "priority": area.prio,
                "pages": area.map.pages, "used": area.used,
                "writable": bool(area["flags"] & const("SWP_WRITEOK")), **states}

    def text(self, data):
        if "areas" in data:
            yield "type   pages    used entries  cached  bad priority path"
            for a in data["areas"]:
                yield "%4d %7d %7d %7d %7d %4d %8d %s%s" % (
                    a["type"], a["pages"], a["used"], a["entries"], a["cached"], a["bad"],
                    a["priority"], a["path"], "" if a["writable"] else " (being emptied)")
            return
        yield from slot_text(data["slot"])
        for entry in data["entries"]:
            yield "    %s at %s: %s" % (entry["users"], entry["address"], entry["words"])


def register():
    Swap()
