/* serial.c - the first serial port (16550 at 0x3f8): polled output and interrupts for input.
 * Holds:  if no port answers, output goes nowhere and nothing waits for it. Where the port's
 *         interrupt line leads nowhere, a timer looks for input.
 * Locks:  none; who writes in pieces keeps them apart (printk's console lock, the tty).
 * Read:   debug/printk.c and drivers/tty.c, the two users. */
#include <drivers/serial.h>

#include <asm/io.h>
#include <asm/irq.h>
#include <asm/irqflags.h>
#include <debug/printk.h>
#include <sched/clock.h>

#define COM1		0x3f8
#define COM1_IRQ	4

#define UART_DATA	(COM1 + 0)	/* divisor low while DLAB is set */
#define UART_IER	(COM1 + 1)	/* divisor high */
#define UART_FCR	(COM1 + 2)
#define UART_LCR	(COM1 + 3)
#define UART_MCR	(COM1 + 4)
#define UART_LSR	(COM1 + 5)
#define UART_SCRATCH	(COM1 + 7)

#define IER_RECEIVED	0x01
#define FCR_ON_CLEAR	0x07		/* FIFOs on and empty, interrupt at the first byte */
#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define MCR_DTR_RTS_OUT2 0x0b		/* OUT2 lets the interrupt through */
#define LSR_RECEIVED	0x01
#define LSR_EMPTY	0x20
#define FIFO_BYTES	16
#define PATIENCE	1000000		/* polls; a byte takes 87 us */
#define POLL_IDLE	(10 * NSEC_PER_MSEC)
#define POLL_BUSY	NSEC_PER_MSEC	/* more may come, and the FIFO is short */

static bool present;
static void (*rx_fn)(unsigned char byte);
static struct timer poll_timer;		/* without an interrupt line */

void serial_init_early(void)
{
	outb(UART_SCRATCH, 0x5a);
	if (inb(UART_SCRATCH) != 0x5a)
		return;
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_DLAB);
	outb(UART_DATA, 1);		/* 115200 */
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_8N1);
	outb(UART_FCR, FCR_ON_CLEAR);
	outb(UART_MCR, MCR_DTR_RTS_OUT2);
	present = true;
}

static void wait_until_empty(void)
{
	for (unsigned int i = 0; i < PATIENCE && !(inb(UART_LSR) & LSR_EMPTY); i++)
		cpu_relax();
}

void serial_write(const char *s, size_t bytes)
{
	if (!present)
		return;
	for (size_t i = 0; i < bytes; i++) {
		if (i % FIFO_BYTES == 0)
			wait_until_empty();
		outb(UART_DATA, s[i]);
	}
}

/* Hand on what was received. Returns whether that was anything. */
static bool receive_all(void)
{
	bool any = false;

	for (; inb(UART_LSR) & LSR_RECEIVED; any = true)
		rx_fn(inb(UART_DATA));
	return any;
}

static void serial_interrupt(void *arg)
{
	receive_all();
}

static void serial_poll(struct timer *timer)
{
	timer_start(timer, ktime_get() + (receive_all() ? POLL_BUSY : POLL_IDLE));
}

void serial_set_rx(void (*fn)(unsigned char byte))
{
	if (!present)
		return;
	rx_fn = fn;
	if (irq_connect_isa(COM1_IRQ, serial_interrupt, NULL)) {
		printk("serial: no interrupt line, a timer looks for input\n");
		timer_init(&poll_timer, serial_poll);
		timer_start(&poll_timer, ktime_get());
		return;
	}
	outb(UART_IER, IER_RECEIVED);
}
