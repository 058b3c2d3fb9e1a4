"""kernel.py - tasks, address spaces, areas, files and frames, as the kernel's own lists have them.
Read:   pagetable.py for entries; the cmd_ files for what is printed."""
import gdb

from layout import (View, address_of, const, const_names, container, enum, flags_of, has_struct,
                    struct, variable)
from target import PAGE_SHIFT, target
from walk import MAX_DEPTH, Damaged, interval_nodes, list_of, radix_lookup

MAX_PATH_PARTS = 256


# ---- tasks

def processes():
    return list_of(address_of("all_tasks"), "task_struct", "tasks")


def threads(process):
    return list_of(process.to("signal").at("threads"), "task_struct", "thread_node")


def tasks():
    for process in processes():
        yield from threads(process)


def task_of(pid):
    for task in tasks():
        if task.pid == pid:
            return task
    raise gdb.GdbError("av: no process or thread has the number %d" % pid)


def is_kthread(task):
    return bool(task.flags & const("PF_KTHREAD"))


def cpu_of_regs(regs):
    """The cpu_local that a processor's GS leads to, in user mode through the other GS base."""
    base, size = address_of("cpu_locals"), struct("cpu_local").size
    for name in "gs_base", "k_gs_base":
        number, rest = divmod(regs[name] - base, size)
        if not rest and 0 <= number < const("NR_CPUS"):
            return View(regs[name], "cpu_local")
    return None


def running():
    """Task's address to (number in QEMU, registers), of those that run on a processor."""
    found = {}
    for number, regs in target.registers.items():
        cpu = cpu_of_regs(regs)
        if cpu and cpu.current_task:
            found[cpu.current_task] = number, regs
    return found


def current():
    """The task on the processor that gdb has selected; None before there are tasks."""
    thread = gdb.selected_thread()
    number = thread.num - 1 if thread else 0
    regs = target.registers.get(number) or next(iter(target.registers.values()), None)
    cpu = cpu_of_regs(regs) if regs else None
    return cpu.to("current_task") if cpu else None


def chosen_task(pid=None):
    """The task with that number, or the selected processor's."""
    if pid is not None:
        return task_of(pid)
    task = current()
    if task is None:
        raise gdb.GdbError("av: no task runs on this processor yet; say a PID")
    return task


def chosen_mm(pid=None):
    task = chosen_task(pid)
    mm = task.to("mm")
    if mm is None:
        raise gdb.GdbError("av: task %d (%s) has no address space; say a PID" %
                           (task.pid, task.comm))
    return mm


def task_state(task):
    if task.exit_state:
        return "zombie" if task.exit_state == const("EXIT_ZOMBIE") else "dead"
    if task.on_cpu:
        return "running"
    if not task.state:
        return "runnable"
    if task.state & const("TASK_STOPPED"):
        return "stopped"
    if task.state & const("TASK_INTERRUPTIBLE"):
        return "asleep"
    return "waiting" if task.state & const("TASK_UNINTERRUPTIBLE") else "state %#x" % task.state


class Users:
    """Who uses which address space; found once a command."""

    def __init__(self):
        self.by_mm = {}
        for task in tasks():
            if task.mm and task.pid == task.tgid or task.mm not in self.by_mm:
                self.by_mm.setdefault(task.mm, []).append(task)
        self.by_mm.pop(0, None)

    def pids(self, mm):
        return [task.pid for task in self.by_mm.get(mm.addr, ())]

    def names(self, mm):
        """"pid 7 (sh)", as /proc/rmap says it."""
        found = ["%d (%s)" % (task.pid, task.comm) for task in self.by_mm.get(mm.addr, ())]
        return "pid " + ", ".join(found) if found else "no process"


# ---- address spaces and areas

def mms():
    return list_of(address_of("mm_list"), "mm_struct", "mm_node")


def is_write_locked(sem):
    return bool(sem.count & const("RWSEM_WRITER"))


def mm_busy(mm):
    """Its areas may be half changed (verify.c says the same)."""
    return is_write_locked(mm.mmap_lock) or (
        not mm.mm_users and mm.mmap_list.next != mm.at("mmap_list"))


def areas(mm):
    return list_of(mm.at("mmap_list"), "vm_area_struct", "vm_list")


def area_at(mm, addr):
    """The area that has @addr, or None."""
    node, depth = mm.mm_rb.to("rb_node"), 0
    while node:
        depth += 1
        if depth > MAX_DEPTH:
            raise Damaged("av: the tree of areas of mm %#x is damaged" % mm.addr)
        vma = container(node.addr, "vm_area_struct", "vm_rb")
        if vma.vm_start <= addr < vma.vm_end:
            return vma
        node = node.to("rb_left" if addr < vma.vm_start else "rb_right")
    return None


