/* fw_cfg.h - QEMU's device for what firmware and host tell each other. */
#ifndef DRIVERS_FW_CFG_H
#define DRIVERS_FW_CFG_H

/* Tell QEMU where the note for dumps is, if it was started with -device vmcoreinfo. Nothing happens
 * on another machine. After vmcoreinfo_init(); polls, does not sleep. */
void fw_cfg_tell_vmcoreinfo(void);

#endif
