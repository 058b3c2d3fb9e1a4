/* serial.h - the first serial port (COM1), 115200 8N1. */
#ifndef DRIVERS_SERIAL_H
#define DRIVERS_SERIAL_H

#include <lib/types.h>

void serial_init_early(void);		/* output works from here on */
/* Send bytes as they are (no newline translation), polling. Any context; the caller keeps pieces
 * apart. */
void serial_write(const char *s, size_t bytes);
/* Deliver received bytes to fn, in interrupt context. Needs the interrupt controller and timers. */
void serial_set_rx(void (*fn)(unsigned char byte));

#endif