def area_pages(vma):
    return (vma.vm_end - vma.vm_start) >> PAGE_SHIFT


def area_address(vma, index):
    """Where page @index of its object is in the area, or None."""
    offset = index - vma.vm_pgoff
    return vma.vm_start + (offset << PAGE_SHIFT) if 0 <= offset < area_pages(vma) else None


def rights(vma):
    flags = vma.vm_flags
    return "".join(letter if flags & const("VM_" + name) else "-" for letter, name in
                   (("r", "READ"), ("w", "WRITE"), ("x", "EXEC"))) + (
                       "s" if flags & const("VM_MAYSHARE") else "p")


def vm_flag_words(flags):
    return [name.lower() for name, bit in const_names("VM_") if flags & bit]


def area_name(vma):
    """What /proc/PID/maps says at the end of the line."""
    if vma.vm_flags & const("VM_PFNMAP") and not vma.vm_file:
        return target.string(vma.to("vm_special").name)
    file = vma.to("vm_file") or vma.to("vm_anon_file")
    if file:
        return path_of(file)
    mm = vma.to("vm_mm")
    if vma.vm_start < mm.brk and vma.vm_end > mm.start_brk:
        return "[heap]"
    if vma.vm_start <= mm.start_stack <= vma.vm_end:
        return "[stack]"
    return ""


def area_text(vma):
    return "%x-%x %s %s" % (vma.vm_start, vma.vm_end, rights(vma), area_name(vma) or "anonymous")


# ---- files

def inode_name(inode):
    sb = inode.to("i_sb")
    return "%02x:%02x %d" % (sb.s_dev >> const("MINORBITS"),
                             sb.s_dev & (1 << const("MINORBITS")) - 1, inode.i_ino)


def path_of(file):
    """The name of an open file from the root of its file systems."""
    mnt, dentry = file.f_path.to("mnt"), file.f_path.to("dentry")
    parts, gone = [], not dentry.d_flags & 1
    for _ in range(MAX_PATH_PARTS):
        if mnt and dentry.addr == mnt.mnt_root:
            if not mnt.mnt_parent:
                break
            mnt, dentry = mnt.to("mnt_parent"), mnt.to("mnt_mountpoint")
        elif dentry.addr == dentry.d_parent:
            break
        else:
            parts.append(target.string(dentry.d_name))
            dentry = dentry.to("d_parent")
    return "/" + "/".join(reversed(parts)) + (" (deleted)" if gone else "")


def file_mapping(file):
    return file.to("f_mapping")


def file_page(vma, addr):
    """What the file behind an area has for @addr: ("frame", number), ("slot", entry's number), or
    None: nothing yet, or no file."""
    file = vma.to("vm_file") if vma else None
    if file is None:
        return None
    index = vma.vm_pgoff + (addr - vma.vm_start >> PAGE_SHIFT)
    entry = radix_lookup(file_mapping(file).i_pages, index)
    if entry & 1:
        return "slot", entry >> 1
    return ("frame", pfn_of(View(entry, "page"))) if entry else None


def mapping_name(mapping):
    """A path if some area maps the file, else device and number."""
    for node in interval_nodes(mapping.i_mmap):
        return path_of(container(node.addr, "vm_area_struct", "shared").to("vm_file"))
    host = mapping.to("host")
    return "file " + inode_name(host) if host else "no file"


# ---- frames

def frame(pfn):
    return View(const("VMEMMAP_BASE") + pfn * struct("page").size, "page")


def pfn_of(page):
    return (page.addr - const("VMEMMAP_BASE")) // struct("page").size


def memory_ranges():
    """(first, last + 1) frame of each range of memory."""
    known = variable("memory", "mm/memblock.c")
    at = known.array("ranges")
    return [(at(i).start >> PAGE_SHIFT, at(i).end >> PAGE_SHIFT) for i in range(known.nr)]


def is_frame(pfn):
    return any(first <= pfn < end for first, end in memory_ranges())


def page_bits(page):
    """Names of the flags that are set."""
    flags = page.flags
    return [name for bit, name in flags_of("pageflags") if flags >> bit & 1]


def page_flag_bit(name):
    """The bit of a flag in page->flags; 0 if this kernel does not know it."""
    for bit, known in flags_of("pageflags"):
        if known == name:
            return 1 << bit
    return 0


def special_frame(pfn):
    """What an entry maps that is marked special."""
    return "zero page" if frame(pfn).addr == variable("zero_page") else "page of the kernel"


