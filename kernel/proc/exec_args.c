/* exec_args.c - arguments and environment, from the old image to the new one's stack.
 * The strings are collected in kernel pages first, since until exec is past all that can fail the
 * old image must stay whole; then their number is known and the stack can be laid out:
 *
 *	STACK_TOP	8 zero bytes
 *			the path that was executed (AT_EXECFN)
 *			environment strings
 *			argument strings		mm->arg_start
 *			"x86_64", 16 random bytes
 *			auxv, envp[], argv[], argc	the stack pointer, 16-byte aligned
 *
 * Read:   exec.c. */
#include "exec.h"

#include <asm/processor.h>
#include <asm/uaccess.h>
#include <asm/fpu.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>
#include <proc/random.h>
#include <proc/task.h>
#include <uapi/resource.h>
#include <uapi/time.h>

#define MAX_ARG_STRLEN	(32 * PAGE_SIZE)	/* one string, NUL included */
#define END_MARK	8UL		/* zero bytes above all strings */
#define ARG_MIN_TOTAL	(128UL << 10)
#define ARG_MAX_TOTAL	(6UL << 20)

/* ---- collecting ---- */

void strings_init(struct exec_strings *s)
{
	memset(s, 0, sizeof(*s));
	s->stack_limit = rlimit(RLIMIT_STACK);
	s->limit = clamp(s->stack_limit / 4, ARG_MIN_TOTAL, ARG_MAX_TOTAL);
	s->above = END_MARK;
}

static size_t pointers(const struct exec_strings *s)
{
	return ((size_t)s->argc + s->envc) * sizeof(u64);
}

void strings_put_below(struct exec_strings *prefix, const struct exec_strings *s)
{
	prefix->above = s->above + s->bytes - s->start;
	prefix->limit = s->limit - (s->bytes - s->start) - pointers(s);
}

void strings_free(struct exec_strings *s)
{
	unsigned int i;

	for (i = 0; i < s->nr_pages; i++)
		free_page(s->pages[i]);
	kfree(s->pages);
	s->pages = NULL;
	s->nr_pages = 0;
}

/* Where the next byte goes, with *@room bytes behind it; NULL: no memory. */
static char *strings_tail(struct exec_strings *s, size_t *room)
{
	unsigned int nr = s->bytes / PAGE_SIZE;

	if (nr == s->max_pages) {
		unsigned int max = max(s->max_pages * 2, 8u);
		void **pages = kmalloc(max * sizeof(*pages), GFP_KERNEL);

		if (!pages)
			return NULL;
		memcpy(pages, s->pages, s->nr_pages * sizeof(*pages));
		kfree(s->pages);
		s->pages = pages;
		s->max_pages = max;
	}
	if (nr == s->nr_pages) {
		s->pages[nr] = get_free_page(GFP_KERNEL);
		if (!s->pages[nr])
			return NULL;
		s->nr_pages++;
	}
	*room = PAGE_SIZE - s->bytes % PAGE_SIZE;
	return s->pages[nr] + s->bytes % PAGE_SIZE;
}

/* One more string has been added: does all of it still fit? A stack has one page whatever its
 * limit. */
static int check_total(const struct exec_strings *s)
{
	size_t stack = PAGE_ALIGN(s->above + s->bytes);

	return s->bytes + pointers(s) > s->limit ||
	       (stack > PAGE_SIZE && stack > s->stack_limit) ? -E2BIG : 0;
}

int strings_add(struct exec_strings *s, const char *string)
{
	size_t left = strlen(string) + 1;

	if (left > MAX_ARG_STRLEN)
		return -E2BIG;
	while (left) {
		size_t room;
		char *to = strings_tail(s, &room);

		if (!to)
			return -ENOMEM;
		room = min(room, left);
		memcpy(to, string, room);
		string += room;
		left -= room;
		s->bytes += room;
	}
	return check_total(s);
}

