#!/usr/bin/env python3
"""layers.t - includes point down the layers only; the table below is the rule."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tree import Tap, files, includes, resolve  # noqa: E402

# What the files of a folder (key: how its path begins) may not include (how an include begins).
# kernel/include/mm/ is held to the rules of kernel/mm/, and so on for each mirrored folder.
FORBIDDEN = {
    "lib/": ("asm/", "mm/", "fs/", "proc/", "sched/", "sync/", "syscall/", "drivers/", "debug/",
             "uapi/", "boot/"),
    "kernel/mm/": ("fs/", "proc/", "syscall/", "drivers/", "boot/"),
    "kernel/sync/": ("mm/", "fs/", "syscall/", "drivers/", "boot/"),
    "kernel/sched/": ("fs/", "syscall/", "drivers/", "boot/"),
    "kernel/fs/": ("syscall/", "boot/"),
    "kernel/proc/": ("syscall/", "drivers/", "boot/"),
    "kernel/drivers/": ("syscall/", "boot/"),
    "kernel/debug/": ("fs/", "syscall/"),
    "kernel/arch/x86_64/include/": ("fs/", "syscall/", "drivers/"),
    "kernel/include/uapi/": ("asm/", "mm/", "fs/", "proc/", "sched/", "sync/", "syscall/",
                             "drivers/", "debug/", "boot/"),
    "boot/": ("asm/", "mm/", "fs/", "proc/", "sched/", "sync/", "syscall/", "drivers/", "debug/"),
    "user/": ("asm/page.h", "mm/", "fs/", "proc/", "sched/", "sync/", "lib/", "boot/"),
}

# Steps upward that the design knows of: (folder, include), each with its reason.
ALLOWED = {
    ("kernel/mm/", "fs/file.h"): "a VMA holds a reference to its file",
    ("kernel/mm/", "fs/types.h"): "a mapping names the inode that it belongs to",
    ("kernel/mm/", "proc/task.h"): "the current task: its mm, its limits",
    ("kernel/mm/", "proc/signal.h"): "a fatal signal ends a wait for memory",
    ("kernel/mm/", "drivers/blk.h"): "swap areas are on disks",
    ("kernel/proc/", "drivers/tty.h"): "the end of a session's leader hangs up its terminal",
}


def layer_of(path):
    mirrored = path.replace("kernel/include/", "kernel/", 1)
    if path.startswith("kernel/include/uapi/"):
        mirrored = path
    return next((layer for layer in FORBIDDEN if mirrored.startswith(layer)), None)


def violations(layer):
    for path in files(".c", ".h"):
        if layer_of(path) != layer:
            continue
        for name in includes(path):
            if name.startswith(FORBIDDEN[layer]) and resolve(name) and (layer, name) not in ALLOWED:
                yield "%s includes <%s>" % (path, name)


def main():
    tap = Tap()
    for layer in FORBIDDEN:
        tap.none(layer + " includes nothing from above it", violations(layer))
    taken = {(layer_of(path), name) for path in files(".c", ".h") for name in includes(path)}
    tap.none("every permitted step upward is still taken",
             (" <".join(step) for step in set(ALLOWED) - taken))
    tap.done()


main()
