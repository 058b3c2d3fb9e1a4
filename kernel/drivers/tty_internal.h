/* tty_internal.h - what the files of the terminal share with each other, and with nobody else.
 *
 *   serial interrupt -> rx ring -> ttyd -> n_tty_receive() -> input buffer -> n_tty_read()
 *                                             | echo
 *   tty_write() -> n_tty_output() -> output buffer -> serial_write()
 *
 * Locks:  write_mutex keeps one write() whole, and is taken before mutex; mutex guards settings,
 *         line discipline and output buffer; tasklist_lock guards pgrp and session.
 *         Waiters look at buffer positions, flags and hup_count without a lock, and look again
 *         under mutex before they act. */
#ifndef DRIVERS_TTY_INTERNAL_H
#define DRIVERS_TTY_INTERNAL_H

#include <sched/wait.h>
#include <sync/mutex.h>
#include <uapi/termios.h>

struct file;
struct iov_iter;

#define TTY_INPUT_BYTES		4096u	/* powers of two */
#define TTY_RING_BYTES		4096u
#define TTY_CHUNK_BYTES		256u	/* of a write, handled in one piece */
#define TTY_OUTPUT_BYTES	(8 * TTY_CHUNK_BYTES)	/* a tab becomes at most 8 bytes */

struct tty_struct {
	struct mutex		write_mutex;	/* RANK_TTY */
	struct mutex		mutex;		/* RANK_TTY, after write_mutex */
	struct termios2		termios;	/* [mutex] */
	struct winsize		winsize;	/* [mutex] */
	bool			stopped;	/* [mutex] ^S: no output */
	unsigned int		hup_count;	/* [mutex] hang-ups so far */
	int			pgrp;		/* [tasklist] foreground group, 0: none */
	int			session;	/* [tasklist] whose terminal it is, 0: nobody's */
	struct wait_queue_head	read_wait;	/* input, hang-up */
	struct wait_queue_head	write_wait;	/* restarted output, hang-up */

	/* Input. Positions count bytes for ever; a byte's place is its position modulo the size.
	 * read_tail <= canon_head <= read_head: complete lines end at canon_head. */
	unsigned int		read_head;	/* [mutex] */
	unsigned int		canon_head;	/* [mutex] */
	unsigned int		read_tail;	/* [mutex] */
	unsigned char		input[TTY_INPUT_BYTES];	/* [mutex] */
	unsigned long		line_ends[TTY_INPUT_BYTES / 64]; /* [mutex] bit: byte ends a line */
	bool			lnext;		/* [mutex] the next byte is literal */

	/* Output that is not yet with the serial port: echo held back by ^S, or half a chunk. */
	unsigned char		output[TTY_OUTPUT_BYTES]; /* [mutex] */
	unsigned int		output_bytes;	/* [mutex] */
	unsigned int		column;		/* [mutex] of the cursor */
	unsigned int		canon_column;	/* [mutex] where the line being typed began */

	/* Filled by the serial interrupt, emptied by ttyd alone. */
	struct wait_queue_head	rx_wait;	/* ttyd: bytes in the ring, or room for them */
	unsigned char		rx_ring[TTY_RING_BYTES];
	unsigned int		rx_head;	/* [interrupt] */
	unsigned int		rx_tail;	/* [ttyd] */
};

/* file->private_data of an open terminal. */
struct tty_file {
	struct tty_struct	*tty;
	unsigned int		hup_count;	/* tty's, when it was opened */
	bool			console;	/* opened as /dev/console: no hang-up, no SIGTTIN */
};

static inline bool tty_hung_up(const struct tty_file *tf)
{
	return !tf->console && READ_ONCE(tf->tty->hup_count) != tf->hup_count;
}

static inline bool tty_lflag(const struct tty_struct *tty, unsigned int flags)
{
	return READ_ONCE(tty->termios.c_lflag) & flags;
}

/* tty.c */
void tty_flush_output(struct tty_struct *tty);	/* mutex held */
void tty_put(struct tty_struct *tty, unsigned char c);	/* mutex held */
void tty_stop(struct tty_struct *tty);		/* mutex held */
void tty_start(struct tty_struct *tty);		/* mutex held */
void tty_hangup(struct tty_struct *tty);	/* takes mutex */

/* n_tty.c: the line discipline */
void n_tty_init(struct tty_struct *tty);
void n_tty_receive(struct tty_struct *tty, unsigned char c);	/* mutex held */
bool n_tty_has_room(const struct tty_struct *tty);		/* no lock needed */
bool n_tty_input_available(const struct tty_struct *tty, bool poll);	/* no lock needed */
unsigned int n_tty_input_bytes(const struct tty_struct *tty);	/* mutex held; for FIONREAD */
void n_tty_flush_input(struct tty_struct *tty);			/* mutex held */
/* Settings have changed from @old; mutex held. */
void n_tty_settings_changed(struct tty_struct *tty, const struct termios2 *old);
void n_tty_output(struct tty_struct *tty, const unsigned char *s, size_t n);	/* mutex held */
/* read(2) after job control. Bytes, 0 at end of file or hang-up, or a negative errno. */
ssize_t n_tty_read(struct tty_file *tf, struct iov_iter *to, bool nonblock);

/* tty_ioctl.c */
long tty_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* tty_jobctl.c */
/* The running process wants to read (SIGTTIN) or to change (SIGTTOU) @tty. 0 if it may; else
 * -ERESTARTSYS after the signal was sent to its group, or -EIO if stopping would be for ever. */
int tty_check_change(struct tty_struct *tty, int sig);
/* Become the terminal of the session that current leads, if both are free. */
void tty_open_controlling(struct tty_struct *tty);
int tty_set_controlling(struct tty_struct *tty, bool steal);	/* TIOCSCTTY */
int tty_give_up_controlling(struct tty_struct *tty);		/* TIOCNOTTY */
int tty_get_pgrp(struct tty_struct *tty, int *pgrp);		/* TIOCGPGRP: -ENOTTY */
int tty_get_session(struct tty_struct *tty, int *session);	/* TIOCGSID: -ENOTTY */
int tty_set_pgrp(struct tty_struct *tty, int pgrp);		/* TIOCSPGRP */
struct tty_struct *tty_of_current(void);			/* NULL: none */

#endif
