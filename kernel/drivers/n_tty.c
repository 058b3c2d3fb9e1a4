/* n_tty.c - the line discipline: what typed bytes become before a program reads them, and what
 * written bytes become before they reach the wire.
 * Holds:  in canonical mode a reader sees whole lines only, those before canon_head. A byte whose
 *         bit in line_ends is set ends its line; if it is also 0, it stands for ^D: it is taken
 *         out but not delivered. Outside canonical mode everything before read_head can be read.
 * Locks:  tty->mutex in all functions but n_tty_has_room and n_tty_input_available.
 * Read:   tty.c for where the bytes come from; termios(3) for what each flag promises. */
#include "tty_internal.h"

#include <asm/atomic.h>
#include <fs/iov_iter.h>
#include <lib/ctype.h>
#include <lib/string.h>
#include <proc/signal.h>
#include <sched/clock.h>
#include <uapi/errno.h>

#define TENTH_OF_SECOND	(NSEC_PER_SEC / 10)

static const struct termios2 default_termios = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = {
		[VINTR] = 'C' & 31, [VQUIT] = '\\' & 31, [VERASE] = 127, [VKILL] = 'U' & 31,
		[VEOF] = 'D' & 31, [VMIN] = 1, [VSTART] = 'Q' & 31, [VSTOP] = 'S' & 31,
		[VSUSP] = 'Z' & 31, [VREPRINT] = 'R' & 31, [VDISCARD] = 'O' & 31,
		[VWERASE] = 'W' & 31, [VLNEXT] = 'V' & 31,
	},
	.c_ispeed = 115200,
	.c_ospeed = 115200,
};

void n_tty_init(struct tty_struct *tty)
{
	tty->termios = default_termios;
}

/* ---- the input buffer ---- */

static unsigned int slot(unsigned int pos)
{
	return pos & (TTY_INPUT_BYTES - 1);
}

static bool ends_line(const struct tty_struct *tty, unsigned int pos)
{
	return tty->line_ends[slot(pos) / 64] & BIT(slot(pos) % 64);
}

static void mark_line_end(struct tty_struct *tty, unsigned int pos, bool end)
{
	unsigned long *word = &tty->line_ends[slot(pos) / 64];

	if (end)
		*word |= BIT(slot(pos) % 64);
	else
		*word &= ~BIT(slot(pos) % 64);
}

/* A line of any length can be finished, its end overwriting what did not fit; so there is room
 * while nobody has a complete line to read. */
bool n_tty_has_room(const struct tty_struct *tty)
{
	unsigned int tail = READ_ONCE(tty->read_tail);

	return READ_ONCE(tty->read_head) - tail < TTY_INPUT_BYTES - 1 ||
	       (tty_lflag(tty, ICANON) && READ_ONCE(tty->canon_head) == tail);
}

static void put_input(struct tty_struct *tty, unsigned char c, bool end)
{
	unsigned int pos = tty->read_head;

	if (pos - tty->read_tail >= TTY_INPUT_BYTES - 1)
		pos--;
	tty->input[slot(pos)] = c;
	mark_line_end(tty, pos, end);
	smp_store_release(&tty->read_head, pos + 1);
}

bool n_tty_input_available(const struct tty_struct *tty, bool poll)
{
	unsigned int tail = READ_ONCE(tty->read_tail);
	unsigned int want = 1;

	if (tty_lflag(tty, ICANON))
		return smp_load_acquire(&tty->canon_head) != tail;
	if (poll && !READ_ONCE(tty->termios.c_cc[VTIME]) && READ_ONCE(tty->termios.c_cc[VMIN]))
		want = READ_ONCE(tty->termios.c_cc[VMIN]);
	return smp_load_acquire(&tty->read_head) - tail >= want;
}

unsigned int n_tty_input_bytes(const struct tty_struct *tty)
{
	unsigned int bytes = 0;

	if (!tty_lflag(tty, ICANON))
		return tty->read_head - tty->read_tail;
	for (unsigned int pos = tty->read_tail; pos != tty->canon_head; pos++)
		if (!ends_line(tty, pos) || tty->input[slot(pos)])
			bytes++;
	return bytes;
}

