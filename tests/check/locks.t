#!/usr/bin/env python3
"""locks.t - every lock has a place in lock_rank.h, and each field's guard stands beside it."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tree import Tap, files, read  # noqa: E402

RANKS = "kernel/include/sync/lock_rank.h"
LOCK = re.compile(r"^\s*(?:static\s+|extern\s+)?(?:struct\s+)?"
                  r"(spinlock_t|spinlock|rwsem|rw_semaphore|mutex|rwlock_t)\s+(\w+)\b[^()]*;", re.M)
DEFINED = re.compile(r"\bDEFINE_\w+\(\s*(\w+)\s*,\s*(RANK_\w+)")


def kernel_files():
    return [p for p in files(".c", ".h") if p.startswith("kernel/")]


def without_rank(text):
    """Locks that are declared and that no line gives a rank to."""
    for path in kernel_files():
        for kind, name in LOCK.findall(read(path)):
            if not re.search(r"\b%s\b[^;]*\bRANK_\w+" % name, text):
                yield "%s: %s %s" % (path, kind, name)


def main():
    tap = Tap()
    known = set(re.findall(r"^\s*(RANK_\w+)", read(RANKS), re.M))
    text = "\n".join(read(p) for p in kernel_files() if p != RANKS)
    tap.ok(len(known) > 10, "lock_rank.h lists the ranks")
    used = set(re.findall(r"\bRANK_[A-Z_0-9]+\b", text))
    tap.none("every rank in use is listed", sorted(used - known))
    tap.none("every lock is given a rank", without_rank(text))
    tap.done()


main()
