/* check.h - everything that must hold between two operations, computed anew and compared. */
#ifndef SHIM_CHECK_H
#define SHIM_CHECK_H

/* Walk every area, table, entry, file and frame: panics with the truth that is broken. Nobody else
 * runs. */
void check_all(void);
/* After the last mm and file: every frame is free again but for what start-up took, and no object
 * is out. Gives all spare ones back first. */
void check_nothing_left(void);
/* What start-up took; called by shim_boot(). */
void check_take_baseline(void);

#endif
