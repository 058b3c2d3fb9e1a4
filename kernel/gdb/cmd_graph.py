"""cmd_graph.py - av graph: a page's whole family as a picture.

The lines are those of kernel/mm/README.md's drawing: a task has an address space with areas; each
area hangs, by a chain, in the tree of each anon_vma whose pages it may map; an anon_vma has a
parent; and an entry leads from the area to the frame that it has at the page's place.

Read:   cmd_rmap.py for the same as text."""
import os
import shutil
import subprocess

import gdb

from cmd_page import describe
from cmd_rmap import find_anon_vma
from command import Command, page_of
from kernel import (Users, area_address, area_at, area_name, frame, is_anon, mapping_name,
                    rights)
from layout import View, container
from pagetable import is_swap, leaf, leaf_words, maps_frame, pte_pfn, swap_of
from walk import interval_nodes, list_of

SHORT = {"present": "", "accessed": "", "soft-dirty": "", "user": ""}


def quote(*lines):
    return '"%s"' % "\\n".join(str(line).replace("\\", "\\\\").replace('"', '\\"')
                               for line in lines if line)


class Picture:
    """Nodes and edges, each once."""

    def __init__(self):
        self.nodes, self.edges, self.groups = {}, [], {}

    def node(self, name, *lines, group=None, **style):
        if name not in self.nodes:
            style["label"] = quote(*lines)
            self.nodes[name] = ", ".join("%s=%s" % item for item in style.items())
            self.groups.setdefault(group, []).append(name)

    def edge(self, start, end, label="", **style):
        if label:
            style["label"] = quote(label)
        edge = "%s -> %s [%s];" % (start, end, ", ".join("%s=%s" % item
                                                         for item in style.items()))
        if edge not in self.edges:
            self.edges.append(edge)

    def dot(self):
        yield "digraph avocet {"
        yield "\trankdir=LR;"
        yield "\tnode [shape=box, fontname=\"monospace\", fontsize=10];"
        yield "\tedge [fontname=\"monospace\", fontsize=9];"
        for i, (group, names) in enumerate(self.groups.items()):
            indent = "\t"
            if group:
                yield "\tsubgraph cluster_%d {" % i
                yield "\t\tlabel=%s; style=rounded; color=gray;" % quote(group)
                indent = "\t\t"
            for name in names:
                yield "%s%s [%s];" % (indent, name, self.nodes[name])
            if group:
                yield "\t}"
        for edge in self.edges:
            yield "\t" + edge
        yield "}"


class Family:
    """Everything that hangs together with one anon_vma, or one file's page."""

    def __init__(self, index):
        self.picture, self.users, self.index = Picture(), Users(), index
        self.anon_vmas, self.areas = set(), set()

    def add_anon_vma(self, anon_vma):
        if anon_vma.addr in self.anon_vmas:
            return
        self.anon_vmas.add(anon_vma.addr)
        name = "av_%x" % anon_vma.addr
        is_root = anon_vma["root"] == anon_vma.addr
        self.picture.node(name, "anon_vma" + (" (root)" if is_root else ""),
                          "%#x" % anon_vma.addr, "children %d, active %d" %
                          (anon_vma.num_children, anon_vma.num_active_vmas),
                          style="filled", fillcolor="lightblue")
        if not is_root:
            self.add_anon_vma(anon_vma.to("parent"))
            self.picture.edge(name, "av_%x" % anon_vma.parent, "parent", style="dashed")
        for node in interval_nodes(anon_vma.rb_root):
            self.add_area(container(node.addr, "anon_vma_chain", "rb").to("vma"))

    def add_area(self, vma):
        if vma.addr in self.areas:
            return
        self.areas.add(vma.addr)
        name, mm = "vma_%x" % vma.addr, vma.to("vm_mm")
        self.picture.node(name, "%x-%x %s" % (vma.vm_start, vma.vm_end, rights(vma)),
                          area_name(vma), group=self.users.names(mm))
        for avc in list_of(vma.at("anon_vma_chain"), "anon_vma_chain", "same_vma"):
            anon_vma = avc.to("anon_vma")
            self.add_anon_vma(anon_vma)
            chain = "avc_%x" % avc.addr
            self.picture.node(chain, "AVC", shape="circle", fontsize="8", margin="0")
            own = vma.anon_vma == anon_vma.addr
            self.picture.edge(name, chain, arrowhead="none")
            self.picture.edge(chain, "av_%x" % anon_vma.addr, **({} if own else
                                                                 {"color": "gray"}))
        self.add_entry(name, vma, mm)

    def add_entry(self, name, vma, mm):
        addr = area_address(vma, self.index)
        entry = leaf(mm, addr) if addr is not None else None
        if not entry:
            return
        words = " ".join(w for w in leaf_words(entry).split() if SHORT.get(w, w))
        label = "PTE %x: %s" % (addr, words)
        if is_swap(entry):
            end = "slot_%d_%d" % swap_of(entry)
            self.picture.node(end, "swap area %d" % swap_of(entry)[0],
                              "slot %d" % swap_of(entry)[1], style="filled", fillcolor="gray90")
            self.picture.edge(name, end, label, color="red")
        elif maps_frame(entry):
            self.add_page(pte_pfn(entry))
            self.picture.edge(name, "page_%x" % pte_pfn(entry), label, color="red")

    def add_page(self, pfn):
        page = frame(pfn)
        facts = describe(page)
        self.picture.node("page_%x" % pfn, "page, frame %#x" % pfn,
                          "mapcount %d, references %d" % (facts["mapcount"], facts["refcount"]),
                          " ".join(f for f in facts["flags"] if f not in ("uptodate", "lru")),
                          style="filled", fillcolor="lightyellow")
        if page.mapping and is_anon(page):
            self.picture.edge("page_%x" % pfn, "av_%x" % (page.mapping & ~1), "mapping",
                              style="dotted")

    def add_file(self, mapping):
        name = "file_%x" % mapping.addr
        self.picture.node(name, "address_space", mapping_name(mapping),
                          "%d pages" % mapping.nrpages, style="filled", fillcolor="lightgreen")
        for node in interval_nodes(mapping.i_mmap, self.index, self.index):
            vma = container(node.addr, "vm_area_struct", "shared")
            self.add_area(vma)
            self.picture.edge("vma_%x" % vma.addr, name, "i_mmap")


