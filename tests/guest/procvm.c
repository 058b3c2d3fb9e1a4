/* procvm.c - process_vm_readv and process_vm_writev: another process's memory, and whose. */
#include "tap.h"
#include <sys/uio.h>

static char *area;	/* four pages; in the child their bytes are 'A' + page */

static void fill(char first)
{
	int i;

	for (i = 0; i < 4; i++)
		memset(area + i * PAGE, first + i, PAGE);
}

static pid_t start_child(int *ready)
{
	int ends[2];
	pid_t pid;
	char c;

	must(pipe(ends) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		fill('A');
		must(munmap(area + 3 * PAGE, PAGE) == 0);
		must(mprotect(area + 2 * PAGE, PAGE, PROT_READ) == 0);
		must(write(ends[1], "r", 1) == 1);
		hang(NULL);
	}
	must(read(ends[0], &c, 1) == 1);
	close(ends[1]);
	*ready = ends[0];
	return pid;
}

static long readv_at(pid_t pid, char *to, size_t bytes, char *from, size_t from_bytes)
{
	struct iovec l = { to, bytes }, r = { from, from_bytes };

	return process_vm_readv(pid, &l, 1, &r, 1, 0);
}

static long writev_at(pid_t pid, char *from, size_t bytes, char *to)
{
	struct iovec l = { from, bytes }, r = { to, bytes };

	return process_vm_writev(pid, &l, 1, &r, 1, 0);
}

static int other_user(void *arg)
{
	char buf[16];

	if (setgid(1000) || setuid(1000))
		return 1;
	return readv_at((pid_t)(intptr_t)arg, buf, 16, area, 16) == -1 && errno == EPERM ? 0 : 2;
}

static void body(void)
{
	static char buf[4 * PAGE];
	struct iovec l[2], r[3];
	int ready;
	pid_t pid;

	area = map_anon(4 * PAGE, PROT_READ | PROT_WRITE);
	fill('a');
	pid = start_child(&ready);
	is(readv_at(pid, buf, 100, area, 100), 100, "the memory of a child can be read");
	ok(buf[0] == 'A' && buf[99] == 'A' && area[0] == 'a', "it is the child's, not ours");
	is(readv_at(pid, buf, 2 * PAGE, area + PAGE / 2, 2 * PAGE), 2 * PAGE, "over pages");
	ok(buf[0] == 'A' && buf[PAGE] == 'B' && buf[2 * PAGE - 1] == 'C', "in order");
	is(readv_at(pid, buf, 2 * PAGE, area + 2 * PAGE + 10, 2 * PAGE), PAGE - 10,
	   "up to what is not mapped there");
	fails(readv_at(pid, buf, 16, area + 3 * PAGE, 16), EFAULT, "nothing at all is EFAULT");
	l[0] = (struct iovec){ buf, 3 };
	l[1] = (struct iovec){ buf + 100, 5 };
	r[0] = (struct iovec){ area, 2 };
	r[1] = (struct iovec){ area + PAGE, 2 };
	r[2] = (struct iovec){ area + 2 * PAGE, 10 };
	is(process_vm_readv(pid, l, 2, r, 3, 0), 8, "rows are cut differently on both sides");
	ok(memcmp(buf, "AAB", 3) == 0 && memcmp(buf + 100, "BCCCC", 5) == 0, "all bytes find it");
	memset(buf, 'z', sizeof(buf));
	is(writev_at(pid, buf, 100, area + 50), 100, "the memory of a child can be written");
	is(readv_at(pid, buf + 200, 200, area, 200), 200, "and read again");
	ok(buf[249] == 'A' && buf[250] == 'z' && buf[349] == 'z' && buf[350] == 'A' &&
	   area[50] == 'a', "it has changed there, and not here");
	fails(writev_at(pid, buf, 10, area + 2 * PAGE), EFAULT, "not what it may only read itself");
	is(writev_at(pid, buf, PAGE, area + PAGE + 100), PAGE - 100, "a part may be possible");
	is(readv_at(pid, buf, 0, area, 100), 0, "nothing to move is 0");
	is(readv_at(99999999, buf, 0, area, 100), 0, "and does not ask for whom");
	fails(readv_at(99999999, buf, 1, area, 1), ESRCH, "no such process is ESRCH");
	child_ok(other_user, (void *)(intptr_t)pid, "another user's process is EPERM");
	is(readv_at(getpid(), buf, 10, area, 10), 10, "one's own memory works, too");
	kill(pid, SIGKILL);
	wait_for(pid);
	fails(readv_at(pid, buf, 1, area, 1), ESRCH, "a process that is gone is ESRCH");
	close(ready);
	munmap(area, 4 * PAGE);
}

int main(void)
{
	return tap_run(body, 10);
}
