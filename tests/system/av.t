#!/usr/bin/env python3
"""av.t - the gdb commands of kernel/gdb, on a machine in a known state: a family of processes that
share a page, of which one has made a copy, and a page of a file; then with that page in swap. What
they find is compared with what the machine says of itself: /proc/rmap, maps, anon_vma, mmcheck. The
same again from a memory dump, and after a panic."""
import json
import os
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import (BUILD, INITRAMFS, KERNEL, PROMPT, SCALE, SCRATCH, TESTS,  # noqa: E402
                     Machine, Tap, try_out)

MEM = 64
AVOCET = os.path.join(os.path.dirname(TESTS), "kernel", "gdb", "avocet.py")
COMMANDS = ("anonvma avc break-user bt buddy check graph locks lru page ps pt rmap slab swap "
            "symbols tour vmmap").split()
COUNTS = "mms areas chains anon_vmas entries folios files frames free_frames".split()
DRGN = """
import sys
import drgn
from drgn.helpers.linux.list import list_first_entry
prog = drgn.Program()
prog.set_core_dump(sys.argv[1])
if hasattr(prog, "main_module"):        # it wants a build ID, or force
    prog.main_module("kernel", create=True).try_file(sys.argv[2], force=True)
else:
    prog.load_debug_info([sys.argv[2]])
first = list_first_entry(prog["all_tasks"].address_of_(), "struct task_struct", "tasks")
print(first.comm.string_().decode())
"""
MARK = "\n@@@\n"		# what gdb says before each command
tap = Tap()


