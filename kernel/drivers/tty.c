/* tty.c - the console terminal: from the serial port to open files and back.
 * Bytes arrive in the serial interrupt, which only puts them in a ring; the thread ttyd hands them
 * to the line discipline in process context, where signals can be sent and echo written. When
 * neither the input buffer nor the ring has room, bytes are lost: there is no flow control.
 * Holds:  a file opened before a hang-up (other than as /dev/console) is dead: reads give end of
 *         file, the rest -EIO.
 * Locks:  see tty_internal.h. The ring has one writer, the interrupt, and one reader, ttyd, and
 *         needs none: each moves its own position only.
 * Read:   n_tty.c for the line discipline, tty_jobctl.c for sessions, tty_ioctl.c for settings. */
#include <drivers/tty.h>

#include <asm/atomic.h>
#include <debug/assert.h>
#include <debug/printk.h>
#include <drivers/serial.h>
#include <fs/chrdev.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/poll.h>
#include <lib/err.h>
#include <mm/slab.h>
#include <proc/signal.h>
#include <sched/kthread.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#include "tty_internal.h"

#define TTY_DEVICE	MKDEV(5, 0)	/* the opener's controlling terminal */
#define CONSOLE_DEVICE	MKDEV(5, 1)
#define SERIAL_DEVICE	MKDEV(4, 64)

static struct tty_struct console_tty = {
	.winsize = { .ws_row = 24, .ws_col = 80 },
	.read_wait = WAIT_QUEUE_HEAD_INIT(console_tty.read_wait),
	.write_wait = WAIT_QUEUE_HEAD_INIT(console_tty.write_wait),
	.rx_wait = WAIT_QUEUE_HEAD_INIT(console_tty.rx_wait),
};

/* ---- input: interrupt to line discipline ---- */

static void tty_rx_interrupt(unsigned char byte)
{
	struct tty_struct *tty = &console_tty;
	unsigned int head = tty->rx_head;

	if (head - smp_load_acquire(&tty->rx_tail) < TTY_RING_BYTES) {
		tty->rx_ring[head % TTY_RING_BYTES] = byte;
		smp_store_release(&tty->rx_head, head + 1);
	}
	wake_up(&tty->rx_wait);
}

static bool rx_pending(const struct tty_struct *tty)
{
	return smp_load_acquire(&tty->rx_head) != tty->rx_tail && n_tty_has_room(tty);
}

static void ttyd(void *arg)
{
	struct tty_struct *tty = arg;

	for (;;) {
		wait_event_interruptible(&tty->rx_wait, rx_pending(tty));
		mutex_lock(&tty->mutex);
		while (rx_pending(tty)) {
			unsigned char byte = tty->rx_ring[tty->rx_tail % TTY_RING_BYTES];

			smp_store_release(&tty->rx_tail, tty->rx_tail + 1);
			n_tty_receive(tty, byte);
		}
		tty_flush_output(tty);
		mutex_unlock(&tty->mutex);
		cond_resched();
	}
}

/* ---- output ---- */

/* Hand everything to the serial port, unless ^S holds it back. */
void tty_flush_output(struct tty_struct *tty)
{
	if (tty->stopped)
		return;
	console_write((const char *)tty->output, tty->output_bytes);
	tty->output_bytes = 0;
}

/* Add one byte to the output. Only echo is written while output is stopped: what of it does not fit
 * is lost. */
void tty_put(struct tty_struct *tty, unsigned char c)
{
	if (tty->output_bytes == TTY_OUTPUT_BYTES)
		tty_flush_output(tty);
	if (tty->output_bytes < TTY_OUTPUT_BYTES)
		tty->output[tty->output_bytes++] = c;
}

void tty_stop(struct tty_struct *tty)
{
	tty_flush_output(tty);
	WRITE_ONCE(tty->stopped, true);
}

void tty_start(struct tty_struct *tty)
{
	if (!tty->stopped)
		return;
	WRITE_ONCE(tty->stopped, false);
	tty_flush_output(tty);
	wake_up_all(&tty->write_wait);
}

/* Return with the mutex held and output allowed; or without it and -EIO, -EAGAIN, -ERESTARTSYS. */
static int lock_for_output(struct tty_file *tf, bool nonblock)
{
	struct tty_struct *tty = tf->tty;
	int ret;

	for (;;) {
		mutex_lock(&tty->mutex);
		if (tty_hung_up(tf)) {
			mutex_unlock(&tty->mutex);
			return -EIO;
		}
		if (!tty->stopped)
			return 0;
		mutex_unlock(&tty->mutex);
		if (nonblock)
			return -EAGAIN;
		ret = wait_event_interruptible(&tty->write_wait,
					       !READ_ONCE(tty->stopped) || tty_hung_up(tf));
		if (ret)
			return ret;
	}
}

