"""cmd_locks.py - av locks: who holds what, and who waits for it.

Sleeping locks are found where they are known to be: variables, every address space, file and family
of anon_vmas. A lock that somebody waits for is found from the waiter, too, whatever it is part of:
its entry in the list of waiters lies on its stack. A debug build keeps lists of what each task
holds (kernel/sync/lock_rank.c), and then spinning locks are complete as well.

Read:   kernel/sync/README.md; lock_rank.h for the ranks."""
import re

import gdb

from cmd_process import backtrace, function_at
from cmd_rmap import in_cache
from command import Command, Hex
from kernel import Users, areas, caches, inode_name, mms, running, stack_of, tasks
from layout import View, address_of, const, container, enum, has_variable, struct, variable
from target import NotThere, target
from walk import list_of

KINDS = {"mutex": "struct mutex", "rwsem": "struct rw_semaphore", "spinlock": "spinlock_t"}
STRUCTS = {"mutex": "mutex", "rwsem": "rw_semaphore", "spinlock": "spinlock"}
VARIABLE = re.compile(r"^\d+:\s+(?:static )?(?:%s) (\w+);$" %
                      "|".join(re.escape(name) for name in KINDS.values()))


class Locks:
    """All locks that are known, by address: (kind, name)."""

    def __init__(self):
        self.known = {}
        self.add_variables()
        self.add_embedded()
        users = Users()
        for mm in mms():
            self.add_mm(mm, users.names(mm))

    def add(self, kind, addr, name):
        self.known.setdefault(addr, (kind, name))

    def add_variables(self):
        for kind, type_ in KINDS.items():
            regexp = "^" + type_ + "$"
            text = gdb.execute("info variables -q -t '%s'" % regexp, to_string=True)
            file = None
            for line in text.splitlines():
                if line.startswith("File "):
                    file = line[5:-1]
                match = VARIABLE.match(line)
                if match:
                    name = match.group(1)
                    try:
                        self.add(kind, address_of(name, file=file), name)
                    except gdb.GdbError:
                        continue

    def add_embedded(self):
        for name, file in (("zone", "mm/page_alloc.c"),):
            self.add("spinlock", address_of(name, "lock", file), name + ".lock")
        if has_variable("swap_info"):
            size = struct("swap_info_struct").size
            for i in range(const("MAX_SWAPFILES")):
                self.add("spinlock", address_of("swap_info", file=None) + i * size,
                         "swap_info[%d].lock" % i)

    def add_mm(self, mm, names):
        self.add("rwsem", mm.at("mmap_lock"), "mmap_lock of %s" % names)
        self.add("spinlock", mm.at("page_table_lock"), "page_table_lock of %s" % names)
        try:
            for vma in areas(mm):
                self.add_area(vma, names)
        except gdb.GdbError:
            return		# it is being changed, or damaged: av check will tell

    def add_area(self, vma, names):
        file = vma.to("vm_file")
        if file:
            mapping, inode = file.to("f_mapping"), file.to("f_inode")
            self.add("rwsem", mapping.at("i_mmap_rwsem"), "i_mmap_rwsem of file " +
                     inode_name(inode))
            self.add("rwsem", inode.at("i_rwsem"), "i_rwsem of file " + inode_name(inode))
            self.add("spinlock", mapping.at("pages_lock"), "pages_lock of file " +
                     inode_name(inode))
        if vma.anon_vma:
            root = vma.to("anon_vma").to("root")
            self.add("rwsem", root.at("rwsem"), "rwsem of anon_vma %#x (in %s)" %
                     (root.addr, names))

    def name(self, addr):
        if addr in self.known:
            return self.known[addr][1]
        text = gdb.execute("info symbol %#x" % addr, to_string=True)
        if " in section" in text:
            return text.split(" in section")[0].replace(" + ", "+")
        return slab_name(addr)


def slab_name(addr):
    """"in an object of CACHE", for a lock that is part of something."""
    for cache in caches():
        name = target.string(cache.name)
        if in_cache(addr, name):
            return "in a %s" % name
    return "lock at %#x" % addr


# ---- one lock

def mutex_state(lock):
    owner = lock.owner & ~1
    return ("held", [View(owner, "task_struct")]) if owner else (None, [])


def rwsem_state(lock):
    count = lock.count
    if count & const("RWSEM_WRITER"):
        return "held for writing", [lock.to("owner")] if lock.owner else []
    readers = count // const("RWSEM_READER")
    return ("held by %d reader%s" % (readers, "" if readers == 1 else "s"), []) if readers \
        else (None, [])


def spinlock_state(lock):
    if not lock.locked:
        return None, []
    return "held" + (" by processor %d" % (lock.owner - 1) if lock.owner else ""), []


STATE = {"mutex": mutex_state, "rwsem": rwsem_state, "spinlock": spinlock_state}


def waiters_of(kind, lock):
    if kind == "spinlock":
        return []
    name = {"mutex": "mutex_waiter", "rwsem": "rwsem_waiter"}[kind]
    found = []
    for waiter in list_of(lock.at("waiters"), name, "list"):
        how = "to write" if kind == "rwsem" and waiter.writer else \
            "to read" if kind == "rwsem" else "for it"
        found.append((waiter.to("task"), how))
    return found


# ---- from a task that waits

def list_head_of(node):
    """The head of the list in which @node, on somebody's stack, is: the member on no stack."""
    at = node
    for _ in range(1 << 16):
        at = target.word(at)
        if at == node:
            return None
        if stack_of(at) is None:
            return at
    return None


