/* glibc.c - a program linked with glibc: what the C library does before main and around it. */
#include "tap.h"
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/resource.h>

extern char **environ;

static void allocation(void)
{
	enum { N = 2000 };
	static char *p[N];
	int i, bad = 0;
	char *big;

	for (i = 0; i < N; i++) {
		p[i] = malloc((size_t)i * 37 % 5000 + 1);
		must(p[i]);
		p[i][0] = (char)i;
	}
	for (i = 0; i < N; i += 2)
		free(p[i]);
	for (i = 1; i < N; i += 2) {
		p[i] = realloc(p[i], (size_t)i * 3 % 9000 + 1);
		bad += !p[i] || p[i][0] != (char)i;
	}
	for (i = 1; i < N; i += 2)
		free(p[i]);
	is(bad, 0, "malloc, realloc and free work on 2000 blocks");
	big = calloc(1, 32 * MIB);
	ok(big && big[0] == 0 && big[32 * MIB - 1] == 0, "calloc gives 32 MiB of zeros");
	big = realloc(big, 64 * MIB);
	ok(big && big[40 * MIB] == 0, "realloc moves it by mremap");
	free(big);
}

static void stdio(void)
{
	FILE *f = fopen("/tmp/glibc", "w+");
	char line[64], num[64];
	int i, bad = 0;

	must(f);
	for (i = 0; i < 1000; i++)
		fprintf(f, "line %d\n", i);
	rewind(f);
	for (i = 0; i < 1000 && fgets(line, sizeof(line), f); i++)
		bad += atoi(line + 5) != i;
	ok(i == 1000 && bad == 0, "1000 lines are written and read through stdio");
	fclose(f);
	unlink("/tmp/glibc");
	snprintf(num, sizeof(num), "%.6f %s %lx", sqrt(2.0), "text", 0xbeefUL);
	ok(strcmp(num, "1.414214 text beef") == 0, "printf formats");
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void library(void)
{
	enum { N = 5000 };
	static int v[N];
	struct tm tm;
	time_t day = 86400 * 365;
	int i, bad = 0;

	for (i = 0; i < N; i++)
		v[i] = (int)((unsigned int)i * 7919 % 10007);
	qsort(v, N, sizeof(v[0]), by_value);
	for (i = 1; i < N; i++)
		bad += v[i - 1] > v[i];
	is(bad, 0, "qsort sorts");
	ok(gmtime_r(&day, &tm) && tm.tm_year == 71 && tm.tm_yday == 0, "gmtime knows 1971");
	ok(setlocale(LC_ALL, "C") != NULL, "the C locale is there");
	ok(sysconf(_SC_NPROCESSORS_ONLN) >= 1, "sysconf counts the processors");
	is(sysconf(_SC_PAGESIZE), PAGE, "and knows the page size");
	is(setenv("AVOCET", "bird", 1), 0, "setenv works");
	ok(strcmp(getenv("AVOCET"), "bird") == 0, "getenv finds it");
}

static __thread int mine = 3;

static void *work(void *arg)
{
	char *p = malloc(1000);
	long i;

	mine += (int)(long)arg;
	for (i = 0; i < 200; i++)
		p = realloc(p, 1000 + (size_t)i * 10);
	free(p);
	return (void *)(long)mine;
}

static void threads(void)
{
	pthread_t t[8];
	void *ret;
	long i, bad = 0;

	for (i = 0; i < 8; i++)
		must(pthread_create(&t[i], NULL, work, (void *)i) == 0);
	for (i = 0; i < 8; i++) {
		pthread_join(t[i], &ret);
		bad += (long)ret != 3 + i;
	}
	is(bad, 0, "eight threads use malloc and their own storage");
	is(mine, 3, "the first thread's is untouched");
}

static void children(void)
{
	char *argv[] = { "glibc", "child", NULL };
	int status = 0;
	pid_t pid;
	FILE *p;
	char line[32] = "";

	is(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0, "posix_spawn works");
	waitpid(pid, &status, 0);
	is(status, EXITED(29), "its child ran and ended");
	if (access("/bin/sh", X_OK) == 0) {
		is(system("exit 7"), EXITED(7), "system runs a shell");
		p = popen("echo from the pipe", "r");
		ok(p && fgets(line, sizeof(line), p) && strcmp(line, "from the pipe\n") == 0,
		   "popen reads from one");
		if (p)
			pclose(p);
	} else {
		skip("no shell", "system runs a shell");
		skip("no shell", "popen reads from one");
	}
}

static int abort_it(void *arg)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	if (!arg)
		abort();
	return 0;
}

static void ending(void)
{
	is(child(abort_it, NULL) & 0x7f, SIGABRT, "abort ends by SIGABRT");
}

static void body(void)
{
	allocation();
	stdio();
	library();
	threads();
	children();
	ending();
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "child") == 0)
		return 29;
	return tap_run(body, 15);
}
