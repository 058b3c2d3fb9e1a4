"""walk.py - going through lists, trees and maps of lib/ in the machine's memory.
A damaged structure must not hang gdb: every walk has an end, and says so with Damaged."""
import gdb

from layout import View, container, struct
from target import target

MAX_DEPTH = 64		# of a red-black tree with 2^32 nodes
MAX_HEIGHT = 11		# of a radix tree with 64 bits of index, six a level


class Damaged(gdb.GdbError):
    """A structure that leads nowhere or in circles."""


def list_nodes(head):
    """Addresses of the list_heads in the list whose head is at @head. One that goes in a circle
    without the head comes back to the node noted last: each is noted for twice as many steps."""
    at, steps, noted, until = target.word(head), 0, None, 1
    while at != head:
        if not at or at == noted:
            raise Damaged("av: the list at %#x is damaged" % head)
        steps += 1
        if steps == until:
            noted, until = at, 2 * until
        following = target.word(at)
        yield at
        at = following


def list_of(head, name, member):
    """Views of `struct @name` whose @member is in the list."""
    offset, layout = struct(name).fields[member].offset, struct(name)
    for at in list_nodes(head):
        yield View(at - offset, layout)


def list_length(head):
    return sum(1 for _ in list_nodes(head))


def interval_nodes(root, first=0, last=(1 << 64) - 1):
    """interval_tree_nodes that share a number with [first, last], in the order of a walk."""
    def below(rb, depth):
        if depth > MAX_DEPTH:
            raise Damaged("av: the tree at %#x is damaged" % root.addr)
        node = container(rb.addr, "interval_tree_node", "rb")
        if node.subtree_last < first:
            return		# nothing here reaches what is asked for
        left, right = rb.to("rb_left"), rb.to("rb_right")
        if left:
            yield from below(left, depth + 1)
        if node.start > last:
            return		# nor does what begins behind it
        if node.last >= first:
            yield node
        if right:
            yield from below(right, depth + 1)
    top = root.to("rb_node")
    if top:
        yield from below(top, 0)


def radix_root(tree):
    """(root, height) of the radix_tree View @tree."""
    if tree.height > MAX_HEIGHT:
        raise Damaged("av: the tree at %#x is damaged" % tree.addr)
    return tree.root, tree.height


def radix_entries(tree):
    """(index, entry) of the radix_tree View @tree, in order."""
    slots = struct("radix_node").fields["slots"].count
    bits = slots.bit_length() - 1
    root, height = radix_root(tree)

    def below(at, level, base):
        if not level:
            yield base, at
            return
        node = View(at, "radix_node")
        for i, slot in enumerate(node.slots):
            if slot:
                yield from below(slot, level - 1, base << bits | i)
    if root:
        yield from below(root, height, 0)


def radix_lookup(tree, index):
    """The entry at @index, 0 if there is none."""
    slots = struct("radix_node").fields["slots"].count
    bits = slots.bit_length() - 1
    at, level = radix_root(tree)
    if level * bits < 64 and index >> level * bits:
        return 0
    while level and at:
        level -= 1
        at = View(at, "radix_node").slots[index >> level * bits & slots - 1]
    return at
