"""cmd_graph.py - av graph: a page's whole family as a picture; page tables and swap as well.

The lines are those of kernel/mm/README.md's drawing: a task has an address space with areas; each
area hangs, by a chain, in the tree of each anon_vma whose pages it may map; an anon_vma has a
parent; and an entry leads from the area to the frame that it has at the page's place. From left to
right: frames and slots, areas, chains, anon_vmas; from top to bottom: parents, then children.

Read:   picture.py for how it is drawn; graph_parts.py for the other pictures; cmd_rmap.py for
        the same as text."""
import gdb

from cmd_page import describe
from cmd_rmap import find_anon_vma
from command import Command, page_of
from graph_parts import (add_frame, add_target, entry_kind, entry_row, slot_picture,
                         table_picture)
from kernel import (Users, area_address, area_at, area_name, is_anon, mapping_name, pfn_of,
                    rights)
from layout import View, container
from pagetable import leaf
from picture import BLUE, GREEN, Picture, check_file
from walk import MAX_DEPTH, interval_nodes, list_of

PAGES, AREAS, CHAINS, OWNERS = range(4)		# columns


class Family:
    """Everything that hangs together with one anon_vma, or one file's page."""

    def __init__(self, index):
        self.picture, self.users, self.index = Picture(), Users(), index
        self.anon_vmas, self.areas, self.owners = [], [], {}

    # ---- first it is found: anon_vmas parents first, areas in their own anon_vmas' order

    def find(self, root):
        found = [root]
        for anon_vma in found:
            for node in interval_nodes(anon_vma.rb_root):
                self.find_area(container(node.addr, "anon_vma_chain", "rb").to("vma"), found)
        self.owners = {vma.anon_vma: self.first_pid(vma) for vma in reversed(self.areas)}
        self.anon_vmas = sorted(found, key=self.line_of)
        order = {anon_vma.addr: i for i, anon_vma in enumerate(self.anon_vmas)}
        self.areas.sort(key=lambda vma: (order.get(vma.anon_vma, -1), vma.vm_start))

    def first_pid(self, vma):
        return min(self.users.pids(vma.to("vm_mm")), default=0)

    def find_area(self, vma, found):
        if any(vma.addr == known.addr for known in self.areas):
            return
        self.areas.append(vma)
        for avc in list_of(vma.at("anon_vma_chain"), "anon_vma_chain", "same_vma"):
            anon_vma = avc.to("anon_vma")
            while all(anon_vma.addr != known.addr for known in found):
                found.append(anon_vma)
                anon_vma = anon_vma.to("parent")

    def line_of(self, anon_vma):
        """Its ancestors from the root on, and itself; brothers in the order of their processes."""
        line = [(self.owners.get(anon_vma.addr, 0), anon_vma.addr)]
        while anon_vma.parent != anon_vma.addr and len(line) < MAX_DEPTH:
            anon_vma = anon_vma.to("parent")
            line.append((self.owners.get(anon_vma.addr, 0), anon_vma.addr))
        return line[::-1]

    # ---- then it is drawn

    def draw(self):
        for vma in self.areas:
            self.draw_area(vma)
        for above, anon_vma in zip([None] + self.anon_vmas, self.anon_vmas):
            self.draw_anon_vma(anon_vma, above)
        for vma in self.areas:
            self.draw_chains(vma)

    def draw_anon_vma(self, anon_vma, above):
        name, is_root = "av_%x" % anon_vma.addr, anon_vma["root"] == anon_vma.addr
        self.picture.node(name, "anon_vma" + (" (root)" if is_root else ""), "%#x" % anon_vma.addr,
                          "children %d, active %d" % (anon_vma.num_children,
                                                      anon_vma.num_active_vmas),
                          column=OWNERS, fill=BLUE)
        if anon_vma.parent != anon_vma.addr:
            # around those between; where there are none, graphviz 2.43 would draw no arrow
            side = "" if above.addr == anon_vma.parent else ":e"
            self.picture.edge("av_%x" % anon_vma.parent + side, name + side, "parent")

    def draw_area(self, vma):
        name, mm = "vma_%x" % vma.addr, vma.to("vm_mm")
        addr = area_address(vma, self.index)
        entry = leaf(mm, addr) if addr is not None else None
        self.picture.node(name, self.users.names(mm),
                          "%x-%x %s" % (vma.vm_start, vma.vm_end, rights(vma)), area_name(vma),
                          entry_row(addr, entry) if entry else None, column=AREAS)
        if entry:
            self.draw_entry(name + ":pte", entry)

    def draw_entry(self, start, entry):
        end = add_target(self.picture, entry, PAGES)
        if end:		# drawn from the left, where the pages are
            self.picture.edge(end, start + ":w", entry_kind(entry), dir="back")

    def draw_chains(self, vma):
        for avc in list_of(vma.at("anon_vma_chain"), "anon_vma_chain", "same_vma"):
            chain = "avc_%x" % avc.addr
            kind = "own" if vma.anon_vma == avc.anon_vma else "inherited"
            self.picture.circle(chain, "AVC", CHAINS)
            self.picture.edge("vma_%x:e" % vma.addr, chain + ":w", kind, arrowhead="none")
            self.picture.edge(chain + ":e", "av_%x:w" % avc.anon_vma, kind)