void n_tty_flush_input(struct tty_struct *tty)
{
	WRITE_ONCE(tty->read_tail, tty->read_head);
	WRITE_ONCE(tty->canon_head, tty->read_head);
	tty->lnext = false;
	wake_up(&tty->rx_wait);
}

/* Going canonical, what is there becomes one line; leaving it, lines are forgotten. */
void n_tty_settings_changed(struct tty_struct *tty, const struct termios2 *old)
{
	if ((old->c_lflag ^ tty->termios.c_lflag) & ICANON) {
		memset(tty->line_ends, 0, sizeof(tty->line_ends));
		WRITE_ONCE(tty->canon_head, tty->read_tail);
		if (tty_lflag(tty, ICANON) && tty->read_head != tty->read_tail) {
			mark_line_end(tty, tty->read_head - 1, true);
			smp_store_release(&tty->canon_head, tty->read_head);
		}
		tty->lnext = false;
	}
	if ((old->c_iflag & IXON) && !(tty->termios.c_iflag & IXON))
		tty_start(tty);
	wake_up_all(&tty->read_wait);
	wake_up(&tty->rx_wait);
}

/* ---- output ---- */

/* The second and later bytes of one UTF-8 character take no column. */
static bool is_continuation(const struct tty_struct *tty, unsigned char c)
{
	return (tty->termios.c_iflag & IUTF8) && (c & 0xc0) == 0x80;
}

static void output_newline(struct tty_struct *tty)
{
	if (tty->termios.c_oflag & ONLCR) {
		tty_put(tty, '\r');
		tty->column = 0;
	} else if (tty->termios.c_oflag & ONLRET) {
		tty->column = 0;
	}
	tty->canon_column = tty->column;
	tty_put(tty, '\n');
}

static void output_return(struct tty_struct *tty)
{
	if ((tty->termios.c_oflag & ONOCR) && tty->column == 0)
		return;
	if (tty->termios.c_oflag & OCRNL) {
		if (tty->termios.c_oflag & ONLRET)
			tty->canon_column = tty->column = 0;
		tty_put(tty, '\n');
		return;
	}
	tty->canon_column = tty->column = 0;
	tty_put(tty, '\r');
}

static void output_tab(struct tty_struct *tty)
{
	unsigned int spaces = 8 - (tty->column & 7);

	tty->column += spaces;
	if ((tty->termios.c_oflag & TABDLY) != XTABS) {
		tty_put(tty, '\t');
		return;
	}
	while (spaces--)
		tty_put(tty, ' ');
}

/* One byte with output processing. */
static void output_char(struct tty_struct *tty, unsigned char c)
{
	if (!(tty->termios.c_oflag & OPOST)) {
		tty_put(tty, c);
		return;
	}
	switch (c) {
	case '\n':
		output_newline(tty);
		return;
	case '\r':
		output_return(tty);
		return;
	case '\t':
		output_tab(tty);
		return;
	case '\b':
		if (tty->column)
			tty->column--;
		break;
	default:
		if (tty->termios.c_oflag & OLCUC)
			c = toupper(c);
		if (!iscntrl(c) && !is_continuation(tty, c))
			tty->column++;
	}
	tty_put(tty, c);
}

void n_tty_output(struct tty_struct *tty, const unsigned char *s, size_t n)
{
	while (n--)
		output_char(tty, *s++);
}

/* ---- echo ---- */

static void echo(struct tty_struct *tty, unsigned char c)
{
	if (tty_lflag(tty, ECHOCTL) && iscntrl(c) && c != '\t') {
		output_char(tty, '^');
		c ^= 0100;
	}
	output_char(tty, c);
}

static void echo_input(struct tty_struct *tty, unsigned char c)
{
	if (!tty_lflag(tty, ECHO))
		return;
	if (tty->read_head == tty->canon_head)
		tty->canon_column = tty->column;
	if (c == '\n')
		output_char(tty, c);
	else
		echo(tty, c);
}

static void rub_out_cell(struct tty_struct *tty)
{
	output_char(tty, '\b');
	output_char(tty, ' ');
	output_char(tty, '\b');
}