def run(command, seconds=20, attached=None, env=None):
    """What it prints; an AssertionError with that if it does not end. attached() is called when the
    first marker comes: the machine stands still then."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               stdin=subprocess.DEVNULL, env=env)
    said, deadline = b"", time.monotonic() + seconds * SCALE
    try:
        while select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                process.wait()
                return said.decode("utf-8", "replace")
            said += data
            if attached and MARK in said.decode("utf-8", "replace"):
                attached()
                attached = None
        raise AssertionError("no end: " + said[-1000:].decode("utf-8", "replace"))
    finally:
        process.kill()
        process.wait()


def gdb(target, *commands, attached=None):
    """What each of @commands prints. @target: a socket, or a dump."""
    line = ["gdb", "-q", "-nx", "-batch", "-iex", "set pagination off", KERNEL]
    line += [target] if target.endswith(".dump") else ["-ex", "target remote " + target]
    line += ["-x", AVOCET]
    for command in commands:
        line += ["-ex", "echo " + MARK.replace("\n", "\\n"), "-ex", command]
    said = run(line, attached=attached)
    with open(os.path.join(SCRATCH, "av-gdb.log"), "a") as log:
        log.write(said)
    parts = said.split(MARK)[1:]
    parts[-1] = re.sub(r"\[Inferior 1 \(process 1\) detached\]\n?$", "", parts[-1])
    return [part.strip("\n") for part in parts]


def data(text):
    """The JSON that a command printed."""
    return json.loads(text[min(i for i in (text.find("{"), text.find("[")) if i >= 0):])


def hexes(value):
    return int(value, 16)


class Guest:
    """The machine, and what is known of its family."""

    def __init__(self, machine, socket):
        self.machine, self.socket = machine, socket

    def gdb(self, *commands, type_=None):
        """@type_: a line that is typed in the machine as soon as it goes on."""
        attached = (lambda: self.machine.send(type_ + "\n")) if type_ else None
        said = gdb(self.socket, *commands, attached=attached)
        if type_:
            self.machine.expect(re.escape(type_) + r"\n")
            self.machine.expect(PROMPT)
        return said

    def start_family(self):
        self.machine.send("family &\n")
        found = self.machine.expect(r"family: parent (\d+) child (\d+) copier (\d+) "
                                    r"page (0x\w+) file (0x\w+)\n")
        self.parent, self.child, self.copier = (int(n) for n in found.groups()[:3])
        self.page, self.file = found.groups()[3:]
        self.machine.send("\n")
        self.machine.expect(PROMPT)

    def cat(self, path):
        return self.machine.command("cat " + path)


# ---- what the machine says of itself

def proc_rmap(text):
    """[(maps, pid, start, end, address, words)] of /proc/rmap/FRAME, in its order."""
    found = []
    for line in text.splitlines():
        match = re.match(r"  (maps|in vain)\s+pid (\d+) \(\w+\) (\w+)-(\w+) at (\w+): (.*)", line)
        if match:
            how, pid, start, end, at, words = match.groups()
            found.append((how == "maps", int(pid), int(start, 16), int(end, 16), int(at, 16),
                          words))
    return found


def av_rmap(found):
    """The same of av rmap -json. Its words have more, behind those of /proc."""
    return [(v["maps"], v["pids"][0], hexes(v["start"]), hexes(v["end"]), hexes(v["address"]),
             v["words"] if v["maps"] else v["why"]) for v in found["visits"]]


def same_visits(inside, outside):
    assert inside, "the machine's own walk finds nothing"
    assert len(inside) == len(outside), "%r is not %r" % (outside, inside)
    for one, other in zip(inside, outside):
        assert one[:5] == other[:5], "%r is not %r" % (other, one)
        if one[0]:
            assert other[5].startswith(one[5]), "%r is not %r" % (other[5], one[5])
        else:
            assert other[5] == one[5], "%r is not %r" % (other[5], one[5])


# ---- tests, in their order

def all_documented(guest):
    texts = guest.gdb(*["help av " + name for name in COMMANDS], "complete av ")
    for name, text in zip(COMMANDS, texts):
        assert "av %s" % name in text and "-json" in text, "help av %s: %s" % (name, text)
    listed = [line.split()[1] for line in texts[-1].splitlines()]
    assert sorted(listed) == sorted(COMMANDS), "completion of av: %s" % listed


def completion(guest):
    pids, options, caches, bad = guest.gdb("complete av vmmap %d" % guest.parent,
                                           "complete av pt -t", "complete av slab anon",
                                           "av vmmap 31999")
    assert pids == "av vmmap %d" % guest.parent, pids
    assert options == "av pt -tree", options
    assert caches.split("\n") == ["av slab anon_vma", "av slab anon_vma_chain"], caches
    assert bad == "av: no process or thread has the number 31999", bad
    asks_first = "python print(sys.modules['command'].registered['%s'].complete('', None))"
    for name, text in zip(COMMANDS, guest.gdb(*[asks_first % name for name in COMMANDS])):
        assert text and "rror" not in text, "%s: %s" % (name, text)


def all_json(guest):
    where = "%s %d" % (guest.page, guest.parent)
    commands = ["ps", "bt %d" % guest.parent, "vmmap %d" % guest.parent, "vmmap -kernel",
                "pt " + where, "pt -tree %d" % guest.parent, "pt -tree -kernel", "pt &init_mm",
                "page " + where, "rmap " + where, "anonvma " + where, "avc " + where,
                "graph " + where, "swap", "lru -pages", "buddy -blocks", "slab dentry", "locks",
                "check", "symbols %d" % guest.parent, "tour"]
    for command, text in zip(commands, guest.gdb(*["av %s -json" % c for c in commands])):
        try:
            json.loads(text)
        except ValueError:
            raise AssertionError("av %s -json: %s" % (command, text))


def wrong_words(guest):
    """One line that says what is wrong, whatever is typed."""
    where = "%s %d" % (guest.page, guest.parent)
    wrong = ["no_such", "ps 3", "bt x", "bt -1", "bt 1 2", "vmmap 31999", "vmmap -wrong", "pt",
             "pt nothing", "pt 0x%x" % (1 << 64), "pt 0x%x" % (1 << 47), "pt -tree 1 2", "page",
             "page pfn:", "page pfn:nothing", "page 0xffffea0000000001", "page start_init",
             "page $nothing", "rmap pfn:5", "rmap 0x10 %d" % guest.parent, "anonvma &init_mm",
             "avc 5", "avc &init_mm", "avc 0xffff888000000010", "avc 0 %d" % guest.parent,
             "graph nothing", "graph %s -o" % where, "graph %s -o /nowhere/x.dot" % where,
             "graph %s -o -json" % where, "swap nothing", "swap 0:", "swap 1 2", "lru x",
             "buddy -wrong", "slab nothing", "locks x", "check x", "symbols nobody", "break-user",
             "break-user 1 nothing", "break-user 1 *nothing", "tour nothing", "tour cow x",
             "tour cow"]
    for command, text in zip(wrong, guest.gdb(*["av " + one for one in wrong])):
        assert text.startswith("av") and "\n" not in text, "av %s: %s" % (command, text)
    octal, = guest.gdb("av pt 020020000 %d" % guest.parent)
    assert octal.startswith("pgd[  0]"), octal


def circles(guest):
    """Lists and trees that come back to themselves, or lead nowhere: every command ends, and says
    so in a line."""
    of_task = "((struct task_struct *)(%s))" % guest.gdb(
        "python import json; [print(t['task']) for t in json.loads(gdb.execute('av ps -json', "
        "to_string=True)) if t['pid'] == %d]" % guest.parent)[0]
    where = "%s %d" % (guest.page, guest.parent)
    damaged = [("all_tasks.next->next", "all_tasks.next", "ps"),
               ("all_tasks.next->next", "0", "ps"),
               ("mm_list.next->next", "mm_list.next", "check"),
               ("'mm/lru.c'::lists[0].next->next", "'mm/lru.c'::lists[0].next", "lru"),
               ("zone.free[10].next->next", "zone.free[10].next", "buddy"),
               (of_task + "->signal", "0", "ps"),
               (of_task + "->mm->mm_rb.rb_node->rb_right", of_task + "->mm->mm_rb.rb_node",
                "pt " + where),
               ("*(unsigned long *)%s->mm->pgd" % of_task,
                "(unsigned long)%s->mm->pgd - %#x + 0x67" % (of_task, 0xffff888000000000),
                "pt -tree %d" % guest.parent)]
    for place, value, command in damaged:
        *_, text, _ = guest.gdb("set $place = &(%s)" % place, "set $was = *$place",
                                "set var *$place = %s" % value, "av " + command,
                                "set var *$place = $was")
        assert text.startswith("av") or text.startswith("check: FAILED"), "%s: %s" % (place, text)
        assert command == "check" or "\n" not in text, "%s: %s" % (place, text)
    assert guest.gdb("av check")[0].startswith("check: ok")


def processes(guest):
    listed, text = guest.gdb("av ps -json", "av bt %d" % guest.parent)
    tasks = {task["pid"]: task for task in data(listed)}
    assert tasks[guest.child]["ppid"] == tasks[guest.copier]["ppid"] == guest.parent
    assert {tasks[p]["comm"] for p in (guest.parent, guest.child, guest.copier)} == {"family"}
    assert tasks[1]["ppid"] == 0 and tasks[1]["comm"] == "init"
    assert "schedule" in text and "syscall_entry" in text and "user 0x" in text, text


def symbols(guest):
    loaded, text = guest.gdb("av symbols %d" % guest.parent, "av bt %d" % guest.parent)
    assert loaded.endswith("symbols are loaded"), loaded
    assert "__syscall" in text.splitlines()[-1] or "sigtimedwait" in text, text


def areas(guest):
    text, = guest.gdb("av vmmap %d" % guest.parent)
    inside = guest.cat("/proc/%d/maps" % guest.parent).splitlines()
    lines = [line for line in text.splitlines()
             if not re.match(r"ffff[0-9a-f]{12}-", line)]
    assert lines == inside, "\n".join(lines + ["is not"] + inside)
    assert "kernel .text" in text and "direct map" in text and "stack of 1 (init)" in text, text


def page_tables(guest):
    ways = guest.gdb(*["av pt %s %d -json" % (guest.page, pid)
                       for pid in (guest.parent, guest.child, guest.copier)],
                     "av pt -tree %d" % guest.parent, "av pt -tree -kernel",
                     "av pt %s %d" % (guest.page, guest.parent))
    parent, child, copier = (data(way) for way in ways[:3])
    assert parent["frame"] == child["frame"] != copier["frame"], (parent, child, copier)
    assert [level["level"] for level in parent["levels"]] == ["pgd", "pud", "pmd", "pte"]
    assert "read-only" in parent["levels"][3]["words"]
    assert "present writable" in copier["levels"][3]["words"]
    assert not parent["disagree"] and "rw-p" in parent["area"]
    assert re.search(r"00401000-\w+ r-Xu ", ways[3]), ways[3]
    assert re.search(r"ffff888000000000-", ways[4]) and not re.search(r" rwX", ways[4]), ways[4]
    assert "area %s" % guest.page[2:] in ways[5], ways[5]
    guest.frame, guest.copy = parent["frame"], copier["frame"]


def pages(guest):
    by_pid, = guest.gdb("av page %s %d -json" % (guest.page, guest.parent))
    by_pid = data(by_pid)
    forms = guest.gdb("av page pfn:%s -json" % by_pid["frame"],
                      "av page phys:%s -json" % by_pid["physical"],
                      "av page %s -json" % by_pid["virtual"],
                      "av page %s -json" % by_pid["page"],
                      "av page ((struct%%page*)%s) -json".replace("%%", "\\ ") % by_pid["page"],
                      "av page &init_mm", "av page all_tasks.next",
                      "av page pfn:0x7fffffff")
    for form in forms[:5]:
        form = data(form)
        assert all(form[key] == by_pid[key] for key in
                   ("frame", "page", "mapcount", "refcount", "flags", "owner")), form
    assert by_pid["mapcount"] == 2 and by_pid["state"] == "anonymous" and by_pid["lru"], by_pid
    assert "taken at boot: kernel image" in forms[5], forms[5]
    assert "slab: cache task_struct" in forms[6], forms[6]
    assert forms[7] == "av: no frame of memory has the number 0x7fffffff", forms[7]


def reverse_maps(guest):
    asked = [(guest.page, guest.parent), (guest.page, guest.copier), (guest.file, guest.child),
             ("0x401000", guest.child)]
    for found in guest.gdb(*["av rmap %s %d -json" % one for one in asked]):
        found = data(found)
        inside = guest.cat("/proc/rmap/%s" % found["frame"])
        same_visits(proc_rmap(inside), av_rmap(found))
        assert "mapcount %d, " % found["mapcount"] in inside, inside
        assert found["agrees"] and "all" in inside.splitlines()[-1], inside
        guest.rmap = found if found["frame"] == guest.frame else getattr(guest, "rmap", None)
    vain = [v for v in guest.rmap["visits"] if not v["maps"]]
    assert [v["pids"] for v in vain] == [[guest.copier]], vain
    assert vain[0]["why"] == "frame %s is mapped there" % guest.copy, vain
    text, = guest.gdb("av rmap %s %d" % asked[0])
    assert text.splitlines()[-1] == "found 2 of 2 in 3 areas: all", text


def families(guest):
    found, chains, of_area = (data(text) for text in guest.gdb(
        "av anonvma %s %d -json" % (guest.page, guest.copier),
        "av avc %s %d -json" % (guest.page, guest.copier),
        "av anonvma %s -json" % guest.rmap["owner"]["address"]))
    inside = guest.cat("/proc/%d/anon_vma" % guest.copier)
    part = inside[inside.index(guest.page[2:] + "-"):]
    listed = re.findall(r"^  chain to (\w+) \((\w+)\) root (\w+) parent (\w+) refs (\d+)",
                        part.split("\n" + chr(55) + "f", 1)[0], re.M)[:2]
    ours = [(c["anon_vma"][2:], "own" if c["own"] else "inherited", c["root"][2:],
             c["parent"][2:]) for c in chains["chains"]]
    assert ours == [one[:4] for one in listed], "%r is not %r" % (ours, listed)
    assert [m["users"] for m in found["tree"]] == ["pid %d (family)" % guest.copier], found
    assert sorted(m["users"] for m in of_area["tree"]) == sorted(
        "pid %d (family)" % pid for pid in (guest.parent, guest.child, guest.copier)), of_area
    assert of_area["num_children"] == 3 and of_area["num_active_vmas"] == 1, of_area


def graphs(guest):
    dot = os.path.join(SCRATCH, "av.dot")
    svg = os.path.join(SCRATCH, "av.svg")
    for file in dot, svg:
        if os.path.exists(file):
            os.remove(file)
    text, said, drawn, of_file, _, without = guest.gdb(
        "av graph %s %d" % (guest.page, guest.parent),
        "av graph %s %d -o %s" % (guest.page, guest.parent, dot),
        "av graph %s %d -o %s" % (guest.page, guest.parent, svg),
        "av graph %s %d" % (guest.file, guest.parent),
        "python import os; os.environ['PATH'] = '/nowhere'",
        "av graph %s %d -o %s.svg" % (guest.file, guest.parent, dot))
    with open(dot) as file:
        assert file.read().strip() == text, said
    assert text.startswith("digraph") and text.count("{") == text.count("}"), text
    assert text.count("<B>anon_vma") == 3 and text.count('label="AVC"') == 5, text
    assert text.count("PTE ") == 3 and text.count("<B>page, frame") == 2, text
    assert text.count("color=royalblue") == 2 and text.count("color=firebrick") == 1, text
    in_order = [text.index("<B>pid %d (family)" % pid) for pid in
                (guest.parent, guest.child, guest.copier)]
    assert in_order == sorted(in_order), text
    assert of_file.count("<TD ALIGN=\"LEFT\">/tmp/family<") == 4, of_file
    assert len(re.findall(r"-> file_\w+:w", of_file)) == 3, of_file
    legend = text[text.index("legend ["):]
    assert "writable" in legend and "read-only" in legend and "slot" not in legend, legend
    tables(guest)
    if shutil.which("dot"):
        with open(svg) as file:
            assert "<svg" in file.read(), drawn
    assert without.startswith("av graph: for SVG graphviz must be installed"), without


def tables(guest):
    """The picture of page tables leads, level by level, where av pt does."""
    where = "%s %d" % (guest.page, guest.copier)
    way, drawn, no_address = guest.gdb("av pt %s -json" % where, "av graph -pt " + where,
                                       "av graph -pt")
    levels = data(way)["levels"]
    for level, below in zip(levels, levels[1:]):
        edge = "table_%s:e%d -> table_%s " % (level["table"][2:], level["index"],
                                               below["table"][2:])
        assert edge in drawn, "%s: %s" % (edge, drawn)
    assert "table_%s:e%d:e -> page_%s [color=firebrick" % (
        levels[3]["table"][2:], levels[3]["index"], guest.copy[2:]) in drawn, drawn
    assert no_address.startswith("av graph: -pt wants"), no_address


def lists(guest):
    lru, buddy, slab, text = guest.gdb("av lru -json", "av buddy -json", "av slab -json",
                                       "av lru -pages")
    for one in data(lru):
        assert one["size"] == one["found"], one
    assert sum(one["found"] for one in data(lru)) > 100 and guest.frame in text, text
    for one in data(buddy)["orders"]:
        assert one["counted"] == one["found"], one
    inside = {line.split()[0] for line in guest.cat("/proc/slabinfo").splitlines()[2:]}
    assert {one["name"] for one in data(slab)} == inside, inside


def locks(guest):
    """In fork the shell has its own mmap_lock and the child's for writing; a subshell, since for
    a plain command it may take vfork. Of two writers to the stopped terminal one has its mutex and
    the other waits for that."""
    shell = guest.machine.command("echo $$").strip()
    before, _, _, held = guest.gdb("av locks", "break copy_page_range", "continue",
                                   "av locks -json", type_="(/bin/true)")
    assert "mmap_lock" not in before, before
    writing = [lock["name"] for lock in data(held)["locks"]
               if lock["state"] == "held for writing" and lock["rank"] == "RANK_MMAP"]
    assert len(writing) == 2 and "mmap_lock of pid %s (sh)" % shell in writing, writing

    guest.machine.send("(sleep 1; echo one & echo two; wait)\n")
    guest.machine.expect(r"wait\)\n")
    guest.machine.send("\x13")
    for _ in range(8):		# until both have come so far
        time.sleep(1)
        found, text = guest.gdb("av locks -json", "av locks")
        waited_for = [lock for lock in data(found)["locks"]
                      if lock["rank"] == "RANK_TTY_WRITE" and lock["waiters"]]
        if waited_for:
            break
    guest.machine.send("\x11")
    guest.machine.expect(PROMPT)
    lock, = waited_for
    assert lock["kind"] == "mutex" and lock["holders"] and lock["waiters"], lock
    assert lock["holders"][0]["pid"] != lock["waiters"][0]["pid"], lock
    assert "%d (sh) waits for it" % lock["waiters"][0]["pid"] in text, text


def verifier(guest):
    """Stopped at the end of the kernel's own verification, so both have seen the same."""
    wanted = ", ".join("verify.report->" + name for name in COUNTS)
    *_, found, inside, text = guest.gdb(
        "break resume_others", "continue", "av check -json",
        'printf "%s\\n", %s' % (" ".join(["%lu"] * len(COUNTS)), wanted), "av check",
        type_="cat /proc/mmcheck")
    assert "mmcheck: ok" in guest.machine.text, guest.machine.text[-500:]
    found = data(found)
    assert found["ok"], found["differences"]
    ours = {name: found[name] for name in COUNTS}
    assert ours == dict(zip(COUNTS, map(int, inside.split()))), "%r is not %s" % (ours, inside)
    assert text.startswith("check: ok %d mms" % ours["mms"]), text


