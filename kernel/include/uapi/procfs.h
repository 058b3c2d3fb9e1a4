/* procfs.h - the ioctls of files in /proc/PID. */
#ifndef UAPI_PROCFS_H
#define UAPI_PROCFS_H

#include <lib/types.h>

/* ---- maps: one area ---- */

#define PROCMAP_QUERY	0xc0686611u	/* _IOWR('f', 17, struct procmap_query) */

#define PROCMAP_QUERY_VMA_READABLE		0x01
#define PROCMAP_QUERY_VMA_WRITABLE		0x02
#define PROCMAP_QUERY_VMA_EXECUTABLE		0x04
#define PROCMAP_QUERY_VMA_SHARED		0x08
#define PROCMAP_QUERY_COVERING_OR_NEXT_VMA	0x10
#define PROCMAP_QUERY_FILE_BACKED_VMA		0x20

struct procmap_query {
	u64	size;			/* of this structure */
	u64	query_flags, query_addr;
	u64	vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
	u32	dev_major, dev_minor;
	u32	vma_name_size, build_id_size;	/* bytes of room, then bytes written */
	u64	vma_name_addr, build_id_addr;
};

/* ---- pagemap: pages of some kind ---- */

#define PAGEMAP_SCAN	0xc0606610u	/* _IOWR('f', 16, struct pm_scan_arg) */

#define PAGE_IS_WPALLOWED	0x001
#define PAGE_IS_WRITTEN		0x002
#define PAGE_IS_FILE		0x004
#define PAGE_IS_PRESENT		0x008
#define PAGE_IS_SWAPPED		0x010
#define PAGE_IS_PFNZERO		0x020
#define PAGE_IS_HUGE		0x040
#define PAGE_IS_SOFT_DIRTY	0x080
#define PAGE_IS_GUARD		0x100
#define PM_SCAN_CATEGORIES	0x1ff

#define PM_SCAN_WP_MATCHING	1
#define PM_SCAN_CHECK_WPASYNC	2

struct page_region {
	u64	start, end;		/* addresses */
	u64	categories;		/* PAGE_IS_* */
};

struct pm_scan_arg {
	u64	size;			/* of this structure */
	u64	flags, start, end;
	u64	walk_end;		/* out: where it has stopped */
	u64	vec, vec_len;		/* regions that are found, and how many there is room for */
	u64	max_pages;		/* 0: no limit */
	u64	category_inverted, category_mask, category_anyof_mask, return_mask;
};

#endif
