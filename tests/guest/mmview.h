/* mmview.h - what a test in the middle of its work asks the kernel: who maps this page, is all
 * memory sound, how many objects are there. Other than the check at a program's end this sees a
 * family of processes while it is alive. */
#ifndef TESTS_GUEST_MMVIEW_H
#define TESTS_GUEST_MMVIEW_H

#include "pages.h"

/* How many page-table entries map the page at @p, which is touched. */
HELPER long mappers_of(const volatile char *p)
{
	(void)*p;
	return (long)kpagecount(pfn_of(getpid(), p));
}

/* What a walk of the reverse map from @frame finds: the number of entries, and whether one of them
 * is that of @pid at @p. False where there is no /proc/rmap. It maps nothing: the memory that is
 * tested may have holes. */
HELPER bool walk_from(unsigned long frame, pid_t pid, const void *p, long *entries, bool *found)
{
	static char buf[65536];
	char path[64], who[32], where[32], *line, *end;
	size_t len = 0;
	ssize_t n;
	int fd;

	*entries = 0;
	*found = false;
	snprintf(path, sizeof(path), "/proc/rmap/%lu", frame);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (len < sizeof(buf) - 1 && (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	buf[len] = 0;
	snprintf(who, sizeof(who), " pid %d (", (int)pid);
	snprintf(where, sizeof(where), " at %lx:", (unsigned long)p);
	for (line = buf; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = 0;
		if (strncmp(line, "  maps ", 7) != 0)
			continue;
		++*entries;
		*found |= strstr(line, who) && strstr(line, where);
	}
	return true;
}

/* False when the kernel's own look at all of its memory finds something wrong. */
HELPER bool memory_is_sound(void)
{
	static char report[2048];
	ssize_t n;
	int fd = open("/proc/mmcheck", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return true;
	n = read(fd, report, sizeof(report) - 1);
	close(fd);
	report[n > 0 ? n : 0] = 0;
	if (strncmp(report, "mmcheck: FAILED", 15) != 0)
		return true;
	diag("%.900s", report);
	return false;
}

/* A kind of damage that a debug kernel plants if asked, and what its report then says. */
struct damage {
	const char *kind, *words;
};

/* The next look at all of memory finds damage of @kind, and then it is repaired. 0 or errno; EPERM:
 * this kernel plants nothing. */
HELPER int plant(const char *kind)
{
	int err = 0, fd = open("/proc/mmcheck", O_WRONLY | O_CLOEXEC);

	must(fd >= 0);
	if (write(fd, kind, strlen(kind)) < 0)
		err = errno;
	close(fd);
	return err;
}

/* A result for each of the @nr kinds: the kernel finds it. */
HELPER void damage_is_found(const struct damage *damage, size_t nr)
{
	for (; nr--; damage++) {
		int err = plant(damage->kind);
		char *text;

		if (err == EPERM) {
			skip("only in debug builds", "planted: %s", damage->kind);
			continue;
		}
		text = read_text("/proc/mmcheck");
		if (!ok(!err && text && strncmp(text, "mmcheck: FAILED", 15) == 0 &&
			strstr(text, damage->words), "planted: %s is found", damage->kind))
			diag("errno %d, wanted \"%s\", found: %.300s", err, damage->words,
			     text ? text : "nothing");
	}
}

/* Objects in use of the slab cache @name, or -1. */
HELPER long slab_objects(const char *name)
{
	static char buf[16384];
	size_t len = 0, name_len = strlen(name);
	ssize_t n;
	char *line;
	int fd = open("/proc/slabinfo", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	while (len < sizeof(buf) - 1 && (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	buf[len] = 0;
	for (line = buf; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, name, name_len) == 0 && line[name_len] == ' ')
			return atol(line + name_len);
	return -1;
}

#endif
