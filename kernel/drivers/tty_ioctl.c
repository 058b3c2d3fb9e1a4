/* tty_ioctl.c - a terminal's settings, window size and queues, and the requests of job control.
 * Output is handed to the port before a write returns, so there is never anything to drain or drop
 * but what ^S holds back.
 * Locks:  tty->mutex around settings; user memory is read before and written after. */
#include <asm/uaccess.h>
#include <fs/file.h>
#include <lib/string.h>
#include <proc/signal.h>
#include <uapi/errno.h>
#include <uapi/filio.h>

#include "tty_internal.h"

/* struct termios is the beginning of struct termios2. */
BUILD_ASSERT(sizeof(struct termios) == offsetof(struct termios2, c_ispeed));

/* TCSETS and its kin may only be used from the foreground. */
static int check_foreground(struct tty_struct *tty)
{
	return tty_check_change(tty, SIGTTOU);
}

static int get_termios(struct tty_struct *tty, void *user, size_t bytes)
{
	struct termios2 termios;

	mutex_lock(&tty->mutex);
	termios = tty->termios;
	mutex_unlock(&tty->mutex);
	return copy_to_user(user, &termios, bytes) ? -EFAULT : 0;
}

/* Replace the first @bytes of the settings. @flush: and forget what was typed. */
static int set_termios(struct tty_struct *tty, const void *user, size_t bytes, bool flush)
{
	struct termios2 new, old;
	int ret = check_foreground(tty);

	if (ret)
		return ret;
	if (copy_from_user(&new, user, bytes))
		return -EFAULT;
	mutex_lock(&tty->mutex);
	old = tty->termios;
	memcpy(&tty->termios, &new, bytes);
	if (flush)
		n_tty_flush_input(tty);
	n_tty_settings_changed(tty, &old);
	tty_flush_output(tty);
	mutex_unlock(&tty->mutex);
	return 0;
}

static int get_winsize(struct tty_struct *tty, void *user)
{
	struct winsize size;

	mutex_lock(&tty->mutex);
	size = tty->winsize;
	mutex_unlock(&tty->mutex);
	return copy_to_user(user, &size, sizeof(size)) ? -EFAULT : 0;
}

static int set_winsize(struct tty_struct *tty, const void *user)
{
	struct winsize size;
	bool changed;
	int pgrp;

	if (copy_from_user(&size, user, sizeof(size)))
		return -EFAULT;
	mutex_lock(&tty->mutex);
	changed = memcmp(&size, &tty->winsize, sizeof(size)) != 0;
	tty->winsize = size;
	mutex_unlock(&tty->mutex);
	pgrp = READ_ONCE(tty->pgrp);
	if (changed && pgrp > 0)
		kill_pgrp(pgrp, SIGWINCH);
	return 0;
}

static int flush_queues(struct tty_struct *tty, unsigned long which)
{
	int ret = check_foreground(tty);

	if (ret)
		return ret;
	if (which != TCIFLUSH && which != TCOFLUSH && which != TCIOFLUSH)
		return -EINVAL;
	mutex_lock(&tty->mutex);
	if (which != TCOFLUSH)
		n_tty_flush_input(tty);
	if (which != TCIFLUSH)
		tty->output_bytes = 0;
	mutex_unlock(&tty->mutex);
	return 0;
}

static int flow_control(struct tty_struct *tty, unsigned long what)
{
	int ret = check_foreground(tty);

	if (ret)
		return ret;
	mutex_lock(&tty->mutex);
	switch (what) {
	case TCOOFF:
		tty_stop(tty);
		break;
	case TCOON:
		tty_start(tty);
		break;
	case TCIOFF:
		tty_put(tty, tty->termios.c_cc[VSTOP]);
		break;
	case TCION:
		tty_put(tty, tty->termios.c_cc[VSTART]);
		break;
	default:
		ret = -EINVAL;
	}
	tty_flush_output(tty);
	mutex_unlock(&tty->mutex);
	return ret;
}

static int input_bytes(struct tty_struct *tty, int *user)
{
	int bytes;

	mutex_lock(&tty->mutex);
	bytes = n_tty_input_bytes(tty);
	mutex_unlock(&tty->mutex);
	return put_user(bytes, user);
}

static int output_bytes(struct tty_struct *tty, int *user)
{
	return put_user((int)READ_ONCE(tty->output_bytes), user);
}

static int get_pgrp(struct tty_struct *tty, int *user)
{
	int pgrp, ret = tty_get_pgrp(tty, &pgrp);

	return ret ? ret : put_user(pgrp, user);
}

static int set_pgrp(struct tty_struct *tty, const int *user)
{
	int pgrp;

	if (get_user(pgrp, user))
		return -EFAULT;
	return tty_set_pgrp(tty, pgrp);
}

static int get_session(struct tty_struct *tty, int *user)
{
	int session, ret = tty_get_session(tty, &session);

	return ret ? ret : put_user(session, user);
}

long tty_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct tty_file *tf = file->private_data;
	struct tty_struct *tty = tf->tty;
	void *user = (void *)arg;

	if (tty_hung_up(tf))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	switch (cmd) {
	case TCGETS:
		return get_termios(tty, user, sizeof(struct termios));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_termios(tty, user, sizeof(struct termios), cmd == TCSETSF);
	case TCGETS2:
		return get_termios(tty, user, sizeof(struct termios2));
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		return set_termios(tty, user, sizeof(struct termios2), cmd == TCSETSF2);
	case TIOCGWINSZ:
		return get_winsize(tty, user);
	case TIOCSWINSZ:
		return set_winsize(tty, user);
	case TCFLSH:
		return flush_queues(tty, arg);
	case TCXONC:
		return flow_control(tty, arg);
	case TCSBRK:
	case TCSBRKP:
		return check_foreground(tty);
	case FIONREAD:
		return input_bytes(tty, user);
	case TIOCOUTQ:
		return output_bytes(tty, user);
	case TIOCGPGRP:
		return get_pgrp(tty, user);
	case TIOCSPGRP:
		return set_pgrp(tty, user);
	case TIOCGSID:
		return get_session(tty, user);
	case TIOCSCTTY:
		return tty_set_controlling(tty, arg == 1);
	case TIOCNOTTY:
		return tty_give_up_controlling(tty);
	case TIOCGETD:
		return put_user(0, (int *)user);
	default:
		return -ENOTTY;
	}
}