static int strings_add_user(struct exec_strings *s, const char *string)
{
	size_t left = MAX_ARG_STRLEN, room;
	ssize_t len;
	char *to;

	while (left) {
		to = strings_tail(s, &room);
		if (!to)
			return -ENOMEM;
		room = min(room, left);
		len = strncpy_from_user(to, string, room);
		if (len < 0)
			return len;
		if ((size_t)len < room) {
			s->bytes += len + 1;
			return check_total(s);
		}
		string += room;
		left -= room;
		s->bytes += room;
		if (check_total(s))
			return -E2BIG;
	}
	return -E2BIG;
}

int strings_add_vector(struct exec_strings *s, char *const *ptrs, bool kernel, unsigned int *count)
{
	char *string;
	int err = 0;

	if (!ptrs)
		return 0;
	for (; !err; ptrs++) {
		if (kernel)
			string = *ptrs;
		else if (get_user(string, ptrs))
			return -EFAULT;
		if (!string)
			break;
		(*count)++;
		err = kernel ? strings_add(s, string) : strings_add_user(s, string);
	}
	return err;
}

size_t strings_first_length(const struct exec_strings *s)
{
	size_t at = 0, part;
	const char *nul;

	for (;; at += part) {
		part = min(PAGE_SIZE, s->bytes - at);
		nul = memchr(s->pages[at / PAGE_SIZE], 0, part);
		if (nul)
			return at + (nul - (const char *)s->pages[at / PAGE_SIZE]) + 1;
	}
}

/* ---- laying out ---- */

/* Words on their way to the new stack, in page-sized pieces. */
struct word_writer {
	struct mm_struct	*mm;
	unsigned long		addr;		/* where the buffer goes */
	u64			*buf;
	unsigned int		nr;
	bool			failed;
};

static void flush_words(struct word_writer *w)
{
	size_t bytes = w->nr * sizeof(u64);

	if (access_remote_vm(w->mm, w->addr, w->buf, bytes, FOLL_WRITE) != bytes)
		w->failed = true;
	w->addr += bytes;
	w->nr = 0;
}

static void put_word(struct word_writer *w, u64 word)
{
	w->buf[w->nr++] = word;
	if (w->nr == PAGE_SIZE / sizeof(u64))
		flush_words(w);
}

/* The addresses of @count strings, the first at offset *@at, when offset 0 is at @base. */
static void put_pointers(struct word_writer *w, const struct exec_strings *s, unsigned int count,
			 unsigned long base, size_t *at)
{
	while (count--) {
		put_word(w, base + *at);
		for (;;) {
			size_t in_page = *at % PAGE_SIZE;
			size_t rest = min(PAGE_SIZE - in_page, s->bytes - *at);
			const char *from = s->pages[*at / PAGE_SIZE] + in_page;
			const char *nul = memchr(from, 0, rest);

			if (nul) {
				*at += nul - from + 1;
				break;
			}
			*at += rest;
		}
	}
}

/* All that is not left out of @s, such that its offset 0 would be at @base. */
static int copy_strings(struct mm_struct *mm, const struct exec_strings *s, unsigned long base)
{
	size_t at = s->start, part;

	for (; at < s->bytes; at += part) {
		part = min(PAGE_SIZE - at % PAGE_SIZE, s->bytes - at);
		if (access_remote_vm(mm, base + at, s->pages[at / PAGE_SIZE] + at % PAGE_SIZE, part,
				     true) != part)
			return -ENOMEM;
	}
	return 0;
}