def damage(guest):
    """A count that is wrong, and an entry that should not be writable, are found from outside."""
    page = "((struct page *)%s)" % guest.rmap["page"]
    family = "((struct anon_vma *)%s)" % guest.rmap["owner"]["address"]
    _, wrong, _, _, count, _, right = guest.gdb(
        "set var %s->_mapcount.counter = 3" % page, "av check -json",
        "set var %s->_mapcount.counter = 2" % page, "set var %s->num_children += 1" % family,
        "av check", "set var %s->num_children -= 1" % family, "av check -json")
    assert "num_children is 4, should be 3" in count, count
    differences = data(wrong)["differences"]
    assert differences == ["frame %s: map count is 3, should be 2" % guest.frame], differences
    assert data(right)["ok"], right
    sums = [("vm_counters[0].state[NR_SHMEM]", "vmstat: NR_SHMEM is"),
            ("nr_tables.counter", "frames have the flag table, counted as"),
            ("anon_vma_cache->nr_inuse", "slab anon_vma: "),
            ("anon_vma_cache->nr_empty", "slab anon_vma: ")]
    for place, words in sums:
        _, text, _ = guest.gdb("set var %s += 1" % place, "av check", "set var %s -= 1" % place)
        assert text.startswith("check: FAILED") and words in text, "%s: %s" % (place, text)
    found, = guest.gdb("av pt 0x401000 %d -json" % guest.child)
    level = data(found)["levels"][3]
    where = "{unsigned long}(%#x + %s + 8 * %d)" % (0xffff888000000000, level["table"],
                                                     level["index"])
    _, way, wrong, _, right = guest.gdb(
        "set var %s |= 2" % where, "av pt 0x401000 %d" % guest.child, "av check",
        "set var %s &= ~2UL" % where, "av check")
    assert way.endswith("!!! entry and area disagree: writable and the area is not"), way
    assert "writable and the area is not" in wrong and "FAILED 1 difference" in wrong, wrong
    assert right.startswith("check: ok"), right