/* Write until @from is used up, with write_mutex held. Bytes, or an errno if there were none. */
static ssize_t write_chunks(struct tty_file *tf, struct iov_iter *from, bool nonblock)
{
	struct tty_struct *tty = tf->tty;
	unsigned char chunk[TTY_CHUNK_BYTES];
	ssize_t done = 0;
	size_t n;
	int ret;

	while (iov_iter_count(from)) {
		if (done && signal_pending(current))
			break;
		n = copy_from_iter(chunk, min(sizeof(chunk), iov_iter_count(from)), from);
		ret = n ? lock_for_output(tf, nonblock) : -EFAULT;
		if (ret)
			return done ? done : ret;
		if (tty->termios.c_oflag & OPOST)
			n_tty_output(tty, chunk, n);
		else
			for (size_t i = 0; i < n; i++)
				tty_put(tty, chunk[i]);
		tty_flush_output(tty);
		mutex_unlock(&tty->mutex);
		done += n;
		cond_resched();
	}
	return done;
}

/* ---- file operations ---- */

static struct tty_file *tty_file(const struct file *file)
{
	return file->private_data;
}

static ssize_t tty_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct tty_file *tf = tty_file(file);
	int ret;

	if (tty_hung_up(tf))
		return 0;
	ret = tf->console ? 0 : tty_check_change(tf->tty, SIGTTIN);
	if (ret)
		return ret;
	return n_tty_read(tf, to, file->f_flags & O_NONBLOCK);
}

static ssize_t tty_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct tty_file *tf = tty_file(file);
	struct tty_struct *tty = tf->tty;
	bool nonblock = file->f_flags & O_NONBLOCK;
	ssize_t ret;

	if (tty_hung_up(tf))
		return -EIO;
	if (tty_lflag(tty, TOSTOP) && !tf->console) {
		ret = tty_check_change(tty, SIGTTOU);
		if (ret)
			return ret;
	}
	if (nonblock) {
		if (!mutex_trylock(&tty->write_mutex))
			return -EAGAIN;
	} else if (mutex_lock_interruptible(&tty->write_mutex)) {
		return -ERESTARTSYS;
	}
	ret = write_chunks(tf, from, nonblock);
	mutex_unlock(&tty->write_mutex);
	return ret;
}

static unsigned int tty_poll(struct file *file, struct poll_table *table)
{
	struct tty_file *tf = tty_file(file);
	struct tty_struct *tty = tf->tty;
	unsigned int mask = 0;

	poll_wait(file, &tty->read_wait, table);
	poll_wait(file, &tty->write_wait, table);
	if (tty_hung_up(tf))
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
	if (n_tty_input_available(tty, true))
		mask |= POLLIN | POLLRDNORM;
	if (!READ_ONCE(tty->stopped))
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

/* /dev/tty is whichever terminal the opener's session has; /dev/console never becomes one. */
static int tty_open(struct inode *inode, struct file *file)
{
	struct tty_struct *tty = &console_tty;
	struct tty_file *tf;

	if (inode->i_rdev == TTY_DEVICE) {
		tty = tty_of_current();
		if (!tty)
			return -ENXIO;
	}
	tf = kmalloc(sizeof(*tf), GFP_KERNEL);
	if (!tf)
		return -ENOMEM;
	tf->tty = tty;
	tf->console = inode->i_rdev == CONSOLE_DEVICE;
	tf->hup_count = READ_ONCE(tty->hup_count);
	file->private_data = tf;
	if (inode->i_rdev == SERIAL_DEVICE && !(file->f_flags & O_NOCTTY) &&
	    (file->f_mode & FMODE_READ))
		tty_open_controlling(tty);
	return stream_open(inode, file);
}

static void tty_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
}

static const struct file_operations tty_fops = {
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.open = tty_open,
	.release = tty_release,
	.splice_read = true,
	.splice_write = true,
};

/* Every file opened so far, /dev/console aside, is dead from here on. */
void tty_hangup(struct tty_struct *tty)
{
	mutex_lock(&tty->mutex);
	WRITE_ONCE(tty->hup_count, tty->hup_count + 1);
	n_tty_flush_input(tty);
	tty_start(tty);
	mutex_unlock(&tty->mutex);
	wake_up_all(&tty->read_wait);
	wake_up_all(&tty->write_wait);
}

unsigned int tty_device_number(const struct tty_struct *tty)
{
	return tty ? new_encode_dev(SERIAL_DEVICE) : 0;
}

int tty_foreground_pgrp(const struct tty_struct *tty)
{
	return tty ? READ_ONCE(tty->pgrp) : -1;
}

void tty_init(void)
{
	struct tty_struct *tty = &console_tty;

	mutex_init(&tty->write_mutex, RANK_TTY_WRITE);
	mutex_init(&tty->mutex, RANK_TTY);
	n_tty_init(tty);
	if (IS_ERR(kthread_run(ttyd, tty, "ttyd")))
		panic("no memory for the terminal's thread");
	register_chrdev(TTY_DEVICE, "tty", 0666, &tty_fops);
	register_chrdev(CONSOLE_DEVICE, "console", 0600, &tty_fops);
	register_chrdev(SERIAL_DEVICE, "ttyS0", 0660, &tty_fops);
	serial_set_rx(tty_rx_interrupt);
}
