/* tty_jobctl.c - whose terminal it is: sessions, the foreground group, and who is stopped for
 * using it from the background.
 * Holds:  tty->session is the session all of whose processes may have signal->tty == tty; with no
 *         session there is no foreground group either.
 * Locks:  tasklist_lock for all of that. Signals to groups are sent after it is dropped, as
 *         kill_pgrp takes it.
 * Read:   tty_internal.h; credentials(7) and setsid(2) for the rules. */
#include <drivers/tty.h>

#include <proc/signal.h>
#include <proc/task.h>
#include <uapi/errno.h>

#include "tty_internal.h"

struct tty_struct *tty_of_current(void)
{
	return READ_ONCE(current->signal->tty);
}

/* ---- background use ---- */

int tty_check_change(struct tty_struct *tty, int sig)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct signal_struct *signal = current->signal;
	int pgrp = signal->pgrp;
	bool background = signal->tty == tty && tty->pgrp && tty->pgrp != pgrp;
	bool orphaned = background && is_orphaned_pgrp(pgrp, NULL);

	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (!background)
		return 0;
	if (signal_is_ignored_or_blocked(sig))
		return sig == SIGTTIN ? -EIO : 0;
	if (orphaned)
		return -EIO;
	kill_pgrp(pgrp, sig);
	return -ERESTARTSYS;
}

/* ---- the controlling terminal ---- */

/* All of @session's processes lose it. tasklist_lock held. */
static void clear_session_tty(int session)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->session == session)
			p->signal->tty = NULL;
}

/* tasklist_lock held. */
static void set_tty_of_current(struct tty_struct *tty)
{
	tty->session = current->signal->session;
	WRITE_ONCE(tty->pgrp, current->signal->pgrp);
	current->signal->tty = tty;
}

void tty_open_controlling(struct tty_struct *tty)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);

	if (current->signal->leader && !current->signal->tty && !tty->session)
		set_tty_of_current(tty);
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

int tty_set_controlling(struct tty_struct *tty, bool steal)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct signal_struct *signal = current->signal;
	int ret = 0;

	if (signal->leader && signal->tty == tty && tty->session == signal->session)
		goto unlock;
	ret = -EPERM;
	if (!signal->leader || signal->tty)
		goto unlock;
	if (tty->session) {
		if (!steal || current->cred.euid != 0)
			goto unlock;
		clear_session_tty(tty->session);
	}
	set_tty_of_current(tty);
	ret = 0;
unlock:
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return ret;
}

void disassociate_ctty(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct tty_struct *tty = NULL;
	unsigned long flags;
	int pgrp = 0;

	flags = spin_lock_irqsave(&tasklist_lock);
	if (signal->leader) {
		tty = signal->tty;
		clear_session_tty(signal->session);
	}
	if (tty && tty->session == signal->session) {
		pgrp = tty->pgrp;
		WRITE_ONCE(tty->pgrp, 0);
		tty->session = 0;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (!tty)
		return;
	if (pgrp) {
		kill_pgrp(pgrp, SIGHUP);
		kill_pgrp(pgrp, SIGCONT);
	}
	tty_hangup(tty);
}

int tty_give_up_controlling(struct tty_struct *tty)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct signal_struct *signal = current->signal;
	bool ours = signal->tty == tty, leader = signal->leader;

	if (ours && !leader)
		signal->tty = NULL;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (!ours)
		return -ENOTTY;
	if (leader)
		disassociate_ctty(current);
	return 0;
}

/* ---- the foreground group ---- */

int tty_get_pgrp(struct tty_struct *tty, int *pgrp)
{
	if (tty_of_current() != tty)
		return -ENOTTY;
	*pgrp = READ_ONCE(tty->pgrp);
	return 0;
}

int tty_get_session(struct tty_struct *tty, int *session)
{
	*session = READ_ONCE(tty->session);
	if (tty_of_current() != tty || !*session)
		return -ENOTTY;
	return 0;
}

/* The session that the members of @pgrp are in; 0: no such group. tasklist_lock held. */
static int session_of_pgrp(int pgrp)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->pgrp == pgrp)
			return p->signal->session;
	return 0;
}

int tty_set_pgrp(struct tty_struct *tty, int pgrp)
{
	int ret = tty_check_change(tty, SIGTTOU);
	struct signal_struct *signal = current->signal;
	unsigned long flags;
	int session;

	if (ret)
		return ret == -EIO ? -ENOTTY : ret;
	if (pgrp < 0)
		return -EINVAL;
	flags = spin_lock_irqsave(&tasklist_lock);
	session = session_of_pgrp(pgrp);
	if (signal->tty != tty || tty->session != signal->session)
		ret = -ENOTTY;
	else if (!session)
		ret = -ESRCH;
	else if (session != signal->session)
		ret = -EPERM;
	else
		WRITE_ONCE(tty->pgrp, pgrp);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return ret;
}