/* Go back over the tab that followed what is left of the line: to the column after that rest. */
static void rub_out_tab(struct tty_struct *tty)
{
	unsigned int cells = 0, backspaces;
	unsigned int pos = tty->read_head;
	bool after_tab = false;

	while (pos != tty->canon_head && !after_tab) {
		unsigned char c = tty->input[slot(--pos)];

		if (c == '\t')
			after_tab = true;
		else if (iscntrl(c))
			cells += tty_lflag(tty, ECHOCTL) ? 2 : 0;
		else if (!is_continuation(tty, c))
			cells++;
	}
	if (!after_tab)
		cells += tty->canon_column;
	for (backspaces = 8 - (cells & 7); backspaces; backspaces--)
		output_char(tty, '\b');
}

static void rub_out(struct tty_struct *tty, unsigned char c)
{
	if (c == '\t') {
		rub_out_tab(tty);
		return;
	}
	if (iscntrl(c) && tty_lflag(tty, ECHOCTL))
		rub_out_cell(tty);
	if (!iscntrl(c) || tty_lflag(tty, ECHOCTL))
		rub_out_cell(tty);
}

/* ---- editing the line being typed ---- */

/* The last character, from its first byte, or 0 with *@pos unchanged if there is none. */
static unsigned char last_char(const struct tty_struct *tty, unsigned int *pos)
{
	unsigned int p = *pos;
	unsigned char c;

	do {
		if (p == tty->canon_head)
			return 0;
		c = tty->input[slot(--p)];
	} while (is_continuation(tty, c));
	*pos = p;
	return c;
}

static void erase_char(struct tty_struct *tty, unsigned char typed)
{
	unsigned int pos = tty->read_head;
	unsigned char c = last_char(tty, &pos);

	if (pos == tty->read_head)
		return;
	WRITE_ONCE(tty->read_head, pos);
	if (!tty_lflag(tty, ECHO))
		return;
	if (tty_lflag(tty, ECHOE))
		rub_out(tty, c);
	else
		echo(tty, typed);
}

/* Blanks and other signs before the cursor, then one run of letters and digits. */
static void erase_word(struct tty_struct *tty)
{
	bool in_word = false;

	for (;;) {
		unsigned int pos = tty->read_head;
		unsigned char c = last_char(tty, &pos);
		bool word_char = isalnum(c) || c == '_';

		if (pos == tty->read_head || (in_word && !word_char))
			return;
		in_word |= word_char;
		WRITE_ONCE(tty->read_head, pos);
		if (tty_lflag(tty, ECHO))
			rub_out(tty, c);
	}
}

static void erase_line(struct tty_struct *tty, unsigned char typed)
{
	bool visible = tty_lflag(tty, ECHOK) && tty_lflag(tty, ECHOKE) && tty_lflag(tty, ECHOE);

	while (tty_lflag(tty, ECHO) && visible && tty->read_head != tty->canon_head) {
		unsigned int pos = tty->read_head;
		unsigned char c = last_char(tty, &pos);

		if (pos == tty->read_head)
			break;
		WRITE_ONCE(tty->read_head, pos);
		rub_out(tty, c);
	}
	if (tty->read_head == tty->canon_head)
		return;
	WRITE_ONCE(tty->read_head, tty->canon_head);
	if (!tty_lflag(tty, ECHO) || visible)
		return;
	echo(tty, typed);
	if (tty_lflag(tty, ECHOK))
		output_char(tty, '\n');
}

static void reprint_line(struct tty_struct *tty, unsigned char typed)
{
	echo(tty, typed);
	output_char(tty, '\n');
	for (unsigned int pos = tty->canon_head; pos != tty->read_head; pos++)
		echo(tty, tty->input[slot(pos)]);
}

/* @c ends the line and is part of it; 0 for ^D. */
static void finish_line(struct tty_struct *tty, unsigned char c)
{
	put_input(tty, c, true);
	smp_store_release(&tty->canon_head, tty->read_head);
	wake_up_all(&tty->read_wait);
}

/* ---- receiving ---- */

static bool is_cc(const struct tty_struct *tty, unsigned int which, unsigned char c)
{
	return c && tty->termios.c_cc[which] == c;
}

