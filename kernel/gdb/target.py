"""target.py - memory and registers of the machine: one that runs in QEMU, or a dump of one.

All reads go to physical memory: through QEMU's PhyMemMode packet while the machine is there,
through the dump's program headers when it is not. Kernel addresses are translated here, by the
kernel's own layout and page tables; so a command shows the same whatever a processor is doing, in
user mode, in a panic, or hung.

Holds:  PhyMemMode is on only inside `with session()`, so that gdb's own commands never see it. What
        was read is kept for one session: nothing runs meanwhile.
Read:   layout.py, which gives the bytes their meaning."""
import contextlib
import struct

import gdb

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
PFN_MASK = 0x000ffffffffff000
ALL_ONES = (1 << 64) - 1
TABLE_LEVELS = (39, 30, 21, 12)		# where the index of each level begins in an address
CPU_NOTE = struct.Struct("<2I18Q")	# QEMU's own note of a processor: version, size, registers
CPU_NOTE_SEGMENTS = 10			# then these, 24 bytes each, and cr0 to cr4, kernel_gs_base
GPRS = ("rax rbx rcx rdx rsi rdi rsp rbp r8 r9 r10 r11 r12 r13 r14 r15 rip rflags").split()


ERRORS = gdb.error, gdb.GdbError	# gdb's own, and ours


class NotThere(gdb.GdbError):
    """The memory asked for does not exist, or is not mapped."""


class NotYet(gdb.GdbError):
    """The kernel has not come far enough."""


class Live:
    """A machine behind QEMU's gdb stub."""
    name = "live"

    def __init__(self, inferior):
        self.inferior = inferior

    def start(self):
        self.mode(1)

    def stop(self):
        self.mode(0)

    def mode(self, physical):
        packet = "Qqemu.PhyMemMode:%d" % physical
        connection = self.inferior.connection
        if hasattr(connection, "send_packet"):
            good = connection.send_packet(packet) == b"OK"
        else:
            good = '"OK"' in gdb.execute("maintenance packet " + packet, to_string=True)
        if not good:
            raise gdb.GdbError("av: this target is no QEMU with PhyMemMode")

    def read(self, phys, size):
        try:
            return bytes(self.inferior.read_memory(phys, size))
        except gdb.MemoryError:
            raise NotThere("av: there is no memory at physical address %#x" % phys)

    @staticmethod
    def registers_here():
        """Of the selected processor."""
        frame = gdb.newest_frame()
        return {name: int(frame.read_register(name)) & ALL_ONES
                for name in GPRS[:-1] + ["cr2", "cr3", "gs_base", "k_gs_base"]}

    def cpus(self, only_selected):
        """Registers of each processor, by its number in QEMU."""
        selected = gdb.selected_thread()
        if only_selected:
            return {selected.num - 1: self.registers_here()}
        frame, found = gdb.selected_frame(), {}
        try:
            for thread in self.inferior.threads():
                thread.switch()
                found[thread.num - 1] = self.registers_here()
        finally:
            selected.switch()
            if frame.is_valid():
                frame.select()
        return found


class Dump:
    """A file that QEMU's dump-guest-memory wrote: an ELF core file with physical addresses."""
    name = "dump"

    def __init__(self, path):
        self.file = open(path, "rb")
        head = self.file.read(64)
        if head[:4] != b"\x7fELF":
            raise gdb.GdbError("av: %s is no ELF file" % path)
        offset, = struct.unpack_from("<Q", head, 32)
        size, number = struct.unpack_from("<2H", head, 54)
        if number == 0xffff:	# too many for the field: sh_info of the first section has it
            self.file.seek(struct.unpack_from("<Q", head, 40)[0])
            number, = struct.unpack_from("<I", self.file.read(64), 44)
        self.file.seek(offset)
        table = self.file.read(size * number)
        self.parts, self.notes = [], []
        for i in range(number):
            kind, _, at, _, phys, bytes_, _, _ = struct.unpack_from("<2I6Q", table, i * size)
            if kind == 1:
                self.parts.append((phys, phys + bytes_, at))
            elif kind == 4:
                self.file.seek(at)
                self.notes += self.parse_notes(self.file.read(bytes_))

    @staticmethod
    def parse_notes(data):
        at = 0
        while at + 12 <= len(data):
            name_size, size, kind = struct.unpack_from("<3I", data, at)
            name = data[at + 12:at + 12 + name_size].rstrip(b"\0")
            at += 12 + (name_size + 3 & ~3)
            yield name, kind, data[at:at + size]
            at += size + 3 & ~3

    def start(self):
        pass

    stop = start

    def read(self, phys, size):
        out = b""
        while size:
            for start, end, at in self.parts:
                if start <= phys < end:
                    break
            else:
                raise NotThere("av: the dump has nothing at physical address %#x" % phys)
            self.file.seek(at + phys - start)
            part = self.file.read(min(size, end - phys))
            if not part:
                raise NotThere("av: the dump ends before physical address %#x" % phys)
            out += part
            phys += len(part)
            size -= len(part)
        return out

    def cpus(self, _):
        found = {}
        for data in (data for name, _, data in self.notes if name == b"QEMU"):
            regs = dict(zip(GPRS, CPU_NOTE.unpack_from(data)[2:]))
            at = CPU_NOTE.size
            regs["gs_base"], = struct.unpack_from("<Q", data, at + 4 * 24 + 16)
            at += CPU_NOTE_SEGMENTS * 24
            regs["cr2"], regs["cr3"] = struct.unpack_from("<2Q", data, at + 2 * 8)
            regs["k_gs_base"], = struct.unpack_from("<Q", data, at + 5 * 8)
            found[len(found)] = regs
        return found


