/* socket.c - what programs learn when they ask for a socket or take a descriptor for one. Families
 * that Linux has are only asked for where there is none. */
#include "tap.h"

#include <pwd.h>
#include <sys/socket.h>

/* Of families that no kernel has. */
static void unknown_families(void)
{
	int fds[2];

	fails(socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT, "a family below zero is not there");
	fails(socket(46, SOCK_STREAM, 0), EAFNOSUPPORT, "nor the one after the last");
	fails(socket(46, 11, 0), EAFNOSUPPORT, "whatever its type");
	fails(socketpair(46, SOCK_STREAM, 0, fds), EAFNOSUPPORT, "nor a pair of that family");
	fails(socket(AF_UNIX, 0x100, 0), EINVAL, "unknown flags of a type are refused");
	fails(socket(AF_UNIX, 11, 0), EINVAL, "a type after the last is refused");
	fails(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 8), EFAULT,
	      "a pair needs a place for its descriptors");
}

static void every_family(void)
{
	int family, wrong = 0, fds[2];

	if (!on_avocet()) {
		skip("Linux has some", "no family is supported, and each says so");
		return;
	}
	for (family = 0; family < 46; family++) {
		wrong += socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0) != -1 ||
			 errno != EAFNOSUPPORT;
		wrong += socketpair(family, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds) != -1 ||
			 errno != EAFNOSUPPORT;
	}
	is(wrong, 0, "no family is supported, and each says so");
}

/* A shell asks so whether its input is a connection. */
static void descriptors(void)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	int one = 1, fds[2], path;

	must(pipe(fds) == 0);
	path = open("/", O_PATH);
	must(path >= 0);
	fails(getpeername(fds[0], (void *)&addr, &len), ENOTSOCK, "a pipe has no peer");
	fails(getsockname(fds[0], (void *)&addr, &len), ENOTSOCK, "and no address");
	fails(getpeername(999, (void *)&addr, &len), EBADF, "no descriptor is no socket either");
	fails(getpeername(path, (void *)&addr, &len), EBADF, "nor is one to a path");
	fails(send(fds[1], "x", 1, 0), ENOTSOCK, "nothing is sent into a pipe");
	fails(recv(fds[0], &one, 1, 0), ENOTSOCK, "or received from it");
	fails(setsockopt(fds[0], SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)), ENOTSOCK,
	      "a pipe has no options");
	fails(shutdown(fds[0], SHUT_RD), ENOTSOCK, "a pipe is not shut down");
	fails(accept(fds[0], NULL, NULL), ENOTSOCK, "a pipe accepts nobody");
	close(fds[0]);
	close(fds[1]);
	close(path);
}

/* The C library asks a daemon for names that no file has, and goes on without one. */
static void names(void)
{
	struct passwd entry, *found = &entry;
	char buf[1024];
	int err = getpwnam_r("nobody-has-this-name", &entry, buf, sizeof(buf), &found);

	ok(!found && (!err || err == ENOENT), "a name that nobody has is no error (%d)", err);
}

static void body(void)
{
	unknown_families();
	every_family();
	descriptors();
	names();
}

int main(void)
{
	return tap_run(body, 20);
}
