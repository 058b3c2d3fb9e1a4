"""cmd_process.py - av ps, vmmap and bt: tasks, their areas, what they are doing."""
import gdb

from cmd_user import symbols
from command import Command, Hex, pid_of
from kernel import (areas, area_name, chosen_mm, chosen_task, inode_name, is_kthread,
                    kernel_regions, rights, running, task_state, tasks)
from layout import View, const, struct
from target import NotThere, PAGE_SHIFT, target

MAX_FRAMES = 64
NAME_COLUMN = 73	# as in /proc/PID/maps
SAVED = ("r15", "r14", "r13", "r12", "rbx", "rbp")	# by switch_stacks, from the lowest word


class Ps(Command):
    """Show all threads: av ps

Kernel threads are in brackets. RSS and SWAP are in pages."""
    name = "ps"

    def data(self, args, options):
        on_cpu = running()
        return [self.one(task, on_cpu) for task in tasks()]

    @staticmethod
    def one(task, on_cpu):
        mm = task.to("mm")
        return {
            "pid": task.pid, "tgid": task.tgid,
            "ppid": task.to("group_leader").to("real_parent").tgid
            if task.to("group_leader").real_parent else 0,
            "comm": task.comm, "kernel": is_kthread(task), "state": task_state(task),
            "cpu": on_cpu[task.addr][0] if task.addr in on_cpu else None,
            "task": Hex(task.addr), "mm": Hex(mm.addr) if mm else None,
            "areas": mm.map_count if mm else 0,
            "rss": mm.rss_anon + mm.rss_file + mm.rss_shmem if mm else 0,
            "swap": mm.swapents if mm and mm.has("swapents") else 0,
        }

    def text(self, data):
        yield "  PID  PPID CPU STATE     AREAS    RSS   SWAP TASK               COMMAND"
        for t in data:
            name = "[%s]" % t["comm"] if t["kernel"] else t["comm"]
            if t["pid"] != t["tgid"]:
                name += " (thread of %d)" % t["tgid"]
            cpu = "-" if t["cpu"] is None else str(t["cpu"])
            yield "%5d %5d %3s %-9s %5d %6d %6d %016x %s" % (
                t["pid"], t["ppid"], cpu, t["state"], t["areas"], t["rss"], t["swap"],
                int(t["task"]), name)


class Vmmap(Command):
    """Show the areas of a process, and the kernel's regions: av vmmap [PID]

The first part is the text of /proc/PID/maps. Without a PID: of what the selected processor
runs; with -kernel the kernel's regions alone."""
    name = "vmmap"
    options = ("kernel",)
    completes = "pid"

    def data(self, args, options):
        data = {"areas": []}
        if not options.get("kernel"):
            mm = chosen_mm(pid_of(args[0]) if args else None)
            data["areas"] = [self.one(vma) for vma in areas(mm)]
        data["kernel"] = [{"start": Hex(start), "end": Hex(end), "name": name}
                          for start, end, name in sorted(kernel_regions())]
        return data

    @staticmethod
    def one(vma):
        file = vma.to("vm_file")
        return {
            "start": Hex(vma.vm_start), "end": Hex(vma.vm_end), "rights": rights(vma),
            "offset": Hex(vma.vm_pgoff << PAGE_SHIFT if file else 0),
            "inode": inode_name(file.to("f_inode")) if file else "00:00 0",
            "name": area_name(vma), "vma": Hex(vma.addr),
        }

    def text(self, data):
        for a in data["areas"]:
            head = "%08x-%08x %s %08x %s " % (a["start"], a["end"], a["rights"], a["offset"],
                                              a["inode"])
            name = a["name"].replace("\n", "\\012")
            yield head + " " * max(NAME_COLUMN - len(head), 1) + name if name else head
        for r in data["kernel"]:
            yield "%016x-%016x %s" % (r["start"], r["end"], r["name"])


# ---- backtraces