class FileFamily(Family):
    """The areas that map one page of a file, and who has a copy."""

    def __init__(self, page):
        super().__init__(page.index)
        mapping = View(page.mapping, "address_space")
        name = "file_%x" % mapping.addr
        for node in interval_nodes(mapping.i_mmap, self.index, self.index):
            self.areas.append(container(node.addr, "vm_area_struct", "shared"))
        add_frame(self.picture, pfn_of(page), PAGES)
        for vma in self.areas:
            self.draw_area(vma)
        self.picture.node(name, "address_space", mapping_name(mapping),
                          "%d pages" % mapping.nrpages, column=CHAINS, fill=GREEN)
        for vma in self.areas:
            self.picture.edge("vma_%x:e" % vma.addr, name + ":w", "i_mmap")


def family_picture(args):
    where = None
    try:
        where = page_of(args)
    except gdb.GdbError:
        pass
    if where and where.page and where.page.mapping and not is_anon(where.page) and \
            "slab" not in describe(where.page)["flags"]:
        return FileFamily(where.page).picture
    anon_vma = find_anon_vma(args)
    family = Family(index_of(where, anon_vma))
    family.find(anon_vma.to("root"))
    family.draw()
    return family.picture


def index_of(where, anon_vma):
    """The page's place; of an anon_vma, that of its first area's first page."""
    if where and where.mm:
        vma = area_at(where.mm, where.addr)
        return vma.vm_pgoff + (where.addr - vma.vm_start >> 12)
    if where and where.page and "slab" not in describe(where.page)["flags"]:
        return where.page.index
    return next((node.start for node in interval_nodes(anon_vma.rb_root)), 0)


class Graph(Command):
    """Draw a page's family as a graph: av graph X [PID] [-o FILE]
Draw the way of an address through the page tables: av graph -pt ADDR [PID] [-o FILE]
Draw a swap slot with all who name it: av graph -swap ENTRY [-o FILE]

X as in `help av page`, or an anon_vma. The graph has all anon_vmas of the family with their
chains, areas and tasks, and the frames and entries at the page's place in each area; for a page of
a file, the areas that map it. With -pt: the table of each level, and what its entries near the
address's lead to. ENTRY as in `help av swap`. A legend says what the lines mean.

It is written in DOT, to the screen or to FILE; if FILE ends in .svg, graphviz makes a picture of
it."""
    name = "graph"
    options = ("o=", "pt", "swap")
    completes = "expression pid"

    def data(self, args, options):
        file = options.get("o")
        check_file(file)
        picture = self.picture(args, options)
        if file:
            picture.write(file)
        return {"dot": None if file else "\n".join(picture.dot()), "file": file,
                "nodes": len(picture.nodes), "edges": len(picture.edges)}

    def picture(self, args, options):
        if options.get("pt"):
            return table_picture(args)
        if options.get("swap"):
            return slot_picture(args)
        return family_picture(args)

    def text(self, data):
        if data["dot"]:
            yield data["dot"]
        else:
            yield "%s: %d nodes, %d edges" % (data["file"], data["nodes"], data["edges"])


def register():
    Graph()