static bool receive_flow_control(struct tty_struct *tty, unsigned char c)
{
	if (!(tty->termios.c_iflag & IXON))
		return false;
	if (is_cc(tty, VSTART, c))
		tty_start(tty);
	else if (is_cc(tty, VSTOP, c))
		tty_stop(tty);
	else
		return false;
	return true;
}

static bool receive_signal(struct tty_struct *tty, unsigned char c)
{
	int pgrp = READ_ONCE(tty->pgrp);
	int sig;

	if (!tty_lflag(tty, ISIG))
		return false;
	if (is_cc(tty, VINTR, c))
		sig = SIGINT;
	else if (is_cc(tty, VQUIT, c))
		sig = SIGQUIT;
	else if (is_cc(tty, VSUSP, c))
		sig = SIGTSTP;
	else
		return false;
	if (!tty_lflag(tty, NOFLSH))
		n_tty_flush_input(tty);
	if (tty->termios.c_iflag & IXON)
		tty_start(tty);
	if (tty_lflag(tty, ECHO))
		echo(tty, c);
	tty_flush_output(tty);	/* the mark precedes whatever the receivers print */
	if (pgrp > 0)
		kill_pgrp(pgrp, sig);
	return true;
}

/* Characters that edit the line or end it otherwise than by themselves. */
static bool receive_editing(struct tty_struct *tty, unsigned char c)
{
	bool extended = tty_lflag(tty, IEXTEN);

	if (is_cc(tty, VERASE, c)) {
		erase_char(tty, c);
	} else if (is_cc(tty, VKILL, c)) {
		erase_line(tty, c);
	} else if (extended && is_cc(tty, VWERASE, c)) {
		erase_word(tty);
	} else if (extended && is_cc(tty, VLNEXT, c)) {
		tty->lnext = true;
		if (tty_lflag(tty, ECHO) && tty_lflag(tty, ECHOCTL)) {
			output_char(tty, '^');
			output_char(tty, '\b');
		}
	} else if (extended && tty_lflag(tty, ECHO) && is_cc(tty, VREPRINT, c)) {
		reprint_line(tty, c);
	} else if (is_cc(tty, VEOF, c)) {
		finish_line(tty, 0);
	} else {
		return false;
	}
	return true;
}

static bool receive_line_end(struct tty_struct *tty, unsigned char c)
{
	if (c == '\n') {
		if (tty_lflag(tty, ECHO | ECHONL))
			output_char(tty, '\n');
	} else if (is_cc(tty, VEOL, c) || (tty_lflag(tty, IEXTEN) && is_cc(tty, VEOL2, c))) {
		echo_input(tty, c);
	} else {
		return false;
	}
	finish_line(tty, c);
	return true;
}

static void receive_plain(struct tty_struct *tty, unsigned char c)
{
	echo_input(tty, c);
	put_input(tty, c, false);
	if (!tty_lflag(tty, ICANON))
		wake_up_all(&tty->read_wait);
}

void n_tty_receive(struct tty_struct *tty, unsigned char c)
{
	unsigned int iflag = tty->termios.c_iflag;

	if (iflag & ISTRIP)
		c &= 0x7f;
	if ((iflag & IUCLC) && tty_lflag(tty, IEXTEN))
		c = tolower(c);
	if (tty->lnext) {
		tty->lnext = false;
		receive_plain(tty, c);
		return;
	}
	if (receive_flow_control(tty, c))
		return;
	if (tty->stopped && (iflag & IXON) && (iflag & IXANY))
		tty_start(tty);
	if (receive_signal(tty, c))
		return;
	if (c == '\r') {
		if (iflag & IGNCR)
			return;
		if (iflag & ICRNL)
			c = '\n';
	} else if (c == '\n' && (iflag & INLCR)) {
		c = '\r';
	}
	if (tty_lflag(tty, ICANON) && (receive_editing(tty, c) || receive_line_end(tty, c)))
		return;
	receive_plain(tty, c);
}

/* ---- reading ---- */

