/* cmdline.h - the kernel's command line. */
#ifndef INIT_CMDLINE_H
#define INIT_CMDLINE_H

#include <lib/types.h>

#define CMDLINE_BYTES	2048

extern char saved_command_line[CMDLINE_BYTES];

/* Keep @text (cut at CMDLINE_BYTES) and take it apart. NULL: empty. */
void cmdline_set(const char *text);
/* The value of the last `key=value`, "" for a bare `key`, NULL if it is absent. Valid for ever. */
const char *cmdline_get(const char *key);

/* Words that are not ours, for process 1: name=value goes to its environment, others to its
 * arguments, behind what is there. Both arrays end in NULL and have room for @max entries, the NULL
 * included; what does not fit is dropped. */
void cmdline_for_init(char **argv, char **envp, unsigned int max);

#endif
