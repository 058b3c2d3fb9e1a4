/* socket.c - sockets, of which there is no family. Libraries take EAFNOSUPPORT for "there is
 * none" and go on without; and they ask calls for sockets what a descriptor is, which is none. */
#include <syscall/fs.h>

#include <asm/uaccess.h>
#include <fs/file.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

/* As on Linux: the lower bits of a socket's type, the number of types and of families. */
#define SOCK_TYPE_MASK	0xf
#define SOCK_MAX	11
#define NPROTO		46

static long check_type(int type)
{
	return type & ~(SOCK_TYPE_MASK | O_CLOEXEC | O_NONBLOCK) ? -EINVAL : 0;
}

static long no_family(int family, int type)
{
	if (family >= 0 && family < NPROTO && (type & SOCK_TYPE_MASK) >= SOCK_MAX)
		return -EINVAL;
	return -EAFNOSUPPORT;
}

long sys_socket(int family, int type, int protocol)
{
	long err = check_type(type);

	return err ? err : no_family(family, type);
}

long sys_socketpair(int family, int type, int protocol, int *fds)
{
	const int none[2] = { -1, -1 };
	long err = check_type(type);

	if (!err && copy_to_user(fds, none, sizeof(none)))
		err = -EFAULT;
	return err ? err : no_family(family, type);
}

/* Every call on a socket: @fd is none. */
long sys_on_socket(int fd)
{
	struct file *file = fget(fd);

	if (!file)
		return -EBADF;
	fput(file);
	return -ENOTSOCK;
}
