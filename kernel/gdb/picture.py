"""picture.py - nodes and edges as DOT, with a legend of what is in it.

A node is a small table: a bold heading and lines below it, each of which an edge may begin at. So
an edge needs no label of its own, and none is crossed by another edge. Columns are ranks, from left
to right; in each of them the nodes stand in the order in which they were added.

Read:   cmd_graph.py, which draws families; graph_parts.py, page tables and swap."""
import os
import shutil
import subprocess

import gdb

FONT = "DejaVu Sans Mono,monospace"
WHITE, GRAY, BLUE, GREEN, YELLOW = "white", "gray92", "lightblue", "honeydew2", "lightyellow"
WRITABLE, READ_ONLY, SWAPPED = "firebrick", "royalblue", "darkorange3"

# What an edge may be: its meaning for the legend, and how it is drawn.
KINDS = {
    "own": ("chain to the area's own anon_vma: new pages belong to it", {}),
    "inherited": ("chain to an anon_vma that fork has passed on", {"color": "gray55"}),
    "parent": ("from a parent to its child", {"style": "dashed"}),
    "i_mmap": ("area in the file's tree i_mmap", {}),
    "writable": ("entry that maps the page, writable", {"color": WRITABLE, "penwidth": "2"}),
    "read-only": ("entry that maps the page, read-only", {"color": READ_ONLY, "penwidth": "2"}),
    "swap": ("entry that names a slot of swap", {"color": SWAPPED, "penwidth": "2"}),
    "table": ("entry that leads to the next table", {}),
    "copy": ("copy in memory: the swap cache", {"style": "dotted"}),
}


LEGEND_ROW = ('<TR><TD ALIGN="LEFT"><FONT COLOR="%s">%s</FONT></TD><TD ALIGN="LEFT">%s</TD></TR>')


def sample(style):
    """A piece of such a line in letters."""
    if "style" in style:
        return {"dashed": "- - -", "dotted": ". . ."}[style["style"]]
    return "\u2501\u2501\u2501" if "penwidth" in style else "\u2500\u2500\u2500"


def html(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Row:
    """A line of a node. @port: a name by which edges may begin or end there."""

    def __init__(self, text, port=None, color=None):
        self.text, self.port, self.color = text, port, color

    def cell(self):
        text = html(self.text)
        if self.color:
            text = '<FONT COLOR="%s">%s</FONT>' % (self.color, text)
        return '<TR><TD ALIGN="LEFT"%s>%s</TD></TR>' % (
            ' PORT="%s"' % self.port if self.port else "", text)


class Picture:
    """Nodes and edges, each once."""

    def __init__(self):
        self.nodes, self.edges, self.columns, self.kinds = {}, [], {}, []
        self.pairs = set()

    def node(self, name, heading, *rows, column=0, fill=WHITE):
        if name in self.nodes:
            return
        cells = ['<TR><TD ALIGN="LEFT"><B>%s</B></TD></TR>' % html(heading)]
        cells += [(row if isinstance(row, Row) else Row(row)).cell() for row in rows if row]
        self.nodes[name] = ('shape=plain, label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" '
                            'CELLPADDING="3" BGCOLOR="%s">%s</TABLE>>' % (fill, "".join(cells)))
        self.columns.setdefault(column, []).append(name)

    def circle(self, name, text, column):
        if name not in self.nodes:
            self.nodes[name] = 'shape=circle, margin="0.02", fontsize=9, label="%s"' % text
            self.columns.setdefault(column, []).append(name)

    def edge(self, start, end, kind, **more):
        if kind not in self.kinds:
            self.kinds.append(kind)
        style = ", ".join("%s=%s" % one for one in dict(KINDS[kind][1], **more).items())
        text = "%s -> %s [%s];" % (start, end, style)
        if text not in self.edges:
            self.edges.append(text)
            self.pairs.add((start.split(":")[0], end.split(":")[0]))

    def dot(self):
        yield "digraph avocet {"
        yield "\trankdir=LR; ranksep=0.6; nodesep=0.3; fontname=\"%s\"; fontsize=10;" % FONT
        yield "\tnode [fontname=\"%s\", fontsize=10];" % FONT
        yield "\tedge [fontname=\"%s\", fontsize=9, arrowsize=0.8];" % FONT
        for name, style in self.nodes.items():
            yield "\t%s [%s];" % (name, style)
        for names in self.columns.values():
            yield "\t{ rank=same; %s; }" % "; ".join(names)
            for pair in zip(names, names[1:]):
                if pair not in self.pairs:
                    yield "\t%s -> %s [style=invis];" % pair
        for edge in self.edges:
            yield "\t" + edge
        yield from self.legend()
        yield "}"

    def legend(self):
        """Below the picture: one sample of each kind of edge that is in it."""
        columns = sorted(self.columns)
        last = self.columns[columns[0]][-1] if columns else None
        rows = "".join(LEGEND_ROW % (KINDS[kind][1].get("color", "black"), sample(KINDS[kind][1]),
                                     html(KINDS[kind][0])) for kind in self.kinds)
        yield ('\tlegend [shape=plain, label=<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" '
               'CELLPADDING="2">%s</TABLE>>];' % rows)
        if last:
            yield "\t{ rank=same; %s; legend; }" % last
            yield "\t%s -> legend [style=invis];" % last

    def write(self, file):
        """As DOT, or as SVG if the name of @file ends in that."""
        text = "".join(line + "\n" for line in self.dot())
        file = os.path.expanduser(file)
        if not file.endswith(".svg"):
            try:
                with open(file, "w", encoding="utf-8") as out:
                    out.write(text)
            except OSError as error:
                raise gdb.GdbError("av graph: %s" % error)
            return
        done = subprocess.run(["dot", "-Tsvg", "-o", file], input=text, text=True, encoding="utf-8",
                              stderr=subprocess.PIPE)
        if done.returncode:
            raise gdb.GdbError("av graph: graphviz: " + done.stderr.strip())


def check_file(file):
    """That a picture can be made for it is found out before memory is looked at."""
    if file and file.endswith(".svg") and not shutil.which("dot"):
        raise gdb.GdbError("av graph: for SVG graphviz must be installed (apt install graphviz); "
                           "a FILE that ends in .dot can be had without")
