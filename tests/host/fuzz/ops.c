/* ops.c - bytes to operations.
 * Holds:  every sequence of bytes is valid; what it lacks at its end is zeros. The same bytes do
 *         the same. An operation is a byte that picks it, one for the process and the processor,
 *         then what it takes itself. Before any of them may come "fail": an allocation of the next
 *         one fails.
 * Read:   model.h; table[] at the end; ops_map.c, ops_move.c and ops_use.c for what each does. */
#include "ops.h"

#include <lib/string.h>
#include <asm/percpu.h>
#include <fs/file.h>
#include <proc/task.h>
#include <uapi/errno.h>
#include <uapi/resource.h>

#include "../shim/check.h"
#include "../shim/disk.h"
#include "../shim/fail.h"
#include "../shim/file.h"
#include "../shim/machine.h"
#include "../shim/os.h"
#include "ops_internal.h"

#define MAX_OPS		160
#define STACK_LIMIT	(8UL << 20)

bool trace;
unsigned int check_every;

static const u8 *next_byte, *end_byte;
unsigned int cpu;		/* that the operation runs on */
u64 serial;			/* of writes, so that each writes something else */
const struct range nothing;

/* Allocations that are to fail in the next operation; fails: one did. */
static unsigned long fail_at;
static bool fail_rest;
bool fails;

static char text[65536];
static size_t text_bytes;

/* --- input and output --- */

unsigned int take(void)
{
	return next_byte < end_byte ? *next_byte++ : 0;
}

unsigned int take_below(unsigned int n)
{
	unsigned int value = take();

	return (n > 256 ? value | take() << 8 : value) % n;
}

struct range take_range(void)
{
	unsigned int first = take_below(NR_PAGES);

	return (struct range){ first, 1 + take_below(WINDOW_PAGES - first % WINDOW_PAGES) };
}

void print_operations(void)
{
	os_print(text);
}

void remember(const char *line)
{
	size_t len = strlen(line);

	if (trace)
		os_print(line);
	if (text_bytes + len < sizeof(text)) {
		memcpy(text + text_bytes, line, len + 1);
		text_bytes += len;
	}
}

/* --- results --- */

void arm(void)
{
	fails = false;
	if (fail_at)
		fail_nth(fail_at, fail_rest);
}

void disarm(void)
{
	if (fail_at)
		fails = fail_stop();
	fail_at = 0;
}

void expect(long got, long want)
{
	if (got != want)
		panic("the result is %ld (%#lx), not %ld (%#lx)", got, got, want, want);
}

bool met(struct proc *proc, long got, long want, struct range a, struct range b)
{
	if (fails && got < 0) {
		if (got != want && got != -ENOMEM && got != -EAGAIN)
			panic("without memory the result is %ld, not %ld", got, want);
		remember("    (no memory)\n");
		model_adopt(proc, a, b);
		return false;
	}
	expect(got, want);
	return true;
}

bool populated(struct proc *proc, struct range r)
{
	if (!fails)
		return model_populate(proc, r);
	model_adopt(proc, nothing, nothing);
	return true;
}

/* --- runs --- */

static void op_fail(struct proc *proc)
{
	unsigned int how = take();

	fail_at = 1 + how % 8 + (how & 64 ? take() : 0);
	fail_rest = how & 128;
	say("(allocation %lu %sis to fail%s)", fail_at, fail_rest ? "and all after it " : "",
	    how & 32 ? ", nothing is in reserve" : "");
	if (how & 32)
		shim_drain_all();	/* spare tables would not be asked for */
}

/* Those that are here more than once are more likely. */
static void (*const table[])(struct proc *proc) = {
	op_map,	       op_map,	   op_map,    op_map_anywhere, op_unmap,    op_unmap,
	op_protect,    op_protect, op_advise, op_advise,       op_populate, op_lock,
	op_move,       op_move,	   op_move,   op_duplicate,    op_resize,   op_resize_anywhere,
	op_fork,       op_fork,	   op_exit,   op_write,	       op_write,    op_write,
	op_write,      op_read,	   op_exec,   op_remote,       op_truncate, op_punch,
	op_file_write, op_rmap,	   op_rmap,   op_brk,	       op_fail,	    op_fail,
	op_advise,     op_reclaim, op_reclaim, op_reclaim,     op_reclaim_any,
	op_disk,       op_swapoff, op_read,    op_bad_disk,    op_reclaim,
};

static void begin(void)
{
	struct mm_struct *mm = shim_mm_new();

	begin_swap();
	mm->mmap_base = addr_of(NR_PAGES - 1) + PAGE_SIZE;
	mm->start_brk = mm->brk = addr_of(0);
	current->signal->rlim[RLIMIT_STACK].rlim_cur = STACK_LIMIT;
	for (unsigned int i = 0; i < NR_FILES; i++) {
		size_t size = (i + 1) * (PAGE_SIZE * 4 - 1000);

		files[i] = object_new(shim_file_new(size), size);
		files[i]->read_only = shim_file_reopen(files[i]->file, FMODE_READ);
		files[i]->file->f_inode->i_ino = i + 1;
	}
	model_fork(NULL, mm);
	serial = text_bytes = fail_at = 0;
}

static void end(void)
{
	while (nr_procs)
		end_process(procs[nr_procs - 1]);
	for (unsigned int i = 0; i < NR_FILES; i++) {
		fput(files[i]->file);
		fput(files[i]->read_only);
		object_put(files[i]);
	}
	shim_set_cpu(0);
	shim_swapoff_all();
	check_nothing_left();
}

static void one_operation(void)
{
	void (*op)(struct proc *proc) = table[take_below(ARRAY_SIZE(table))];
	unsigned int who = take();
	struct proc *proc = procs[who / 2 % nr_procs];

	cpu = (2 * proc->slot + who % 2) % NR_CPUS;
	shim_set_cpu(cpu);
	op(proc);
}

void run_bytes(const u8 *bytes, size_t nr)
{
	unsigned int every;

	next_byte = bytes;
	end_byte = bytes + nr;
	begin();
	every = 4u << take_below(4);
	every = check_every ? check_every : every;
	for (unsigned int n = 1; next_byte < end_byte && n <= MAX_OPS; n++) {
		one_operation();
		if (n % every == 0)
			check_all();
	}
	fail_at = 0;
	end_swap();
	check_all();
	remember("  (all pages are read)\n");
	check_processes();
	check_all();
	remember("  (all processes exit)\n");
	end();
}
