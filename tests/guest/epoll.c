/* epoll.c - epoll: what it tells and when, its errors, epolls of epolls, and files that go while
 * they are watched, by many threads at once. */
#include "tap.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static struct epoll_event event_of(unsigned int events, uint64_t data)
{
	struct epoll_event event = { .events = events };

	event.data.u64 = data;
	return event;
}

static int control(int ep, int op, int fd, unsigned int events, uint64_t data)
{
	struct epoll_event event = event_of(events, data);

	return epoll_ctl(ep, op, fd, &event);
}

static int add(int ep, int fd, unsigned int events, uint64_t data)
{
	return control(ep, EPOLL_CTL_ADD, fd, events, data);
}

/* How many events there are now; the first is in *event, or none. */
static int look(int ep, struct epoll_event *event)
{
	struct epoll_event some[8];
	int n = epoll_wait(ep, some, 8, 0);

	*event = n > 0 ? some[0] : event_of(0, 0);
	return n;
}

static int count(int ep)
{
	struct epoll_event event;

	return look(ep, &event);
}

static int new_epoll(void)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);

	must(ep >= 0);
	return ep;
}

static void put_byte(int fd)
{
	must(write(fd, "x", 1) == 1);
}

static void take_byte(int fd)
{
	char c;

	must(read(fd, &c, 1) == 1);
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents == POLLIN;
}

/* ---- what is told, and when ---- */

static void levels_and_edges(void)
{
	struct epoll_event event;
	int ep = new_epoll(), p[2];

	must(pipe2(p, O_NONBLOCK) == 0);
	is(add(ep, p[0], EPOLLIN, 0x123456789abcdef0), 0, "a pipe can be watched");
	is(count(ep), 0, "an empty pipe has no event");
	put_byte(p[1]);
	is(look(ep, &event), 1, "one with a byte has one");
	ok(event.events == EPOLLIN && event.data.u64 == 0x123456789abcdef0,
	   "it says which, and gives the data back");
	is(count(ep), 1, "as long as the byte is there, it is told again");
	take_byte(p[0]);
	is(count(ep), 0, "and no more when it has been read");

	must(control(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 2) == 0);
	put_byte(p[1]);
	ok(look(ep, &event) == 1 && event.data.u64 == 2, "an edge is told, with the new data");
	is(count(ep), 0, "once");
	put_byte(p[1]);
	is(count(ep), 1, "each byte that comes is an edge");
	must(control(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 3) == 0);
	is(count(ep), 1, "changing the item tells anew what holds");
	take_byte(p[0]);
	take_byte(p[0]);

	must(control(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 4) == 0);
	put_byte(p[1]);
	is(count(ep), 1, "a one-shot item tells once");
	put_byte(p[1]);
	is(count(ep), 0, "then nothing, whatever happens");
	close(p[1]);
	is(count(ep), 0, "not even that the pipe is broken");
	must(control(ep, EPOLL_CTL_MOD, p[0], 0, 5) == 0);
	ok(look(ep, &event) == 1 && event.events == EPOLLHUP, "HUP is told unasked");
	close(p[0]);
	is(count(ep), 0, "a closed pipe is forgotten");
	close(ep);
}

static void several(void)
{
	struct epoll_event events[4];
	int ep = new_epoll(), p[3][2], i, seen = 0;

	for (i = 0; i < 3; i++) {
		must(pipe(p[i]) == 0);
		must(add(ep, p[i][0], EPOLLIN, (uint64_t)i) == 0);
		put_byte(p[i][1]);
	}
	for (i = 0; i < 3; i++) {
		must(epoll_wait(ep, events, 1, 0) == 1);
		seen |= 1 << events[0].data.u64;
	}
	is(seen, 7, "who asks for one at a time gets each in its turn");
	is(epoll_wait(ep, events, 4, 0), 3, "all three at once");
	must(epoll_ctl(ep, EPOLL_CTL_DEL, p[1][0], NULL) == 0);
	is(epoll_wait(ep, events, 4, 0), 2, "without the one that was taken out");
	must(add(ep, p[2][1], EPOLLOUT, 9) == 0);
	is(epoll_wait(ep, events, 4, 0), 3, "a pipe with room may be written");
	for (i = 0; i < 3; i++) {
		close(p[i][0]);
		close(p[i][1]);
	}
	is(count(ep), 0, "all closed, nothing is left");
	close(ep);
}

