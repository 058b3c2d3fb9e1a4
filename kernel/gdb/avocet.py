"""avocet.py - gdb commands that know the kernel's memory. `make gdb` loads this file; in another
gdb, `source kernel/gdb/avocet.py`. Then: help av."""
import os
import sys

import gdb

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


class Avocet(gdb.Command):
    """What the kernel does with memory: who maps a page, what an entry says, what waits for what.

Every command has -json. They work on a running machine (make gdb), after a panic, and on a
file made by QEMU's dump-guest-memory."""

    def __init__(self):
        super().__init__("av", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, text, from_tty):
        if text:
            raise gdb.GdbError("av: there is no command %s; see: help av" % text.split()[0])
        gdb.execute("help av")


Avocet()
for module in ("cmd_process", "cmd_pagetable", "cmd_page", "cmd_rmap", "cmd_graph", "cmd_lists",
               "cmd_swap", "cmd_locks", "cmd_check", "cmd_user", "cmd_tour"):
    __import__(module).register()