def core_file():
    """The path of the core file that gdb has open."""
    _, _, text = gdb.execute("info files", to_string=True).partition("Local core dump file:")
    if not text:
        raise gdb.GdbError("av: gdb does not say which dump it has open")
    return text.split("`", 1)[1].split("', file type", 1)[0]


class Target:
    """The one machine that gdb looks at."""

    def __init__(self):
        self.backend = self.core = None
        self.depth = 0
        self.forget()

    def forget(self):
        """Nothing that was read holds any more."""
        self.pages = {}
        self.tables = {}
        self.registers = None
        self.base = self.kernel_pgd = None

    def open(self):
        inferior = gdb.selected_inferior()
        connection = inferior.connection
        if not inferior.is_valid() or connection is None or not inferior.pid:
            raise gdb.GdbError("av: no machine: attach to QEMU (make gdb) or open a dump")
        if connection.type == "core":
            path = core_file()
            if self.core != path:
                self.backend, self.core = Dump(path), path
        else:
            self.backend, self.core = Live(inferior), None

    @contextlib.contextmanager
    def session(self, only_selected=False):
        """Inside, memory can be read. Sessions nest. @only_selected: one processor's registers
        are enough, as where gdb does not allow that another is selected."""
        if not self.depth:
            self.forget()
            self.open()
            self.registers = self.backend.cpus(only_selected)
            self.backend.start()
        self.depth += 1
        try:
            yield self
        finally:
            self.depth -= 1
            if not self.depth:
                self.backend.stop()
                self.forget()

    # ---- physical memory

    def phys(self, phys, size):
        """Bytes, read a page at a time and kept."""
        page, offset = phys >> PAGE_SHIFT, phys & (PAGE_SIZE - 1)
        if offset + size <= PAGE_SIZE:
            data = self.pages.get(page)
            if data is None:
                data = self.pages[page] = self.backend.read(page << PAGE_SHIFT, PAGE_SIZE)
            return data[offset:offset + size]
        if size > 4 * PAGE_SIZE:
            return self.backend.read(phys, size)
        first = PAGE_SIZE - offset
        return self.phys(phys, first) + self.phys(phys + first, size - first)

    def table(self, phys):
        """The 512 entries of a page table."""
        phys &= PFN_MASK
        entries = self.tables.get(phys)
        if entries is None:
            entries = self.tables[phys] = struct.unpack("<512Q", self.phys(phys, PAGE_SIZE))
        return entries

    def walk(self, pgd, addr):
        """(shift, table's physical address, index, entry) of each level, down to the last one."""
        phys = pgd
        for shift in TABLE_LEVELS:
            index = addr >> shift & 511
            entry = self.table(phys)[index]
            yield shift, phys & PFN_MASK, index, entry
            if not entry & 1 or shift == PAGE_SHIFT or (entry & 0x80 and shift < 39):
                return
            phys = entry & PFN_MASK

    def lookup(self, pgd, addr):
        """Physical address behind @addr, or None."""
        *_, (shift, _, _, entry) = self.walk(pgd, addr)
        if not entry & 1:
            return None
        inside = (1 << shift) - 1
        return entry & PFN_MASK & ~inside | addr & inside

    # ---- kernel addresses

    def find_layout(self):
        """Where the image lies, and the kernel's tables. Called with the first kernel address."""
        from layout import address_of, const
        self.direct, self.image = const("DIRECT_MAP_BASE"), const("KERNEL_BASE")
        self.vmemmap = const("VMEMMAP_BASE")
        where = address_of("phys_base")
        phys = where - self.image
        self.base = 0		# a guess, right unless the loader put the image elsewhere
        for regs in self.registers.values():
            try:
                found = self.lookup(regs["cr3"], where) if regs["cr3"] else None
            except NotThere:
                continue
            if found is not None:
                phys = found
                break
        self.base, = struct.unpack("<Q", self.phys(phys, 8))
        self.kernel_pgd = 0
        pgd, = struct.unpack("<Q", self.read(address_of("init_mm", "pgd"), 8))
        if pgd < self.direct:
            self.base = None
            raise NotYet("av: the kernel has not set up its memory yet; try: break "
                               "start_init, continue")
        self.kernel_pgd = pgd - self.direct

    def to_phys(self, addr):
        """Physical address of a kernel address; NotThere."""
        if self.base is None:
            self.find_layout()
        if addr >= self.image:
            return addr - self.image + self.base
        if self.direct <= addr < self.direct + (64 << 40):
            return addr - self.direct
        phys = self.lookup(self.kernel_pgd, addr) if addr >> 47 and self.kernel_pgd else None
        if phys is None:
            raise NotThere("av: nothing is mapped at %#x" % addr)
        return phys

    def read(self, addr, size):
        """Bytes at a kernel address."""
        out = b""
        while size > 0:
            part = min(size, PAGE_SIZE - (addr & PAGE_SIZE - 1))
            data = self.phys(self.to_phys(addr), part)
            if part == size and not out:
                return data
            out += data
            addr += part
            size -= part
        return out

    def word(self, addr):
        return struct.unpack("<Q", self.read(addr, 8))[0]

    def string(self, addr, limit=4096):
        out = b""
        while addr and len(out) < limit:
            part = self.read(addr + len(out), PAGE_SIZE - (addr + len(out)) % PAGE_SIZE)
            if b"\0" in part:
                return (out + part[:part.index(b"\0")]).decode("utf-8", "replace")
            out += part
        return out.decode("utf-8", "replace")


target = Target()
session = target.session