static void duplicates(void)
{
	struct epoll_event event;
	int ep = new_epoll(), p[2], copy, at;

	must(pipe(p) == 0);
	must(add(ep, p[0], EPOLLIN, 1) == 0);
	copy = dup(p[0]);
	is(add(ep, copy, EPOLLIN, 2), 0, "another descriptor of the same file is another item");
	put_byte(p[1]);
	is(count(ep), 2, "both tell");
	must(epoll_ctl(ep, EPOLL_CTL_DEL, copy, NULL) == 0);
	at = p[0];
	close(p[0]);
	ok(look(ep, &event) == 1 && event.data.u64 == 1,
	   "an item stays while any descriptor has its file");
	fails(epoll_ctl(ep, EPOLL_CTL_DEL, at, NULL), EBADF, "its own number is no way to it");
	must(dup2(p[1], at) == at);
	fails(epoll_ctl(ep, EPOLL_CTL_DEL, at, NULL), ENOENT, "nor is another file of that number");
	is(add(ep, at, EPOLLOUT, 3), 0, "which may be watched beside it");
	is(count(ep), 2, "so two tell");
	must(dup2(copy, at) == at);
	is(epoll_ctl(ep, EPOLL_CTL_DEL, at, NULL), 0, "the number and the file together find it");
	is(count(ep), 1, "the other one is not touched");
	close(copy);
	close(at);
	close(p[1]);
	is(count(ep), 0, "closing the last of all descriptors takes it away");
	close(ep);
}

/* ---- errors ---- */

static void errors(void)
{
	struct epoll_event event = event_of(EPOLLIN, 0);
	int ep = new_epoll(), other = new_epoll(), p[2];
	int file = make_file("/tmp/epoll", 1), dir = open("/tmp", O_RDONLY);

	must(pipe(p) == 0 && dir >= 0);
	fails(syscall(SYS_epoll_create, 0), EINVAL, "epoll_create takes no size of 0");
	fails(epoll_create1(1), EINVAL, "epoll_create1 takes no unknown flag");
	fails(add(ep, file, EPOLLIN, 0), EPERM, "a regular file cannot be watched");
	fails(add(ep, dir, EPOLLIN, 0), EPERM, "nor can a directory");
	fails(add(ep, 999, EPOLLIN, 0), EBADF, "nor what is not open");
	fails(add(999, p[0], EPOLLIN, 0), EBADF, "nor by what is not open");
	fails(add(p[0], p[1], EPOLLIN, 0), EINVAL, "nor by what is no epoll");
	fails(add(ep, ep, EPOLLIN, 0), EINVAL, "nor an epoll by itself");
	fails(control(ep, 7, p[0], EPOLLIN, 0), EINVAL, "there is no such operation");
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], (void *)KERNEL_ADDR), EFAULT,
	      "the event must be readable");
	fails(control(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 0), ENOENT, "there is nothing to change");
	fails(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), ENOENT, "and nothing to take out");
	must(add(ep, p[0], EPOLLIN, 0) == 0);
	fails(add(ep, p[0], EPOLLIN, 0), EEXIST, "nothing is watched twice");
	put_byte(p[1]);
	fails(epoll_wait(ep, &event, 0, 0), EINVAL, "room for no event is no room");
	fails(epoll_wait(p[0], &event, 1, 0), EINVAL, "a pipe is no epoll to wait for");
	fails(epoll_wait(ep, (void *)KERNEL_ADDR, 1, 0), EFAULT, "the kernel's memory is refused");
	fails(epoll_wait(ep, (void *)hide(PAGE), 1, 0), EFAULT, "so is memory that is not there");
	is(count(ep), 1, "and the event is not lost");
	fails(read(ep, &event, 1), EINVAL, "an epoll cannot be read");

	fails(control(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLEXCLUSIVE, 0), EINVAL,
	      "an item does not become exclusive");
	fails(add(ep, p[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT, 0), EINVAL,
	      "exclusive and one-shot do not go together");
	fails(add(ep, other, EPOLLIN | EPOLLEXCLUSIVE, 0), EINVAL,
	      "an epoll is not watched exclusively");
	is(add(ep, p[1], EPOLLOUT | EPOLLEXCLUSIVE, 0), 0, "a pipe is");
	fails(control(ep, EPOLL_CTL_MOD, p[1], EPOLLOUT, 0), EINVAL, "and that stays so");
	close(file);
	close(dir);
	close(other);
	close(ep);
	close(p[0]);
	close(p[1]);
	unlink("/tmp/epoll");
}