def is_anon(page):
    return bool(page.mapping & const("PAGE_MAPPING_ANON"))


def anon_vma_of(page):
    return View(page.mapping & ~const("PAGE_MAPPING_ANON"), "anon_vma")


def free_blocks():
    """(first frame's number, order) of each block in the allocator's lists."""
    zone = variable("zone", "mm/page_alloc.c")
    head = struct("list_head").size
    for order in range(const("MAX_ORDER") + 1):
        for page in list_of(zone.at("free") + order * head, "page", "buddy_node"):
            yield pfn_of(page), order


def stacked_frames():
    """(number, processor) of each frame on a processor's stack of free ones."""
    for cpu, pcp in enumerate(variable("pcps", "mm/page_alloc.c")):
        layout, pages = struct("page"), pcp.nr
        for addr in pcp.pages[:pages] if pages else ():
            yield (addr - const("VMEMMAP_BASE")) // layout.size, cpu


def caches():
    return list_of(address_of("caches", file="mm/slab.c"), "kmem_cache", "node")


def lru_heads():
    """(name, address of the list's head, size as counted) of each LRU list."""
    sizes = variable("sizes", "mm/lru.c")
    base, head = address_of("lists", file="mm/lru.c"), struct("list_head").size
    names = enum("lru_list")
    for i, size in enumerate(sizes):
        yield names[i][4:].lower().replace("_", " "), base + i * head, size


class FrameKind:
    """What one frame is used for; free frames are found once a command."""

    def __init__(self):
        self.blocks = self.stacks = None

    def find_free(self):
        if self.blocks is None:
            self.blocks = dict(free_blocks())
            self.stacks = dict(stacked_frames())

    def free_block(self, pfn):
        """(head, order) of the free block that has the frame, or None."""
        self.find_free()
        for order in range(const("MAX_ORDER") + 1):
            head = pfn >> order << order
            if self.blocks.get(head, -1) >= order:
                return head, self.blocks[head]
        return None

    def tell(self, page):
        """(state, details)."""
        flags, pfn = set(page_bits(page)), pfn_of(page)
        if "slab" in flags:
            cache = page.to("slab_cache")
            return "slab", {"cache": target.string(cache.name), "in_use": page.slab_inuse,
                            "of": cache.per_slab}
        if "table" in flags:
            return "page table", {"mm": page.pt_mm}
        block = self.free_block(pfn)
        if block:
            return "free", {"block": block[0], "order": block[1]}
        if pfn in self.stacks:
            return "free", {"on_stack_of_cpu": self.stacks[pfn]}
        if page.addr == variable("zero_page"):
            return "the zero page", {}
        if "reserved" in flags or not page._refcount and not flags:
            return "taken at boot", {}
        if "lru" in flags or page._mapcount or "swapcache" in flags:
            return ("anonymous" if is_anon(page) else "page cache"), {}
        return "kernel", {}


def has_swap():
    return has_struct("swap_info_struct")


def kernel_regions():
    """(start, end, name) of the kernel's own part of every address space."""
    end = max(last for _, last in memory_ranges()) << PAGE_SHIFT
    direct, vmemmap = const("DIRECT_MAP_BASE"), const("VMEMMAP_BASE")
    yield direct, direct + end, "direct map of all memory"
    for area in list_of(address_of("areas", file="mm/vmalloc.c"), "vm_struct", "node"):
        name = "vmalloc" if area.owns_frames else "device registers"
        yield area["addr"], area["addr"] + area.bytes, name
    yield from stacks()
    yield vmemmap, vmemmap + (end >> PAGE_SHIFT) * struct("page").size, "vmemmap: struct page"
    for name in "text", "rodata", "data", "bss":
        limits = [image_symbol("__%s_%s" % (name, side)) for side in ("start", "end")]
        if all(limits):
            yield limits[0], limits[1], "kernel ." + name


def stacks():
    size = const("THREAD_SIZE")
    for stack, name in sorted((task.stack, "stack of %d (%s)" % (task.pid, task.comm))
                              for task in tasks() if task.stack):
        yield stack, stack + size, name


def image_symbol(name):
    """The address of a symbol of the linker's, 0 if there is none."""
    try:
        return int(gdb.parse_and_eval("(unsigned long)&" + name)) & (1 << 64) - 1
    except gdb.error:
        return 0


def stack_of(addr):
    """The task whose kernel stack has @addr, or None."""
    for task in tasks():
        if task.stack and task.stack <= addr < task.stack + const("THREAD_SIZE"):
            return task
    return None
