/* procfs_mm.c - /proc/mmcheck: reading it verifies all of memory, and tells the result.
 * The first line is `mmcheck: ok` and what was looked at, or `mmcheck: FAILED` and the number of
 * differences, of which the first follow, a line each. In debug builds a word that is written to it
 * damages one structure of that kind, verifies, and repairs; the next read tells what was found.
 * Locks:  planted_lock for the result that waits to be read.
 * Read:   mm/verify.c. */
#include "procfs_internal.h"

#include <fs/file.h>
#include <lib/string.h>
#include <mm/slab.h>
#include <mm/verify.h>
#include <sync/spinlock.h>
#include <uapi/errno.h>

static struct verify_report *planted;		/* [planted_lock] not read yet, or NULL */
static DEFINE_SPINLOCK(planted_lock, RANK_NONE);

static struct verify_report *swap_planted(struct verify_report *report)
{
	struct verify_report *old;

	spin_lock(&planted_lock);
	old = planted;
	planted = report;
	spin_unlock(&planted_lock);
	return old;
}

static void show_report(struct proc_text *text, const struct verify_report *report)
{
	if (report->differences) {
		text_printf(text, "mmcheck: FAILED %u difference%s\n", report->differences,
			    report->differences == 1 ? "" : "s");
		text_write(text, report->text, report->used);
		return;
	}
	text_printf(text, "mmcheck: ok %lu mms (%lu busy), %lu areas, %lu chains of %lu anon_vmas, "
		    "%lu entries, %lu swap entries of %lu slots, %lu folios, %lu mapped files, "
		    "%lu frames (%lu free), %lu us\n",
		    report->mms, report->busy_mms, report->areas, report->chains, report->anon_vmas,
		    report->entries, report->swap_entries, report->slots, report->folios,
		    report->files, report->frames, report->free_frames,
		    (unsigned long)(report->ns / 1000));
}

int proc_mmcheck_show(struct proc_text *text, struct inode *inode)
{
	struct verify_report *report = swap_planted(NULL);
	int err = 0;

	if (!report) {
		report = kmalloc(sizeof(*report), GFP_KERNEL);
		err = report ? verify_memory(report) : -ENOMEM;
	}
	if (err)
		text_printf(text, "mmcheck: not done, no memory for it\n");
	else
		show_report(text, report);
	kfree(report);
	return 0;
}

int proc_mmcheck_store(struct inode *inode, char *line)
{
	struct verify_report *report;
	char *end = strchr(line, '\n');
	int err;

	if (!CONFIG_DEBUG)
		return -EPERM;
	if (end)
		*end = '\0';
	report = kmalloc(sizeof(*report), GFP_KERNEL);
	if (!report)
		return -ENOMEM;
	err = verify_planted(line, report);
	kfree(err ? report : swap_planted(report));
	return err;
}