/* ---- epolls of epolls ---- */

static void nested(void)
{
	int in = new_epoll(), mid = new_epoll(), out = new_epoll(), p[2];
	struct epoll_event event;

	must(pipe(p) == 0);
	must(add(in, p[0], EPOLLIN, 1) == 0 && add(mid, in, EPOLLIN, 2) == 0);
	is(add(out, mid, EPOLLIN, 3), 0, "epolls may watch epolls");
	fails(add(in, out, EPOLLIN, 4), ELOOP, "but not in a circle");
	fails(add(in, mid, EPOLLIN, 4), ELOOP, "nor in a smaller one");
	ok(!readable(out) && count(out) == 0, "all are quiet");
	put_byte(p[1]);
	ok(readable(in) && readable(mid) && readable(out), "a byte makes all of them readable");
	ok(look(out, &event) == 1 && event.events == EPOLLIN && event.data.u64 == 3,
	   "the outer one tells of the one that it watches");
	is(count(mid), 1, "so does that one");
	take_byte(p[0]);
	ok(!readable(out) && !readable(mid) && !readable(in), "when it is read all are quiet");
	is(count(out), 0, "and tell nothing");
	close(in);
	put_byte(p[1]);
	ok(!readable(out) && count(out) == 0, "with the innermost closed nothing reaches them");
	close(mid);
	close(out);
	close(p[0]);
	close(p[1]);
}

static void deep(void)
{
	int ep[16], i, n, errs = 0;

	for (i = 0; i < 16; i++)
		ep[i] = new_epoll();
	for (n = 1; n < 16; n++)
		if (add(ep[n], ep[n - 1], EPOLLIN, 0)) {
			errs = errno;
			break;
		}
	ok(n >= 5 && n <= 8 && errs == ELOOP, "a chain that is too long is refused");
	for (i = 0; i < 16; i++)
		close(ep[i]);
}

static void *wait_once(void *arg)
{
	struct epoll_event event;

	return (void *)(long)epoll_wait((int)(long)arg, &event, 1, 5000);
}

/* ---- waiting ---- */

static void on_signal(int sig)
{
	(void)sig;
}

static void times(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct itimerval soon = { { 0, 20000 }, { 0, 20000 } }, never = { 0 };
	struct timespec ts = { 0, 20000000 };
	struct epoll_event event;
	unsigned long begin;
	int ep = new_epoll();
	sigset_t set, none;

	sigaction(SIGALRM, &sa, NULL);
	begin = now_ms();
	is(epoll_wait(ep, &event, 1, 30), 0, "the wait ends after its time");
	ok(now_ms() - begin >= 29, "and not before");
	is(syscall(SYS_epoll_pwait2, ep, &event, 1, &ts, NULL, 8L), 0, "nanoseconds work");
	ts.tv_nsec = 1000000000;
	fails(syscall(SYS_epoll_pwait2, ep, &event, 1, &ts, NULL, 8L), EINVAL, "up to a second");
	setitimer(ITIMER_REAL, &soon, NULL);
	fails(epoll_wait(ep, &event, 1, 5000), EINTR, "a signal ends it, SA_RESTART or not");
	setitimer(ITIMER_REAL, &never, NULL);
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGALRM);
	is(epoll_wait(ep, &event, 1, 10), 0, "a blocked one does not");
	fails(epoll_pwait(ep, &event, 1, 5000, &none), EINTR, "until the call unblocks it");
	sigprocmask(SIG_SETMASK, NULL, &none);
	ok(sigismember(&none, SIGALRM), "the mask is back after it");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	close(ep);
}