def user_breakpoints(guest):
    """By name it stops in all three of the family, by number in one; then from user code into the
    kernel and back."""
    signal = "kill -USR1 %d" % guest.parent
    said = guest.gdb("av break-user family obey", "continue", "bt 1", "av ps -json", "continue",
                     "continue", type_=signal)
    assert "obey (sig=10)" in said[2] and "user/demo/family.c" in said[2], said
    assert [t["state"] for t in data(said[3]) if t["comm"] == "family"].count("running") >= 1
    assert "hit Breakpoint 1" in said[4] and "hit Breakpoint 1" in said[5], said
    said = guest.gdb("av break-user %d kill" % guest.parent, "continue",
                     "python while ':\\tsyscall' not in gdb.execute('x/i $pc', to_string=True): "
                     "gdb.execute('stepi', to_string=True)",
                     "stepi", "av break-user %d *$rcx" % guest.parent, "continue",
                     "python print(gdb.newest_frame().pc() < 1 << 47)", type_=signal)
    assert "syscall_entry" in said[3] and said[6] == "True", said


def two_programs(guest):
    """gdb knows the program that it stops in, also when another one was executed last; of one
    without symbols it names nothing."""
    shell = guest.machine.command("echo $$").strip()
    signal = "cow > /dev/null; kill -USR1 %d" % guest.parent
    said = guest.gdb("av break-user family obey", "av break-user cow main", "continue", "bt 1",
                     "av bt %s" % shell, "continue", "bt 1", type_=signal)
    assert "it will be set" in said[1], said
    assert "user/demo/cow.c" in said[3], said
    assert re.search(r"^user 0x\w+ \?, stack", said[4], re.M), said[4]
    assert "obey (sig=10)" in said[6] and "user/demo/family.c" in said[6], said