def function_at(pc):
    """(names of the function and of those inlined there, innermost first; file:line)."""
    names, place = [], ""
    try:
        block = gdb.block_for_pc(pc)
    except RuntimeError:
        block = None
    while block and not block.is_global and not block.is_static:
        if block.function:
            names.append(block.function.name)
        block = block.superblock
    line = gdb.find_pc_line(pc)
    if line.symtab:
        place = "%s:%d" % (line.symtab.filename, line.line)
    if not names:
        text = gdb.execute("info symbol %#x" % pc, to_string=True)
        names = [text.split(" in section")[0]] if " in section" in text else ["?"]
    return names, place


def kernel_frames(pc, rbp, stack):
    """From the frame pointers, as kernel/debug/backtrace.c does."""
    yield pc
    for _ in range(MAX_FRAMES):
        if not rbp or rbp % 8:
            return
        try:
            following, back = target.word(rbp), target.word(rbp + 8)
        except NotThere:
            return
        if back < const("KERNEL_BASE"):
            return
        yield back
        if not rbp < following < rbp + const("THREAD_SIZE"):
            return
        rbp = following


def saved_registers(task):
    """Those of a task that does not run, from where switch_stacks put them."""
    sp = task.thread.sp
    regs = {name: target.word(sp + 8 * i) for i, name in enumerate(SAVED)}
    regs["rip"], regs["rsp"] = target.word(sp + 8 * len(SAVED)), sp + 8 * len(SAVED) + 8
    return regs


def user_registers(task):
    """The registers of its last way into the kernel."""
    return View(task.thread.stack_top - struct("pt_regs").size, "pt_regs")


def backtrace(task):
    """Addresses of the kernel's functions, innermost first; none in user mode."""
    on_cpu = running().get(task.addr)
    regs = on_cpu[1] if on_cpu else saved_registers(task)
    if regs["rip"] < const("KERNEL_BASE"):
        return [], regs
    return list(kernel_frames(regs["rip"], regs["rbp"], task.stack)), regs


class Bt(Command):
    """Show what a task is doing: av bt [PID]

The functions of the kernel that it is in, whether it runs, waits or has been left by a panic;
then where it came from in user mode, by name if its program has symbols."""
    name = "bt"
    completes = "pid"

    def data(self, args, options):
        task = chosen_task(pid_of(args[0]) if args else None)
        addresses, regs = backtrace(task)
        frames = []
        for i, pc in enumerate(addresses):
            names, place = function_at(pc if not i else pc - 1)
            frames.append({"pc": Hex(pc), "functions": names, "place": place})
        data = {"pid": task.pid, "comm": task.comm, "state": task_state(task), "frames": frames,
                "user": None}
        if not is_kthread(task) and task.mm:
            user = self.user(task, None if addresses else regs)
            # Not yet: exec is making a new one, or the entry code has yet to save them.
            stale = len(frames) == 1 and frames[0]["functions"][0].split(" +")[0].endswith("_entry")
            data["user"] = user if user["pc"] and not stale else None
        return data

    @staticmethod
    def user(task, regs):
        if regs is None:
            saved = user_registers(task)
            regs = {"rip": saved.rip, "rsp": saved.rsp}
        names, place = function_at(regs["rip"]) if symbols.know(task) else (["?"], "")
        return {"pc": Hex(regs["rip"]), "sp": Hex(regs["rsp"]), "functions": names,
                "place": place}

    def text(self, data):
        yield "%d (%s), %s" % (data["pid"], data["comm"], data["state"])
        count = 0
        for f in data["frames"]:
            for i, name in enumerate(f["functions"]):
                inlined = i + 1 < len(f["functions"])
                yield "#%-2d %s %s%s" % (count, "  (inlined)        " if inlined else
                                         "%#018x " % int(f["pc"]), name,
                                         "" if i or not f["place"] else "  " + f["place"])
                count += 1
        if data["user"]:
            u = data["user"]
            yield "user %#x %s%s, stack %#x" % (
                u["pc"], u["functions"][0], " " + u["place"] if u["place"] else "", u["sp"])


def register():
    Ps()
    Vmmap()
    Bt()