/* Deliver bytes [read_tail, end) as far as the reader has room; the part that was taken. */
static size_t deliver(struct tty_struct *tty, unsigned int end, struct iov_iter *to)
{
	size_t done = 0;

	while (tty->read_tail != end && iov_iter_count(to)) {
		unsigned int at = slot(tty->read_tail);
		size_t n = min_t(size_t, end - tty->read_tail, TTY_INPUT_BYTES - at);
		size_t copied;

		n = min(n, iov_iter_count(to));
		copied = copy_to_iter(&tty->input[at], n, to);
		WRITE_ONCE(tty->read_tail, tty->read_tail + copied);
		done += copied;
		if (copied < n)
			break;
	}
	return done;
}

/* Deliver one line or the beginning of it, or -EFAULT. A ^D right behind what was delivered goes
 * with it, even if that has just filled the reader's buffer: it would otherwise read as end of
 * file the next time. */
static ssize_t deliver_line(struct tty_struct *tty, struct iov_iter *to)
{
	unsigned int end = tty->read_tail;
	size_t done = 0;
	bool eof;

	while (end != tty->canon_head && !ends_line(tty, end))
		end++;
	eof = end != tty->canon_head && !tty->input[slot(end)];
	if (end != tty->canon_head && !eof)
		end++;
	if (end != tty->read_tail) {
		done = deliver(tty, end, to);
		if (!done)
			return -EFAULT;
	}
	if (eof && tty->read_tail == end)
		WRITE_ONCE(tty->read_tail, end + 1);
	return done;
}

/* How a read ends outside canonical mode, from VMIN and VTIME. */
struct read_rule {
	ssize_t	minimum;	/* bytes that satisfy it */
	u64	gap_ns;		/* longest pause after the first byte, 0: any */
	u64	deadline;	/* ktime for the first byte, 0: at once, WAIT_FOREVER */
};

static struct read_rule read_rule(const struct tty_struct *tty)
{
	u64 time = tty->termios.c_cc[VTIME] * TENTH_OF_SECOND;
	ssize_t min = tty->termios.c_cc[VMIN];

	if (tty_lflag(tty, ICANON))
		return (struct read_rule){ .minimum = 1, .deadline = WAIT_FOREVER };
	if (min)
		return (struct read_rule){ .minimum = min, .gap_ns = time,
					   .deadline = WAIT_FOREVER };
	return (struct read_rule){ .minimum = 1, .deadline = time ? ktime_get() + time : 0 };
}

/* Sleep, with the mutex dropped, until there is input. 0 if it is worth looking, -ETIME,
 * -EAGAIN, -ERESTARTSYS. */
static int wait_for_input(struct tty_file *tf, u64 deadline, bool nonblock)
{
	struct tty_struct *tty = tf->tty;
	u64 now = ktime_get(), left = WAIT_FOREVER;
	int ret;

	if (deadline != WAIT_FOREVER) {
		if (now >= deadline)
			return -ETIME;
		left = deadline - now;
	}
	if (nonblock)
		return -EAGAIN;
	mutex_unlock(&tty->mutex);
	ret = wait_event_interruptible_timeout(&tty->read_wait,
			tty_hung_up(tf) || n_tty_input_available(tty, false), left);
	mutex_lock(&tty->mutex);
	return ret;
}

ssize_t n_tty_read(struct tty_file *tf, struct iov_iter *to, bool nonblock)
{
	struct tty_struct *tty = tf->tty;
	struct read_rule rule;
	ssize_t done = 0, got;
	int ret = 0;

	if (mutex_lock_interruptible(&tty->mutex))
		return -ERESTARTSYS;
	rule = read_rule(tty);
	while (iov_iter_count(to) && !tty_hung_up(tf)) {
		if (!n_tty_input_available(tty, false)) {
			ret = wait_for_input(tf, rule.deadline, nonblock);
			if (ret)
				break;
			continue;
		}
		if (tty_lflag(tty, ICANON)) {
			got = deliver_line(tty, to);
			if (got < 0)
				ret = got;
			else
				done += got;
			break;		/* one line, or ^D alone: end of file */
		}
		got = deliver(tty, tty->read_head, to);
		if (!got)
			ret = -EFAULT;
		done += got;
		if (!got || done >= rule.minimum)
			break;
		if (rule.gap_ns)
			rule.deadline = ktime_get() + rule.gap_ns;
	}
	wake_up(&tty->rx_wait);
	mutex_unlock(&tty->mutex);
	if (done || ret == -ETIME)
		return done;
	return ret;
}