class Graph(Command):
    """Draw a page's family as a graph: av graph X [PID] [-o FILE]

X as in `help av page`, or an anon_vma. The graph has all anon_vmas of the family with their
chains, areas and tasks, and the frames and entries at the page's place in each area; for a page of
a file, the areas that map it. It is written in DOT, to the screen or to FILE; if FILE ends in .svg,
graphviz makes a picture of it."""
    name = "graph"
    options = ("o=",)
    completes = "expression pid"

    def data(self, args, options):
        file = options.get("o")
        if file and file.endswith(".svg") and not shutil.which("dot"):
            raise gdb.GdbError("av graph: for SVG graphviz must be installed (apt install "
                               "graphviz); a FILE that ends in .dot can be had without")
        family = self.family(args)
        lines = list(family.picture.dot())
        if not file:
            return {"dot": "\n".join(lines), "file": None}
        self.write(os.path.expanduser(file), "\n".join(lines) + "\n")
        return {"dot": None, "file": file, "nodes": len(family.picture.nodes),
                "edges": len(family.picture.edges)}

    @staticmethod
    def family(args):
        where = None
        try:
            where = page_of(args)
        except gdb.GdbError:
            pass
        if where and where.page and where.page.mapping and not is_anon(where.page) and \
                "slab" not in describe(where.page)["flags"]:
            family = Family(where.page.index)
            family.add_file(View(where.page.mapping, "address_space"))
            family.add_page(where.pfn)
            return family
        anon_vma = find_anon_vma(args)
        family = Family(Graph.index_of(where, anon_vma))
        family.add_anon_vma(anon_vma.to("root"))
        return family

    @staticmethod
    def index_of(where, anon_vma):
        """The page's place; of an anon_vma, that of its first area's first page."""
        if where and where.mm:
            vma = area_at(where.mm, where.addr)
            return vma.vm_pgoff + (where.addr - vma.vm_start >> 12)
        if where and where.page and "slab" not in describe(where.page)["flags"]:
            return where.page.index
        return next((node.start for node in interval_nodes(anon_vma.rb_root)), 0)

    @staticmethod
    def write(file, text):
        if not file.endswith(".svg"):
            try:
                with open(file, "w") as out:
                    out.write(text)
            except OSError as error:
                raise gdb.GdbError("av graph: %s" % error)
            return
        done = subprocess.run(["dot", "-Tsvg", "-o", file], input=text, text=True,
                              stderr=subprocess.PIPE)
        if done.returncode:
            raise gdb.GdbError("av graph: graphviz: " + done.stderr.strip())

    def text(self, data):
        if data["dot"]:
            yield data["dot"]
        else:
            yield "%s: %d nodes, %d edges" % (data["file"], data["nodes"], data["edges"])


def register():
    Graph()