def dump(guest):
    """Made with and without virtual addresses, and opened in two ways."""
    bare, paged = (os.path.join(SCRATCH, name) for name in ("av-bare.dump", "av-paged.dump"))
    for file in bare, paged:
        if os.path.exists(file):
            os.remove(file)
    commands = ["av rmap %s %d -json" % (guest.page, guest.parent), "av check -json",
                "av ps -json", "av bt %d" % guest.parent]
    *live, _, _ = guest.gdb(*commands, "monitor dump-guest-memory " + bare,
                            "monitor dump-guest-memory -p " + paged)
    try:
        opened = gdb(bare, *commands, "av locks", "av buddy")
        command = [os.path.join(TESTS, "run-gdb"), BUILD, INITRAMFS, "", "-batch",
                   "-ex", "av check", "-ex", "print totalram_pages > 1000"]
        said = run(command, env=dict(os.environ, DUMP=paged))
        note, tools = vmcoreinfo(paged), [tool(paged) for tool in (crash, drgn)]
    finally:
        os.remove(bare)
        os.remove(paged)
    for ours, theirs in zip(opened, live):
        assert ours == theirs, "%s is not %s" % (ours, theirs)
    assert "watermarks" in opened[-1], opened[-1]
    assert "check: ok" in said and "$1 = 1" in said, said
    facts, = guest.gdb('printf "%lx %lu %lu", init_mm.pgd, sizeof(struct page), '
                       '(long)&((struct page *)0)->_mapcount')
    pgd, size, mapcount = facts.split()
    assert {"OSRELEASE": "6.1.0-avocet", "PAGESIZE": "4096", "SYMBOL(swapper_pg_dir)": pgd,
            "SIZE(page)": size, "OFFSET(page._mapcount)": mapcount,
            "NUMBER(phys_base)": "0"}.items() <= note.items(), (facts, note)
    assert None in tools or tools == ["start_kernel", "init"], tools