static void from_elsewhere(void)
{
	int ep = new_epoll(), out = new_epoll(), p[2];
	pthread_t thread;
	void *ret;
	pid_t pid;

	must(pipe(p) == 0);
	put_byte(p[1]);
	must(pthread_create(&thread, NULL, wait_once, (void *)(long)ep) == 0);
	sleep_ms(20);
	must(add(ep, p[0], EPOLLIN, 0) == 0);
	pthread_join(thread, &ret);
	is((long)ret, 1, "who waits is told of a file that another thread adds");
	must(control(ep, EPOLL_CTL_MOD, p[0], 0, 0) == 0);
	must(pthread_create(&thread, NULL, wait_once, (void *)(long)ep) == 0);
	sleep_ms(20);
	must(control(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 0) == 0);
	pthread_join(thread, &ret);
	is((long)ret, 1, "and of events that it asks for");
	take_byte(p[0]);
	must(add(out, ep, EPOLLIN, 0) == 0);
	must(pthread_create(&thread, NULL, wait_once, (void *)(long)out) == 0);
	sleep_ms(20);
	put_byte(p[1]);
	pthread_join(thread, &ret);
	is((long)ret, 1, "a byte wakes who waits for an epoll of an epoll");
	take_byte(p[0]);

	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		int event = eventfd(1, 0);

		_exit(add(ep, event, EPOLLIN, 0) || count(ep) != 1 || close(event) || count(ep));
	}
	is(wait_for(pid), 0, "a child has the same epoll, and may add what only it has");
	is(count(ep), 0, "which goes with it");
	close(ep);
	close(out);
	close(p[0]);
	close(p[1]);
}

/* One edge wakes one of those who wait. */
static void one_of_many(void)
{
	int ep = new_epoll(), event = eventfd(0, 0);
	pthread_t thread[4];
	long sum = 0;
	void *ret;
	int i;

	must(add(ep, event, EPOLLIN | EPOLLET, 0) == 0);
	for (i = 0; i < 4; i++)
		must(pthread_create(&thread[i], NULL, wait_once, (void *)(long)ep) == 0);
	sleep_ms(100);
	for (i = 0; i < 4; i++) {
		must(eventfd_write(event, 1) == 0);
		sleep_ms(30);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], &ret);
		sum += (long)ret;
	}
	is(sum, 4, "four edges wake four threads, one each");
	close(ep);
	close(event);
}

static void two_exclusive(void)
{
	int ep[2] = { new_epoll(), new_epoll() }, event = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
	pthread_t thread[2];
	void *ret[2];
	int i;

	for (i = 0; i < 2; i++) {
		must(add(ep[i], event, EPOLLIN | EPOLLEXCLUSIVE, 0) == 0);
		must(pthread_create(&thread[i], NULL, wait_once, (void *)(long)ep[i]) == 0);
	}
	sleep_ms(50);
	must(eventfd_write(event, 1) == 0);
	sleep_ms(50);
	must(eventfd_write(event, 1) == 0);
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], &ret[i]);
	is((long)ret[0] + (long)ret[1], 2, "with exclusive items nobody is left asleep");
	for (i = 0; i < 2; i++)
		close(ep[i]);
	close(event);
}