/* Fill mm->saved_auxv; the number of words. */
static unsigned int make_auxv(struct exec_image *image, unsigned long execfn,
			      unsigned long platform, unsigned long random)
{
	const struct cred *cred = &current->cred;
	const u64 pairs[][2] = {
		{ AT_SYSINFO_EHDR, image->vdso },
		{ AT_HWCAP, cpuid(1, 0).edx },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, USER_HZ },
		{ AT_PHDR, image->phdr },
		{ AT_PHENT, sizeof(struct elf64_phdr) },
		{ AT_PHNUM, image->phnum },
		{ AT_BASE, image->base },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, image->prog_entry },
		{ AT_UID, cred->uid },
		{ AT_EUID, image->euid },
		{ AT_GID, cred->gid },
		{ AT_EGID, image->egid },
		{ AT_SECURE, image->secure },
		{ AT_RANDOM, random },
		{ AT_HWCAP2, cpu_features.fsgsbase ? 2 : 0 },
		{ AT_MINSIGSTKSZ, fpu_frame_size() + 64 + 440 + 128 },
		{ AT_EXECFN, execfn },
		{ AT_PLATFORM, platform },
		{ AT_NULL, 0 },
	};

	BUILD_ASSERT(sizeof(pairs) <= sizeof(image->mm->saved_auxv));
	memcpy(image->mm->saved_auxv, pairs, sizeof(pairs));
	return sizeof(pairs) / sizeof(u64);
}

/* argc, argv[], envp[] and auxv, from image->sp on; the strings' offset 0 is at @base, the prefix's
 * at @prefix_base. */
static int write_vectors(struct exec_image *image, unsigned long base, unsigned long prefix_base,
			 unsigned int nr_aux)
{
	const struct exec_strings *s = &image->strings;
	struct word_writer w = { .mm = image->mm, .addr = image->sp };
	size_t prefix_at = 0, at = s->start;
	unsigned int i;

	w.buf = get_free_page(GFP_KERNEL);
	if (!w.buf)
		return -ENOMEM;
	put_word(&w, image->prefix.argc + s->argc);
	put_pointers(&w, &image->prefix, image->prefix.argc, prefix_base, &prefix_at);
	put_pointers(&w, s, s->argc, base, &at);
	put_word(&w, 0);
	put_pointers(&w, s, s->envc, base, &at);
	put_word(&w, 0);
	for (i = 0; i < nr_aux; i++)
		put_word(&w, image->mm->saved_auxv[i]);
	flush_words(&w);
	free_page(w.buf);
	return w.failed ? -ENOMEM : 0;
}

/* "x86_64" and 16 random bytes. */
static int write_extra(struct mm_struct *mm, unsigned long addr)
{
	u8 bytes[24] = "x86_64";

	get_random_bytes(bytes + 8, 16);
	return access_remote_vm(mm, addr, bytes, sizeof(bytes), FOLL_WRITE) == sizeof(bytes) ? 0
										       : -ENOMEM;
}

int exec_build_stack(struct exec_image *image, bool exec_stack)
{
	const struct exec_strings *s = &image->strings;
	struct mm_struct *mm = image->mm;
	unsigned long base = STACK_TOP - END_MARK - s->bytes;
	unsigned long low = base + s->start - image->prefix.bytes;
	unsigned long extra = ALIGN_DOWN(low - 24, 16UL);
	unsigned int nr_aux, nr_words;
	vm_fault_t fault;
	int err = setup_stack_vma(mm, STACK_TOP, STACK_TOP - low, exec_stack);

	if (err)
		return err;
	mm->arg_start = low;
	mm->arg_end = mm->env_start = base + s->env_at;
	mm->env_end = base + s->name_at;
	nr_aux = make_auxv(image, base + s->name_at, extra, extra + 8);
	nr_words = 1 + image->prefix.argc + s->argc + 1 + s->envc + 1 + nr_aux;
	image->sp = ALIGN_DOWN(extra - nr_words * sizeof(u64), 16UL);
	mm->start_stack = image->sp;
	/* The area grows down to what we need, if the limit allows it. */
	fault = mm_fault(mm, image->sp, FAULT_FLAG_WRITE | FAULT_FLAG_USER);
	if (fault & VM_FAULT_ERROR)
		return fault & VM_FAULT_OOM ? -ENOMEM : -E2BIG;
	err = copy_strings(mm, s, base);
	if (!err)
		err = copy_strings(mm, &image->prefix, low);
	if (!err)
		err = write_extra(mm, extra);
	if (!err)
		err = write_vectors(image, base, low, nr_aux);
	return err;
}