def vmcoreinfo(path):
    """The note that the kernel has given QEMU for its dumps, as {name: value}."""
    with open(path, "rb") as file:
        head = file.read(1 << 16)
    at = head.index(b"VMCOREINFO\0")
    bytes_, = struct.unpack_from("<I", head, at - 8)
    text = head[at + 12:at + 12 + bytes_].rstrip(b"\0").decode()
    return dict(line.split("=", 1) for line in text.splitlines())


def crash(path):
    """A symbol that crash finds at its address; None if crash is not installed."""
    if not shutil.which("crash"):
        return None
    asked = subprocess.run(["crash", "--minimal", KERNEL, path], input="sym start_kernel\nq\n",
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           timeout=60 * SCALE).stdout
    found = re.search(r"^ffffffff8\w+ \(T\) (\w+)", asked, re.M)
    return found.group(1) if found else asked


def drgn(path):
    """The first process in the kernel's list, by drgn; None if drgn is not installed."""
    if subprocess.run(["/usr/bin/python3", "-c", "import drgn"],
                      stderr=subprocess.DEVNULL).returncode:
        return None
    done = subprocess.run(["/usr/bin/python3", "-c", DRGN, path, KERNEL], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60 * SCALE)
    return done.stdout.strip()


def swap_out(guest):
    """The family's page leaves, since another process fills memory."""
    for line in ["mkswap /dev/vda > /dev/null", "swapon /dev/vda"] + [
            "echo 1 > /proc/%d/clear_refs" % pid
            for pid in (guest.parent, guest.child, guest.copier)]:
        guest.machine.command(line)
    guest.machine.command("dd if=/dev/zero of=/dev/null bs=%dM count=1" % MEM, 30)
    found, entry, listed = guest.gdb("av rmap %s %d -json" % (guest.page, guest.parent),
                                     "av pt %s %d -json" % (guest.page, guest.parent),
                                     "av swap -json")
    found, slot = data(found), data(entry)["swap"]
    assert found["frame"] is None and found["agrees"], found
    assert sorted(e["pids"] for e in found["entries"]) == [[guest.parent], [guest.child]], found
    inside = guest.cat("/proc/rmap/swap:%d:%d" % (slot["type"], slot["offset"]))
    assert "family" in inside and inside.count("pid ") == 2, inside
    area = data(listed)["areas"][0]
    assert area["path"] == "/dev/vda" and area["used"] > 0, area
    guest.slot = slot


