/* umip.c - SGDT, SIDT, SLDT, STR and SMSW in user mode.
 * With UMIP they are general-protection faults, so that no program learns where the kernel's tables
 * are. Old programs use them, and get what Linux gives: constants.
 * Holds:  the instruction is read and its operand written as user memory; anything that is not one
 *         of the five is left to the signal.
 * Locks:  none; it may sleep. */
#include <asm/umip.h>

#include <asm/processor.h>
#include <asm/ptregs.h>
#include <asm/uaccess.h>
#include <lib/string.h>
#include <proc/signal.h>
#include <proc/task.h>

#define INSN_BYTES	15
#define TRAP_PAGE_FAULT	14
#define PF_USER_WRITE	6

#define DUMMY_GDT_BASE	0xfffffffffffe0000UL
#define DUMMY_IDT_BASE	0xffffffffffff0000UL
#define DUMMY_MSW	0x80050033UL	/* PG AM WP NE ET MP PE */
#define DUMMY_TSS	0x40UL
#define DUMMY_LDT	0UL

struct insn {
	u8		bytes[INSN_BYTES];
	unsigned int	nr, at;		/* bytes that could be read, and how many are decoded */
	bool		operand16, address32;
	unsigned long	segment_base;
	u8		rex;
	u8		opcode, modrm;	/* the byte behind 0f; what follows it */
};

static unsigned int mod(const struct insn *insn)
{
	return insn->modrm >> 6;
}

static unsigned int reg(const struct insn *insn)
{
	return insn->modrm >> 3 & 7;
}

/* The next byte; past the end there are zeros, and at says so. */
static u8 next(struct insn *insn)
{
	return insn->at++ < insn->nr ? insn->bytes[insn->at - 1] : 0;
}

/* Legacy prefixes in any order, then REX. Returns the first byte behind them. */
static u8 read_prefixes(struct insn *insn)
{
	u8 byte;

	for (;;) {
		switch (byte = next(insn)) {
		case 0x66:
			insn->operand16 = true;
			continue;
		case 0x67:
			insn->address32 = true;
			continue;
		case 0x64:
			insn->segment_base = rdmsr(MSR_FS_BASE);
			continue;
		case 0x65:
			insn->segment_base = rdmsr(MSR_KERNEL_GS_BASE);	/* the user's */
			continue;
		case 0x26: case 0x2e: case 0x36: case 0x3e:
			continue;
		default:
			break;
		}
		break;
	}
	if ((byte & 0xf0) != 0x40)
		return byte;
	insn->rex = byte;
	return next(insn);
}

static bool read_insn(struct insn *insn, const struct pt_regs *regs)
{
	insn->nr = INSN_BYTES - copy_from_user(insn->bytes, (const void *)regs->rip, INSN_BYTES);
	if (read_prefixes(insn) != 0x0f)
		return false;
	insn->opcode = next(insn);
	insn->modrm = next(insn);
	return insn->at <= insn->nr;
}

/* Register @nr in the order of the instruction set. */
static unsigned long *register_of(struct pt_regs *regs, unsigned int nr)
{
	unsigned long *const all[16] = {
		&regs->rax, &regs->rcx, &regs->rdx, &regs->rbx, &regs->rsp, &regs->rbp, &regs->rsi,
		&regs->rdi, &regs->r8, &regs->r9, &regs->r10, &regs->r11, &regs->r12, &regs->r13,
		&regs->r14, &regs->r15,
	};

	return all[nr];
}

static unsigned long displacement(struct insn *insn, unsigned int bytes)
{
	u32 value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (u32)next(insn) << 8 * i;
	return bytes == 1 ? (unsigned long)(s8)value : (unsigned long)(s32)value;
}

/* Base and scaled index. Base 5 without a displacement is none, and has one of 32 bits. */
static unsigned long sib_address(struct insn *insn, struct pt_regs *regs, unsigned int *disp)
{
	u8 sib = next(insn);
	unsigned int index = (sib >> 3 & 7) | (insn->rex & 2 ? 8 : 0);
	unsigned int base = (sib & 7) | (insn->rex & 1 ? 8 : 0);
	unsigned long addr = 0;

	if (index != 4)
		addr = *register_of(regs, index) << (sib >> 6);
	if ((base & 7) == 5 && mod(insn) == 0)
		*disp = 4;
	else
		addr += *register_of(regs, base);
	return addr;
}

/* Where the operand in memory is. Decodes the instruction to its end. */
static unsigned long operand_address(struct insn *insn, struct pt_regs *regs)
{
	unsigned int rm = insn->modrm & 7, disp = mod(insn) == 1 ? 1 : mod(insn) == 2 ? 4 : 0;
	unsigned long addr = 0;

	if (rm == 4)
		addr = sib_address(insn, regs, &disp);
	else if (rm == 5 && mod(insn) == 0)
		disp = 4;
	else
		addr = *register_of(regs, rm | (insn->rex & 1 ? 8 : 0));
	addr += displacement(insn, disp);
	if (rm == 5 && mod(insn) == 0)
		addr += regs->rip + insn->at;
	if (insn->address32)
		addr = (u32)addr;
	return addr + insn->segment_base;
}

/* What SLDT, STR or SMSW gives. Returns whether it is one of them. */
static bool register_value(const struct insn *insn, unsigned long *value)
{
	if (insn->opcode == 0 && reg(insn) <= 1)
		*value = reg(insn) ? DUMMY_TSS : DUMMY_LDT;
	else if (insn->opcode == 1 && reg(insn) == 4)
		*value = DUMMY_MSW;
	else
		return false;
	return true;
}

static void set_register(struct insn *insn, struct pt_regs *regs, unsigned long value)
{
	unsigned long *to = register_of(regs, (insn->modrm & 7) | (insn->rex & 1 ? 8 : 0));

	if (insn->operand16 && !(insn->rex & 8))
		value = (*to & ~0xffffUL) | (value & 0xffff);
	*to = value;
}

/* False: it cannot be written, and there is a signal. */
static bool write_operand(unsigned long addr, const void *data, size_t bytes)
{
	if (!copy_to_user((void *)addr, data, bytes))
		return true;
	current->trap_nr = TRAP_PAGE_FAULT;
	current->trap_error = PF_USER_WRITE;
	current->trap_addr = addr;
	force_sig_fault(SIGSEGV, SEGV_MAPERR, addr);
	return false;
}

bool umip_emulate(struct pt_regs *regs)
{
	struct insn insn = { .nr = 0 };
	struct __packed {
		u16	limit;
		u64	base;
	} table = { 0 };
	unsigned long value = 0, addr = 0;
	bool is_table, done = true;

	if (!cpu_features.umip || !read_insn(&insn, regs))
		return false;
	is_table = insn.opcode == 1 && reg(&insn) <= 1 && mod(&insn) != 3;
	if (!is_table && !register_value(&insn, &value))
		return false;
	if (mod(&insn) != 3)
		addr = operand_address(&insn, regs);
	if (insn.at > insn.nr)
		return false;
	table.base = reg(&insn) ? DUMMY_IDT_BASE : DUMMY_GDT_BASE;
	if (mod(&insn) == 3)
		set_register(&insn, regs, value);
	else if (is_table)
		done = write_operand(addr, &table, sizeof(table));
	else
		done = write_operand(addr, &value, 2);
	if (done)
		regs->rip += insn.at;	/* else the signal is one of the instruction itself */
	return true;
}
