"""cmd_check.py - av check: does all of memory fit together?"""
from check import Check
from command import Command

MAX_LINES = 20


class CheckCommand(Command):
    """Verify all of memory from outside: av check

Walks every page table, and compares each frame's map count, references and flags with the entries
found, and with what the reverse map finds; areas with their trees; LRU lists, free blocks, slabs
and swap slots with their counts; the sums of vmstat. It is what `cat /proc/mmcheck` does inside,
but nothing in the machine runs: it works on one that hangs. The first line has mmcheck's form.

Stopped in the middle of a fault or fork, the machine may have a count that is about to change:
then `finish`, and check again."""
    name = "check"

    def data(self, args, options):
        check = Check()
        check.run()
        return {"ok": not check.differences, "differences": check.differences, **check.counts}

    def text(self, data):
        differences = data["differences"]
        if differences:
            yield "check: FAILED %d difference%s" % (len(differences),
                                                    "" if len(differences) == 1 else "s")
            yield from differences[:MAX_LINES]
        yield ("check: %s %d mms (%d busy), %d areas, %d chains of %d anon_vmas, %d entries, "
               "%d folios, %d mapped files, %d frames (%d free)" % (
                   "looked at" if differences else "ok", data["mms"], data["busy_mms"],
                   data["areas"], data["chains"], data["anon_vmas"], data["entries"],
                   data["folios"], data["files"], data["frames"], data["free_frames"]))


def register():
    CheckCommand()