def swapped(guest):
    name = "%d:%d" % (guest.slot["type"], guest.slot["offset"])
    facts, text, check, tree, way, of_file, drawn, family, none = guest.gdb(
        "av swap %s -json" % name, "av swap " + name, "av check -json",
        "av pt -tree %d" % guest.parent, "av pt %s %d -json" % (guest.page, guest.parent),
        "av rmap %s %d" % (guest.file, guest.parent), "av graph -swap " + name,
        "av graph %s %d" % (guest.page, guest.parent), "av graph -swap 0:0")
    slot = "slot_%d_%d" % (guest.slot["type"], guest.slot["offset"])
    assert len(re.findall(r"user_\d+:pte:e -> %s " % slot, drawn)) == 2, drawn
    assert len(re.findall(slot + r" -> vma_\w+:pte:w", family)) == 2, family
    assert none == "av graph: swap slot 0:0: the area has no such slot", none
    by_entry, = guest.gdb("av swap %s -json" % data(way)["levels"][3]["entry"])
    assert by_entry == facts, by_entry
    assert "/tmp/family" in of_file and of_file.endswith(": all"), of_file
    facts = data(facts)
    assert facts["slot"]["count"] == 2 == len(facts["entries"]), facts
    assert "swapped out" in text, text
    assert data(check)["ok"], check
    assert " swap" in tree, tree


