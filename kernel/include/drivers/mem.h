/* mem.h - the devices that are no device: null, zero, full, random, urandom, kmsg. */
#ifndef DRIVERS_MEM_H
#define DRIVERS_MEM_H

void mem_devices_init(void);	/* register them */

#endif