def waits_in(task):
    """The head of the list in which the sleeping task waits, found by its entry there."""
    start, end = task.thread.sp, task.thread.stack_top
    if not start or end - start > const("THREAD_SIZE"):
        return None
    data = target.read(start, end - start)
    offset = struct("rwsem_waiter").fields["task"].offset
    wanted, at = task.addr.to_bytes(8, "little"), -1
    while True:
        at = data.find(wanted, at + 1)
        if at < 0:
            return None
        node = start + at - offset
        if at % 8 or at < offset:
            continue
        try:
            following, before = target.word(node), target.word(node + 8)
            if target.word(following + 8) == node and target.word(before) == node:
                return list_head_of(node)
        except NotThere:
            continue


def functions_of(task):
    return [name for i, pc in enumerate(backtrace(task)[0])
            for name in function_at(pc - bool(i))[0]]


def lock_waited_for(task):
    """(kind, address) of the sleeping lock that the task waits for; None."""
    names = functions_of(task)
    kind = "rwsem" if any(n.startswith(("rwsem_", "wait_for_grant")) for n in names) else \
        "mutex" if any(n.startswith("mutex_lock") for n in names) else None
    if kind is None:
        return None
    head = waits_in(task)
    return (kind, container(head, STRUCTS[kind], "waiters").addr) if head else None


# ---- what debug builds know

def held_lists():
    """(task or None, processor or None, address, rank) from the lists of a debug build."""
    for task in tasks():
        if struct("task_struct").fields["held_locks"].count <= 1:
            return
        for addr, rank in list(zip(task.held_locks, task.held_ranks))[:task.nr_held]:
            yield task, None, addr, rank
    for cpu, held in enumerate(variable("irq_held", "sync/lock_rank.c")):
        for addr, rank in list(zip(held.locks, held.ranks))[:held.nr]:
            yield None, cpu, addr, rank


def rank_name(rank):
    return enum("lock_rank").get(rank, str(rank))


def brief(task):
    return {"pid": task.pid, "comm": task.comm}


class LocksCommand(Command):
    """Show locks that are held, and who waits for them: av locks

A mutex tells its holder; a rwsem only a debug build's writer. A debug build (make gdb DEBUG=1) also
has a list of all that each task and interrupt holds, with readers and spinning locks. The last part
is tasks that wait for a page: for its lock, or for a disk."""
    name = "locks"

    def data(self, args, options):
        self.locks, self.found = Locks(), {}
        for addr, (kind, _) in list(self.locks.known.items()):
            self.look(kind, addr)
        for task in tasks():
            waits = lock_waited_for(task) if not task.on_cpu else None
            if waits:
                self.look(*waits)
        for task, cpu, addr, rank in held_lists():
            self.hold(task, cpu, addr, rank)
        return {"locks": list(self.found.values()), "spinning": self.spinning(),
                "pages": self.waiting_for_pages()}

    def look(self, kind, addr):
        if addr in self.found:
            return
        lock = View(addr, STRUCTS[kind])
        state, holders = STATE[kind](lock)
        waiters = waiters_of(kind, lock)
        if state or waiters:
            self.found[addr] = {
                "lock": Hex(addr), "kind": kind, "name": self.locks.name(addr),
                "rank": rank_name(lock.rank), "state": state or "free",
                "holders": [brief(task) for task in holders],
                "waiters": [{**brief(task), "how": how} for task, how in waiters]}

    def hold(self, task, cpu, addr, rank):
        if addr not in self.found:
            self.found[addr] = {"lock": Hex(addr), "kind": "lock", "name": self.locks.name(addr),
                                "rank": rank_name(rank), "state": "held", "holders": [],
                                "waiters": []}
        who = brief(task) if task else {"cpu": cpu, "comm": "interrupt"}
        if who not in self.found[addr]["holders"]:
            self.found[addr]["holders"].append(who)

    def spinning(self):
        out = []
        for addr, (number, regs) in running().items():
            task = View(addr, "task_struct")
            if regs["rip"] >= const("KERNEL_BASE") and \
                    "spin_lock_contended" in function_at(regs["rip"])[0]:
                out.append({**brief(task), "cpu": number, "lock": Hex(regs["rdi"]),
                            "name": self.locks.name(regs["rdi"])})
        return out

    @staticmethod
    def waiting_for_pages():
        wanted = {"folio_lock": "the lock of a page", "folio_wait_writeback": "a page's writing",
                  "swap_read_folios": "a swap disk"}
        out = []
        for task in tasks():
            if task.on_cpu or not task.state:
                continue
            for name in functions_of(task):
                if name in wanted:
                    out.append({**brief(task), "for": wanted[name]})
                    break
        return out

    def text(self, data):
        for lock in data["locks"]:
            yield "%s %s (%s, %s): %s" % (lock["lock"], lock["name"], lock["kind"], lock["rank"],
                                          lock["state"])
            for one in lock["holders"]:
                yield "    held by %s" % self.who(one)
            for one in lock["waiters"]:
                yield "    %s waits %s" % (self.who(one), one["how"])
        for one in data["spinning"]:
            yield "processor %d, %s, spins for %s" % (one["cpu"], self.who(one), one["name"])
        for one in data["pages"]:
            yield "%s waits for %s" % (self.who(one), one["for"])
        if not any(data.values()):
            yield "no lock is held that is known"

    @staticmethod
    def who(one):
        return "%d (%s)" % (one["pid"], one["comm"]) if "pid" in one else \
            "processor %d in an interrupt" % one["cpu"]


def register():
    LocksCommand()