def swap_in(guest):
    """The child reads it: one mapping, one entry, and the swap cache between them."""
    guest.machine.command("kill -USR1 %d" % guest.parent)
    guest.machine.command("sleep 1")
    *_, back, check = guest.gdb("av rmap %s %d -json" % (guest.page, guest.parent),
                                "av check -json")
    back = data(back)
    assert back["agrees"] and back["found"] == 2, back
    same_visits(proc_rmap(guest.cat("/proc/rmap/%s" % back["frame"])), av_rmap(back))
    assert data(check)["ok"], check


def panic():
    """A machine that has panicked, and stands."""
    command = [os.path.join(TESTS, "run-gdb"), BUILD, INITRAMFS,
               "console=ttyS0 avocet.panic=late", "-batch"]
    for one in ("break halt_forever", "continue", "av ps", "av bt 2", "av check", "av buddy"):
        command += ["-ex", one]
    said = run(command)
    assert "kernel_init" in said and "panic_if_asked" in said, said
    assert "check: ok" in said and "watermarks" in said, said


STEPS = [
    (all_documented, "every command has a help text, and av completes"),
    (completion, "PIDs, options and names complete; a wrong PID is one clear line"),
    (all_json, "every command that shows something has -json"),
    (wrong_words, "what is wrong in a command's words is told in one clear line"),
    (processes, "av ps and av bt: who there is, and what it does"),
    (symbols, "av symbols takes a program's symbols out of the machine"),
    (areas, "av vmmap prints /proc/PID/maps"),
    (page_tables, "av pt: shared, copied, in ranges"),
    (pages, "av page takes a page by each of its names"),
    (reverse_maps, "av rmap finds what /proc/rmap finds, in its order"),
    (families, "av anonvma and av avc find what /proc/PID/anon_vma does"),
    (graphs, "av graph draws the family; SVG if graphviz is there"),
    (lists, "av lru, buddy and slab agree with the kernel's counts"),
    (locks, "av locks: who holds what in fork, and who waits for a mutex"),
    (verifier, "av check counts what the kernel's verifier counts"),
    (damage, "av check sees a wrong map count; av pt and av check an entry with a right too many"),
    (circles, "lists, trees and tables that lead in circles or nowhere hang no command"),
    (user_breakpoints, "av break-user: by name, by number, into the kernel and back"),
    (two_programs, "two programs at the same addresses, each with its own symbols"),
    (dump, "a memory dump shows the same without QEMU"),
    (swap_out, "av rmap of a page in swap finds the entries that name its slot"),
    (swapped, "av swap, av check and av pt -tree with pages in swap"),
    (swap_in, "av rmap of a page that came back"),
]


def main():
    folder = tempfile.mkdtemp(prefix="avocet-gdb.")
    socket, disk = os.path.join(folder, "gdb"), os.path.join(SCRATCH, "av-swap.img")
    subprocess.run(["truncate", "-s", "128M", disk], check=True)
    open(os.path.join(SCRATCH, "av-gdb.log"), "w").close()
    extra = "-chardev socket,id=gdb,server=on,wait=off,path=%s -gdb chardev:gdb " % socket
    extra += "-device vmcoreinfo -drive if=none,format=raw,id=swap,file=%s " % disk
    extra += "-device virtio-blk-pci,drive=swap,disable-legacy=on"
    try:
        with Machine("av", mem=MEM, extra=extra) as machine:
            guest = Guest(machine, socket)
            machine.expect(PROMPT)
            guest.start_family()
            for step, name in STEPS:
                if not try_out(tap, name, step, guest):
                    machine.recover()
    finally:
        shutil.rmtree(folder)
        os.remove(disk)
    try_out(tap, "av on a machine that has panicked", panic)
    tap.done()


main()
