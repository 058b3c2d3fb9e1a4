/* tty.h - the console terminal, as the rest of the kernel meets it.
 * There is one: the serial port, known as /dev/ttyS0 and /dev/console, and as /dev/tty to the
 * processes whose controlling terminal it is. A session's tty is in signal->tty [tasklist_lock]. */
#ifndef DRIVERS_TTY_H
#define DRIVERS_TTY_H

#include <lib/types.h>

struct task_struct;
struct tty_struct;

/* Register the device nodes, start the line discipline's thread and listen to the serial port. */
void tty_init(void);

/* @task, whose last thread is about to go, may be a session leader: if so its terminal is hung up,
 * the foreground group gets SIGHUP and SIGCONT, and the session has no terminal from then on.
 * Does nothing for any other task. Sleeps. */
void disassociate_ctty(struct task_struct *task);

/* For /proc/PID/stat. @tty may be NULL: 0 and -1. */
unsigned int tty_device_number(const struct tty_struct *tty);
int tty_foreground_pgrp(const struct tty_struct *tty);

#endif