static void fdinfo(void)
{
	int ep = new_epoll(), p[2], fd, n;
	char path[64], buf[2048], want[128];

	must(pipe(p) == 0 && add(ep, p[0], EPOLLIN | EPOLLET, 0xabc) == 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ep);
	fd = open(path, O_RDONLY);
	must(fd >= 0);
	n = (int)read(fd, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	snprintf(want, sizeof(want), "tfd: %8d events: %8x data: %16llx  pos:0 ino:", p[0],
		 EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLET, 0xabcULL);
	ok(strstr(buf, want), "fdinfo names what is watched");
	close(fd);
	close(ep);
	close(p[0]);
	close(p[1]);
}

/* ---- many threads ---- */

#define FDS	12
static int shared_ep[2], slots[FDS];
static atomic_int stop, unexpected;
static atomic_long told;

static unsigned int chance(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* Opens, watches, closes and forgets files at random numbers, others' numbers included. */
static void *churn(void *arg)
{
	unsigned int seed = (unsigned int)(long)arg + 1;

	while (!atomic_load(&stop)) {
		int at = slots[chance(&seed) % FDS], ep = shared_ep[chance(&seed) % 2], fd;

		switch (chance(&seed) % 8) {
		case 0:
			fd = eventfd(1, EFD_NONBLOCK);
			if (fd >= 0) {
				dup2(fd, at);
				close(fd);
			}
			break;
		case 1:
			fd = epoll_create1(0);
			if (fd >= 0) {
				dup2(fd, at);
				close(fd);
			}
			break;
		case 2:
			close(at);
			break;
		case 3:
		case 4:
			if (add(ep, at, EPOLLIN | (chance(&seed) & 1 ? EPOLLET : 0), 1) &&
			    errno != EBADF && errno != EEXIST && errno != ELOOP)
				atomic_fetch_add(&unexpected, 1);
			break;
		case 5:
			if (add(at, slots[chance(&seed) % FDS], EPOLLIN, 2) && errno != EBADF &&
			    errno != EEXIST && errno != ELOOP && errno != EINVAL)
				atomic_fetch_add(&unexpected, 1);
			break;
		case 6:
			epoll_ctl(ep, EPOLL_CTL_DEL, at, NULL);
			break;
		case 7:
			eventfd_write(at, 1);
			break;
		}
	}
	return NULL;
}

static void *waiter(void *arg)
{
	struct epoll_event events[4];

	while (!atomic_load(&stop)) {
		int n = epoll_wait(shared_ep[(long)arg], events, 4, 1);

		if (n < 0 && errno != EINTR)
			atomic_fetch_add(&unexpected, 1);
		if (n > 0)
			atomic_fetch_add(&told, n);
	}
	return NULL;
}

static void many_threads(void)
{
	pthread_t thread[6];
	int i;

	for (i = 0; i < 2; i++)
		shared_ep[i] = new_epoll();
	for (i = 0; i < FDS; i++)
		slots[i] = 100 + i;
	for (i = 0; i < 4; i++)
		must(pthread_create(&thread[i], NULL, churn, (void *)(long)i) == 0);
	for (i = 0; i < 2; i++)
		must(pthread_create(&thread[4 + i], NULL, waiter, (void *)(long)i) == 0);
	sleep_ms(2000);
	atomic_store(&stop, 1);
	for (i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
	ok(atomic_load(&unexpected) == 0 && atomic_load(&told) > 0,
	   "files and epolls come and go while six threads use them");
	for (i = 0; i < FDS; i++)
		close(slots[i]);
	ok(count(shared_ep[0]) == 0 && count(shared_ep[1]) == 0, "all are gone in the end");
	close(shared_ep[0]);
	close(shared_ep[1]);
}

/* Every byte of a writer arrives at a reader that sleeps in epoll_wait by edges alone. */
static void *writer(void *arg)
{
	int i;

	for (i = 0; i < 20000; i++)
		put_byte((int)(long)arg);
	return NULL;
}

static void no_lost_edge(void)
{
	int ep = new_epoll(), p[2], got = 0, quiet = 0;
	struct epoll_event event;
	pthread_t thread;
	char buf[64];

	must(pipe2(p, O_NONBLOCK) == 0 && fcntl(p[1], F_SETFL, 0) == 0);
	must(add(ep, p[0], EPOLLIN | EPOLLET, 0) == 0);
	must(pthread_create(&thread, NULL, writer, (void *)(long)p[1]) == 0);
	while (got < 20000 && !quiet) {
		ssize_t n;

		quiet = epoll_wait(ep, &event, 1, 5000) != 1;
		while ((n = read(p[0], buf, sizeof(buf))) > 0)
			got += (int)n;
	}
	is(got, 20000, "a reader that sleeps until an edge misses none");
	while (got < 20000 && read(p[0], buf, sizeof(buf)) > 0)
		got++;
	pthread_join(thread, NULL);
	close(ep);
	close(p[0]);
	close(p[1]);
}

static void body(void)
{
	levels_and_edges();
	several();
	duplicates();
	errors();
	nested();
	deep();
	times();
	from_elsewhere();
	one_of_many();
	two_exclusive();
	fdinfo();
	many_threads();
	no_lost_edge();
}

int main(void)
{
	return tap_run(body, 60);
}
