/* elffuzz.c - program files with random damage: execve refuses them, or they die alone.
 * A small good file is changed in a few places, by chance or where the loader looks; then it is
 * run, as nobody in particular and with little time and memory. elffuzz_files=N on the kernel's
 * command line says how many. */
#include "tap.h"
#include "elfimage.h"
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#define NAME	"/tmp/elffuzz"
#define BASE	0x10000000UL

struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[6];
	char interp[64];
	unsigned char text[256];
	unsigned char data[3 * PAGE];
};

static struct image im;
static unsigned long state = 88172645463325252UL;

static unsigned long rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dUL >> 11;
}

static void segment(int i, unsigned int type, unsigned int flags, size_t offset, size_t bytes,
		    size_t more)
{
	im.ph[i] = (Elf64_Phdr){ .p_type = type, .p_flags = flags, .p_offset = offset,
				 .p_vaddr = BASE + offset + (flags & PF_W ? 16 * PAGE : 0),
				 .p_filesz = bytes, .p_memsz = bytes + more, .p_align = PAGE };
}

/* exit(42), with code, data, zeroed memory and the segments that real programs have. */
static void good(void)
{
	memset(&im, 0, sizeof(im));
	im.eh = elf_header(BASE + offsetof(struct image, text), offsetof(struct image, ph), 4);
	segment(0, PT_LOAD, PF_R | PF_X, 0, offsetof(struct image, data), 0);
	segment(1, PT_LOAD, PF_R | PF_W, offsetof(struct image, data), sizeof(im.data), 2 * PAGE);
	segment(2, PT_GNU_STACK, PF_R | PF_W, 0, 0, 0);
	segment(3, PT_TLS, PF_R, offsetof(struct image, data), 64, 64);
	segment(4, PT_INTERP, PF_R, offsetof(struct image, interp), sizeof(NAME), 0);
	memcpy(im.interp, NAME, sizeof(NAME));
	memcpy(im.text, exit_42, sizeof(exit_42));
}

static unsigned long edge(void)
{
	static const unsigned long edges[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 56, 64, 4095, 4096, 4097, 65535, 0x7fffffff, 0xffffffff,
		BASE, BASE + 1, BASE + 4096, 1UL << 32, 1UL << 46, 0x7ffffffff000, 1UL << 47,
		1UL << 63, ~0UL, ~0UL - 4095, 0x7fffffffffffffff, 0xffffffff80000000,
	};

	return rnd() % 3 ? edges[rnd() % COUNT(edges)] : rnd() << rnd() % 20;
}

static void damage(void)
{
	unsigned char *bytes = (unsigned char *)&im;
	Elf64_Phdr *ph = &im.ph[rnd() % 6];
	unsigned long value = edge();

	switch (rnd() % 8) {
	case 0:
		bytes[rnd() % offsetof(struct image, text)] ^= (unsigned char)(1u << rnd() % 8);
		break;
	case 1:
		bytes[rnd() % sizeof(im.eh)] = (unsigned char)value;
		break;
	case 2:
		memcpy(bytes + rnd() % (sizeof(im.eh) / 2) * 2, &value, 2);
		break;
	case 3:
		im.eh.e_phnum = (Elf64_Half)(rnd() % 9);
		break;
	case 4:
		ph->p_type = (Elf64_Word)(rnd() % 8);
		break;
	default:
		memcpy((char *)ph + rnd() % (sizeof(*ph) / 8) * 8, &value, 8);
		break;
	}
}

static void run(void)
{
	struct rlimit space = { 64UL << 20, 64UL << 20 }, core = { 0, 0 };
	struct itimerval soon = { { 0, 0 }, { 0, 100000 } };
	char *argv[] = { NAME, NULL }, *envp[] = { NULL };

	setrlimit(RLIMIT_AS, &space);
	setrlimit(RLIMIT_CORE, &core);
	setitimer(ITIMER_REAL, &soon, NULL);
	if (setgid(1000) || setuid(1000))
		_exit(1);
	execve(NAME, argv, envp);
	_exit(100);
}

static unsigned long files(void)
{
	char line[1024] = "", *at;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, line, sizeof(line) - 1) < 0)
		line[0] = 0;
	close(fd);
	at = strstr(line, "elffuzz_files=");
	return at ? strtoul(at + 14, NULL, 0) : 500;
}

static int run_one(void)
{
	pid_t pid;
	int fd = open(NAME, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	must(fd >= 0 && write(fd, &im, sizeof(im)) == (ssize_t)sizeof(im));
	close(fd);
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		run();
	return wait_for(pid);
}

static void body(void)
{
	unsigned long nr = files(), i, ran = 0, refused = 0, killed = 0;

	good();
	is(run_one(), EXITED(42), "the file without damage runs");
	for (i = 0; i < nr; i++) {
		int status, places = 1 + (int)(rnd() % 3);

		good();
		while (places--)
			damage();
		status = run_one();
		ran += status == EXITED(42);
		refused += status == EXITED(100);
		killed += WIFSIGNALED(status);
		alarm(30);
	}
	diag("%lu ran, %lu were refused, %lu were killed", ran, refused, killed);
	ok(ran > nr / 20 && refused > nr / 20, "%lu files with damage do no harm", nr);
	good();
	is(run_one(), EXITED(42), "the good one still runs");
	unlink(NAME);
}

int main(void)
{
	return tap_run(body, 28);
}
