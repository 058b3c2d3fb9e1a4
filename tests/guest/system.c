/* system.c - identity, limits, names and counts that a program asks the kernel for. */
#include "tap.h"
#include <dirent.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static void names(void)
{
	struct utsname u;
	int major = 0;

	is(uname(&u), 0, "uname works");
	ok(strcmp(u.sysname, "Linux") == 0, "the system is Linux to its programs");
	ok(u.nodename[0] && u.release[0] && u.version[0], "and all names are filled");
	ok(strcmp(u.machine, "x86_64") == 0, "the machine is x86_64");
	ok(sscanf(u.release, "%d.", &major) == 1 && major >= 4, "the release is new enough");
	if (on_avocet())
		ok(strncmp(u.release, "6.1.0-avocet", 12) == 0, "the release is Avocet's");
}

static int become_nobody(void *arg)
{
	gid_t groups[2] = { 5, 6 };

	(void)arg;
	if (setgroups(2, groups) || getgroups(0, NULL) != 2)
		return 1;
	if (setgid(1000) || setuid(1000))
		return 2;
	if (getuid() != 1000 || geteuid() != 1000 || getgid() != 1000 || getegid() != 1000)
		return 3;
	if (setuid(0) != -1 || errno != EPERM)
		return 4;
	return setgroups(0, NULL) == -1 && errno == EPERM ? 0 : 5;
}

static void identity(void)
{
	uid_t r, e, s;

	ok(getuid() == 0 && geteuid() == 0 && getgid() == 0 && getegid() == 0, "we are root");
	ok(getresuid(&r, &e, &s) == 0 && r == 0 && e == 0 && s == 0, "in all three user ids");
	child_ok(become_nobody, NULL, "root can become a user, who cannot become root");
	is(getuid(), 0, "the parent stays root");
	is(syscall(SYS_gettid), getpid(), "the first thread's id is the pid");
	ok(getppid() > 0, "there is a parent");
}

static void limits(void)
{
	static const int kinds[] = { RLIMIT_STACK, RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_DATA,
				     RLIMIT_NPROC, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_MEMLOCK };
	struct rlimit r, bad = { 10, 5 };
	struct rusage ru;
	size_t i;
	int wrong = 0;

	for (i = 0; i < COUNT(kinds); i++)
		wrong += getrlimit((int)kinds[i], &r) != 0 || r.rlim_cur > r.rlim_max;
	is(wrong, 0, "all limits can be asked for");
	fails(setrlimit(RLIMIT_CORE, &bad), EINVAL, "a limit above its maximum is EINVAL");
	fails(getrlimit(99, &r), EINVAL, "an unknown limit is EINVAL");
	ok(getrusage(RUSAGE_SELF, &ru) == 0 && ru.ru_minflt > 0, "getrusage counts page faults");
	fails(getrusage(99, &ru), EINVAL, "getrusage of nobody is EINVAL");
}

static int small_address_space(void *arg)
{
	struct rlimit r = { 64 * MIB, 64 * MIB };

	(void)arg;
	if (setrlimit(RLIMIT_AS, &r))
		return 1;
	if (mmap(NULL, 128 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		return 2;
	if (errno != ENOMEM)
		return 3;
	return mmap(NULL, 8 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ?
	       0 : 4;
}

static void address_space_limit(void)
{
	child_ok(small_address_space, NULL, "beyond RLIMIT_AS mmap is ENOMEM");
}

static void machine(void)
{
	struct sysinfo si;
	cpu_set_t set;
	unsigned int cpu = 999;

	ok(sysinfo(&si) == 0 && si.totalram * si.mem_unit > 32 * MIB &&
	   si.freeram < si.totalram && si.procs > 0, "sysinfo tells memory and processes");
	CPU_ZERO(&set);
	ok(sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) >= 1,
	   "sched_getaffinity tells the processors");
	ok(syscall(SYS_getcpu, &cpu, NULL, NULL) == 0 && CPU_ISSET(cpu, &set),
	   "getcpu tells one of them");
	is(sched_yield(), 0, "sched_yield works");
	ok(getpriority(PRIO_PROCESS, 0) == 0, "the priority is 0");
}

static void names_of_threads(void)
{
	char name[16] = "";

	is(prctl(PR_SET_NAME, "a-name-that-is-too-long"), 0, "PR_SET_NAME works");
	is(prctl(PR_GET_NAME, name), 0, "PR_GET_NAME works");
	ok(strcmp(name, "a-name-that-is-") == 0, "and tells 15 bytes of it");
	fails(prctl(99999, 0), EINVAL, "an unknown request is EINVAL");
}

static void unknown(void)
{
	fails(syscall(400000), ENOSYS, "an unknown system call is ENOSYS");
	fails(syscall(380), ENOSYS, "so is a number in a gap of the table");
}

static void masks(void)
{
	mode_t old = umask(0123);
	struct stat st;
	int fd = open("/tmp/system", O_CREAT | O_WRONLY | O_TRUNC, 0777);

	is(umask(old), 0123, "umask tells the last mask");
	ok(fstat(fd, &st) == 0 && (st.st_mode & 0777) == (0777 & ~0123),
	   "which holds for new files");
	close(fd);
	unlink("/tmp/system");
}

/* The first number in the file @name of @cpu's topology; -1: there is none. */
static int topology(int cpu, const char *name)
{
	char path[128], text[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, name);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0 ? (int)strtol(text, NULL, strstr(name, "list") ? 10 : 16) : -1;
}

static void processors(void)
{
	int nr = sysconf(_SC_NPROCESSORS_CONF), cores = 0, siblings = 0, packages = 0;
	struct dirent *entry;
	int listed = 0;
	DIR *dir;

	mkdir("/sys", 0755);
	must(mount("sysfs", "/sys", "sysfs", 0, NULL) == 0);
	dir = opendir("/sys/devices/system/cpu");
	must(dir);
	for (int cpu = 0; cpu < nr; cpu++) {
		cores += topology(cpu, "core_id") == cpu;
		siblings += topology(cpu, "thread_siblings") == 1 << cpu &&
			    topology(cpu, "thread_siblings_list") == cpu;
		packages += topology(cpu, "core_siblings") == (1 << nr) - 1 &&
			    topology(cpu, "core_siblings_list") == 0 &&
			    topology(cpu, "physical_package_id") == 0;
	}
	is(cores, nr, "sysfs says of every processor which core it is");
	is(siblings, nr, "with no other thread");
	is(packages, nr, "and that all are in one package");
	is(topology(nr, "core_id"), -1, "there is none behind the last");
	while ((entry = readdir(dir)))
		listed += strncmp(entry->d_name, "cpu", 3) == 0 &&
			  strspn(entry->d_name + 3, "0123456789") > 0;
	closedir(dir);
	is(listed, nr, "each has a directory in the list");
	umount("/sys");
}

static int inherited(void *arg)
{
	(void)arg;
	return personality(0xffffffff) != ADDR_NO_RANDOMIZE;
}

static void personalities(void)
{
	is(personality(0xffffffff), 0, "the personality is Linux's");
	is(personality(ADDR_NO_RANDOMIZE), 0, "one may ask for fixed addresses");
	is(personality(0xffffffff), ADDR_NO_RANDOMIZE, "which is remembered");
	child_ok(inherited, NULL, "and inherited");
	is(personality(0), ADDR_NO_RANDOMIZE, "and taken back");
}

static void body(void)
{
	names();
	identity();
	limits();
	address_space_limit();
	machine();
	names_of_threads();
	unknown();
	masks();
	personalities();
	processors();
}

int main(void)
{
	return tap_run(body, 10);
}
