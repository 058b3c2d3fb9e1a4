/* kallsyms.c - /proc/kallsyms: the kernel's symbols by address, which only root is told. */
#include "tap.h"
#include <stdbool.h>
#include <sys/wait.h>

#define NOBODY 65534

struct found {
	int	lines, bad, unsorted, nonzero;
	char	start_kernel;		/* its type; 0 if it is not there */
};

static void look_at(char *line, struct found *f, unsigned long *last)
{
	unsigned long addr;
	char type, name[512], rest[512];
	int fields = sscanf(line, "%16lx %c %511s %511s", &addr, &type, name, rest);

	f->lines++;
	if (fields < 3 || line[16] != ' ' || line[18] != ' ' || !strchr(line, '\n')) {
		f->bad++;
		return;
	}
	if (fields > 3)			/* of a module: these begin anew */
		return;
	f->unsorted += addr < *last;
	f->nonzero += addr != 0;
	*last = addr;
	if (!strcmp(name, "start_kernel"))
		f->start_kernel = type;
}

/* Of a file that is open. */
static struct found look(FILE *file)
{
	struct found f = { 0 };
	unsigned long last = 0;
	static char line[2048];

	while (file && fgets(line, sizeof(line), file))
		look_at(line, &f, &last);
	return f;
}

static void as_root(void)
{
	FILE *file = fopen("/proc/kallsyms", "r"), *slow = fopen("/proc/kallsyms", "r");
	struct found f = look(file);
	static char small[64];

	ok(f.lines > 500, "/proc/kallsyms has many symbols");
	is(f.bad, 0, "each line has an address of 16 digits, a type and a name");
	is(f.unsorted, 0, "they are in the order of their addresses");
	is(f.start_kernel, 'T', "start_kernel is among them, and global");
	ok(f.nonzero > f.lines / 2, "root is told addresses");
	must(file && slow && !setvbuf(slow, small, _IOFBF, sizeof(small)));
	is(look(slow).lines, f.lines, "read in small pieces it is as long");
	rewind(file);
	is(look(file).lines, f.lines, "and read again");
	fclose(file);
	fclose(slow);
}

/* Exit status of a child that is nobody: 0 if it is told as many addresses as it should be. */
static int told(FILE *file, bool addresses)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct found f;

		must(setuid(NOBODY) == 0);
		f = look(file ? file : fopen("/proc/kallsyms", "r"));
		_exit(f.bad || f.unsorted || f.start_kernel != 'T' || addresses != !!f.nonzero);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid);
	return status;
}

static void body(void)
{
	FILE *ours = fopen("/proc/kallsyms", "r");

	must(ours);
	as_root();
	is(told(NULL, false), 0, "others are told names, and 0 for each address");
	is(told(ours, true), 0, "what root has opened tells addresses to whoever reads it");
	fclose(ours);
}

int main(void)
{
	return tap_run(body, 10);
}
