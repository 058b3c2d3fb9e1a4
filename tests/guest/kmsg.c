/* kmsg.c - the kernel's log: /dev/kmsg, record by record, and syslog(2). */
#include "tap.h"
#include <sys/klog.h>

static char buf[65536];

/* The text of the next record, or NULL. */
static const char *next_record(int fd, unsigned long *number, unsigned long *us)
{
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	unsigned int level;
	char *text;

	if (n <= 0)
		return NULL;
	buf[n] = 0;
	text = strchr(buf, ';');
	if (!text || buf[n - 1] != '\n' || sscanf(buf, "%u,%lu,%lu", &level, number, us) != 3)
		return NULL;
	text[strcspn(text, "\n")] = 0;
	return text + 1;
}

static void say(int fd, const char *text)
{
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void device(void)
{
	int fd = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	unsigned long number, next, us;
	const char *text;

	must(fd >= 0);
	is(lseek(fd, 0, SEEK_END), 0, "one can go to the end of the log");
	fails(read(fd, buf, sizeof(buf)), EAGAIN, "where nothing is to be read");
	say(fd, "<6>kmsg: one\n");
	say(fd, "kmsg: two\n");
	text = next_record(fd, &number, &us);
	ok(text && strcmp(text, "kmsg: one") == 0, "what is written can be read as a record");
	ok(us > 0, "with its time");
	text = next_record(fd, &next, &us);
	ok(text && strcmp(text, "kmsg: two") == 0, "one for each write");
	is(next, number + 1, "they are numbered");
	say(fd, "kmsg: long\n");
	say(fd, "kmsg: three\n");
	fails(read(fd, buf, 5), EINVAL, "a record that has no room is EINVAL");
	text = next_record(fd, &next, &us);
	ok(text && strcmp(text, "kmsg: three") == 0, "and passed over");
	is(lseek(fd, 0, SEEK_SET), 0, "one can go back to the beginning");
	text = next_record(fd, &next, &us);
	ok(text && next < number, "which is earlier");
	fails(lseek(fd, 1, SEEK_SET), ESPIPE, "other places there are none");
	close(fd);
}

/* The console's level as /proc says it. */
static int level(void)
{
	char text[64] = "";
	int fd = open("/proc/sys/kernel/printk", O_RDONLY);

	must(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atoi(text);
}

static void levels(void)
{
	int was = level(), fd;

	is(klogctl(8, NULL, 3), 0, "the console can be told to show less");
	is(level(), 3, "/proc/sys/kernel/printk says so");
	is(klogctl(6, NULL, 0), 0, "it can be turned off");
	is(level(), 1, "which leaves the most urgent");
	is(klogctl(7, NULL, 0), 0, "and on");
	is(level(), 3, "as it was");
	fails(klogctl(8, NULL, 0), EINVAL, "level 0 is EINVAL");
	fails(klogctl(8, NULL, 9), EINVAL, "so is level 9");
	fd = open("/proc/sys/kernel/printk", O_WRONLY);
	is(write(fd, "10 4 1 7\n", 9), 9, "several numbers can be written there");
	close(fd);
	ok(level() > 7, "of which the first counts, whole");
	is(klogctl(8, NULL, was), 0, "it is set back");
}

static void calls(void)
{
	int bytes = klogctl(10, NULL, 0), n;

	ok(bytes > 4096, "syslog tells how much the log holds");
	n = klogctl(3, buf, sizeof(buf) - 1);
	ok(n > 0, "and reads it");
	buf[n > 0 ? n : 0] = 0;
	ok(buf[0] == '<' && strstr(buf, "kmsg: three\n"), "as lines with their level");
	n = klogctl(3, buf, 200);
	ok(n > 0 && n <= 200 && buf[0] == '<', "into a small buffer as many of the last as fit");
	fails(klogctl(3, NULL, 100), EINVAL, "nowhere is EINVAL");
	fails(klogctl(3, (char *)1, 100), EFAULT, "somewhere bad is EFAULT");
	fails(klogctl(99, buf, 100), EINVAL, "an unknown request is EINVAL");
	levels();
	is(klogctl(5, NULL, 0), 0, "the log can be cleared");
	n = klogctl(3, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	ok(!strstr(buf, "kmsg: three"), "what was there is not shown again");
}

static void body(void)
{
	device();
	calls();
}

int main(void)
{
	return tap_run(body, 10);
}
