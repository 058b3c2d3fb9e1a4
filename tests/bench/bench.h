/* bench.h - what the files of the benchmark share: time, checks, memory, a row. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PAGE	4096UL
#define MIB	(1024UL * 1024)
#define RW	(PROT_READ | PROT_WRITE)
#define ROUNDS	5

/* What children tell their parent. */
struct shared {
	volatile unsigned long ticks;
	volatile unsigned long idle;	/* ticks when nothing else had work */
	volatile int turn;
};

extern struct shared *shared;
extern double ns_per_tick;
extern bool counting;		/* a nanosecond is an instruction */
extern unsigned int cpus;

static inline unsigned long ticks(void)
{
	unsigned int lo, hi;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(lo), "=d"(hi) :: "memory");
	return (unsigned long)hi << 32 | lo;
}

/* --- checks: print where and why, and end the program --- */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...);

#define must(cond) \
	do { \
		if (!(cond)) \
			die("%s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)

void wait_well(pid_t pid);	/* for a child, which has to end with status 0 */

/* --- memory --- */
char *map(size_t pages);
void touch(char *p, size_t pages, char value);
int not_equal(char *p, size_t pages, char value);
char *map_split(size_t vmas, char value);
long number_in(const char *path, const char *field);

/* --- a row of the table --- */
/* A round: does @n operations, returns the ticks that they took. */
typedef unsigned long (*round_fn)(size_t n);

/* The values of a row's rounds. */
struct samples {
	size_t n;
	double value[ROUNDS];
};

bool wanted(const char *name);
void row(const char *name, round_fn fn, size_t n, const char *per);
void add_sample(struct samples *s, double value);
void show(const char *name, const struct samples *s, const char *what, const char *per);
void show_cost(const char *name, const struct samples *s, const char *per);
void show_rate(const char *name, const struct samples *s);
void show_one(const char *name, double value, const char *what, const char *per);

/* --- the rows, by subject --- */
void memory_rows(void);		/* memory.c */
void look_rows(void);		/* look.c */
void fork_rows(void);		/* fork.c */
void process_rows(void);	/* process.c */
void rmap_rows(void);		/* rmap.c */
void swap_rows(const char *disk);	/* swap.c; what is on @disk is lost */

unsigned long fork_nothing(size_t n);

#endif
