/* procfs_rmap.c - /proc/rmap/FRAME, /proc/rmap/swap:AREA:SLOT and /proc/PID/anon_vma: the reverse
 * map as text, for people and tests.
 *
 * /proc/rmap is a directory with a file for every frame of memory, found by number (decimal, or 0x
 * and hexadecimal) and not listed. The file says what the frame is, and if it is a folio,
 * everything that a walk of the reverse map visits: which areas map it, and which were asked in
 * vain, and why. A page that is out has no frame to walk from: the file of its slot of swap tells
 * whose entries name that, which takes a look at all page tables. /proc/PID/anon_vma goes the other
 * way: from each area of a process to its chains, and from those to all areas in the same trees.
 *
 * Holds:  nothing is printed under a lock of the reverse map, since printing allocates and reclaim
 *         walks it, too: a walk fills an array of visits, and if that was too small, is done again
 *         with a larger one. Of a visited mm only the address is kept. It is compared with those of
 *         all processes, which were collected, and referenced, before the walk.
 * Locks:  mmap_lock for reading around the areas of a process; the folio lock around a frame's
 *         walk.
 * Read:   mm/anon_vma.c, mm/rmap.c. */
#include "procfs_internal.h"

#include <asm/pgtable.h>
#include <fs/dentry.h>
#include <fs/dir.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/super.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/anon_vma.h>
#include <mm/filemap.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <mm/pagewalk.h>
#include <mm/rmap.h>
#include <mm/swap.h>
#include <mm/vmalloc.h>
#include <proc/task.h>
#include <sched/sched.h>
#include <uapi/errno.h>

/* larger numbers have no room in an inode's number */
#define MAX_FRAME	(PROC_ID_FD - 1)
#define SLOT_BITS	24	/* of a slot's number; the area's is above them */
#define MAX_TRIES	4	/* of a walk during which entries came or went */

/* ---- which processes have an mm ---- */

struct mm_user {
	struct mm_struct	*mm;	/* mm_count */
	int			pid;
	char			comm[TASK_COMM_LEN];
};

struct mm_users {
	struct mm_user		*users;
	unsigned int		nr, max;	/* nr > max: there are more than fit */
};

static void put_users(struct mm_users *u)
{
	for (unsigned int i = 0; i < min(u->nr, u->max); i++)
		mmdrop(u->users[i].mm);
	vfree(u->users);
	u->users = NULL;
	u->nr = 0;
}

/* The mm of the first thread that still has one, referenced by mm_count. tasklist_lock held. */
static struct mm_struct *grab_mm(struct task_struct *process)
{
	struct mm_struct *mm = NULL;
	struct task_struct *thread;

	for_each_thread(process, thread) {
		spin_lock(&thread->alloc_lock);
		mm = thread->mm;
		if (mm)
			mmgrab(mm);
		spin_unlock(&thread->alloc_lock);
		if (mm)
			break;
	}
	return mm;
}

static void fill_users(struct mm_users *u)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task_struct *p;

	u->nr = 0;
	for_each_process(p) {
		struct mm_struct *mm = u->nr < u->max ? grab_mm(p) : NULL;

		if (mm) {
			struct mm_user *user = &u->users[u->nr];

			user->mm = mm;
			user->pid = p->pid;
			strlcpy(user->comm, p->comm, sizeof(user->comm));
		}
		if (mm || u->nr >= u->max)
			u->nr++;
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

/* All processes that have an mm: 0 or -ENOMEM. */
static int get_users(struct mm_users *u)
{
	*u = (struct mm_users){ .max = 64 };
	for (;;) {
		unsigned int want = u->max;

		u->users = vmalloc(want * sizeof(*u->users));
		if (!u->users)
			return -ENOMEM;
		fill_users(u);
		if (u->nr <= u->max)
			return 0;
		want = u->nr + 64;
		put_users(u);
		u->max = want;
	}
}

/* "pid 7 (sh)"; several after vfork or clone; none if it is on its way out. */
static void show_users(struct proc_text *text, const struct mm_users *u, const struct mm_struct *mm)
{
	bool any = false;

	for (unsigned int i = 0; i < u->nr; i++) {
		if (u->users[i].mm != mm)
			continue;
		text_printf(text, any ? ", %d (" : "pid %d (", u->users[i].pid);
		text_escaped(text, u->users[i].comm, "\n\\");
		text_printf(text, ")");
		any = true;
	}
	if (!any)
		text_printf(text, "no process");
}

/* ---- visits ---- */

enum outcome { VISIT_MAPS, VISIT_NO_TABLE, VISIT_OTHER };

struct visit {
	const struct mm_struct	*mm;		/* only to be compared */
	unsigned long		start, end;	/* bytes */
	pgoff_t			pgoff;
	unsigned long		addr;		/* where the folio would be */
	enum outcome		outcome;
	pte_t			pte;		/* what is there */
};

struct visits {
	struct visit	*visits;
	unsigned int	nr, max;	/* nr > max: there were more than fit */
};

/* Room for all that the last try has found, and then some: 0 or -ENOMEM. */
static int grow_visits(struct visits *v)
{
	vfree(v->visits);
	v->max = v->nr + v->nr / 4 + 64;
	v->visits = vmalloc(v->max * sizeof(*v->visits));
	return v->visits ? 0 : -ENOMEM;
}

static void add_visit(struct visits *v, const struct visit *visit)
{
	if (v->nr < v->max)
		v->visits[v->nr] = *visit;
	v->nr++;
}

static struct visit visit_of(const struct vm_area_struct *vma)
{
	return (struct visit){
		.mm = vma->vm_mm,
		.start = vma->vm_start,
		.end = vma->vm_end,
		.pgoff = vma->vm_pgoff,
	};
}

/* ---- /proc/rmap: one walk ---- */

/* What is at the address instead. The area is kept in its tree, and so its tables stay. */
static void look_at_entry(const struct vm_area_struct *vma, struct visit *visit)
{
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, visit->addr);

	visit->outcome = VISIT_NO_TABLE;
	if (!pmd || pmd_none(pmd))
		return;
	visit->pte = ptep_get(pte_offset(pmd, visit->addr));
	visit->outcome = VISIT_OTHER;
}

static bool record_one(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
		       void *arg)
{
	struct page_vma_mapped_walk pvmw = { .folio = folio, .vma = vma, .address = addr };
	struct visit visit = visit_of(vma);

	visit.addr = addr;
	if (page_vma_mapped_walk(&pvmw)) {
		visit.outcome = VISIT_MAPS;
		visit.pte = ptep_get(pvmw.pte);
		page_vma_mapped_walk_done(&pvmw);
	} else {
		look_at_entry(vma, &visit);
	}
	add_visit(arg, &visit);
	return true;
}

static unsigned int nr_found(const struct visits *v)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < v->nr; i++)
		found += v->visits[i].outcome == VISIT_MAPS;
	return found;
}

/* What is known of a folio when its walk is over. */
struct folio_facts {
	unsigned long		flags;
	unsigned long		mapping;	/* as a number: bit 0 set is anonymous */
	dev_t			dev;		/* of a file */
	u64			ino;
	pgoff_t			index;
	int			mapcount, refcount;
	swp_entry_t		slot;		/* with PG_swapcache */
	unsigned int		slot_count;	/* entries that name it */
};

/* Folio locked, which keeps its file. */
static void get_facts(struct folio *folio, struct folio_facts *f)
{
	const struct address_space *mapping = folio->page.mapping;

	*f = (struct folio_facts){
		.flags = folio->page.flags & ~BIT(PG_locked),
		.mapping = (unsigned long)mapping,
		.index = folio->page.index,
		.mapcount = folio_mapcount(folio),
		.refcount = folio_ref_count(folio) - 1,	/* without ours */
	};
	if (f->flags & BIT(PG_swapcache)) {
		f->slot = folio_swap_entry(folio);
		f->slot_count = swap_count(f->slot);
	}
	if (mapping && !folio_test_anon(folio)) {
		f->dev = mapping->host->i_sb->s_dev;
		f->ino = mapping->host->i_ino;
	}
}

/* Walk until there was room for all visits, and the count has stood still. Folio locked. 0 or
 * -ENOMEM. */
static int record_walk(struct folio *folio, struct visits *v, struct folio_facts *f)
{
	struct rmap_walk_control rwc = { .arg = v, .rmap_one = record_one };

	for (unsigned int tries = 0; tries < MAX_TRIES; tries++) {
		do {
			if (v->nr >= v->max && grow_visits(v))
				return -ENOMEM;
			v->nr = 0;
			rmap_walk(folio, &rwc);
		} while (v->nr > v->max);
		get_facts(folio, f);
		if (nr_found(v) == (unsigned int)f->mapcount)
			break;
		cond_resched();
	}
	return 0;
}

/* ---- /proc/rmap: its text ---- */

static const struct {
	enum pageflags	flag;
	const char	*name;
} flag_names[] = {
	{ PG_locked, "locked" },
	{ PG_uptodate, "uptodate" },
	{ PG_dirty, "dirty" },
	{ PG_lru, "lru" },
	{ PG_active, "active" },
	{ PG_swapbacked, "swapbacked" },
	{ PG_anon_exclusive, "anon-exclusive" },
	{ PG_mlocked, "mlocked" },
	{ PG_referenced, "referenced" },
	{ PG_unevictable, "unevictable" },
	{ PG_swapcache, "swapcache" },
	{ PG_writeback, "writeback" },
	{ PG_reclaim, "reclaim" },
	{ PG_readahead, "readahead" },
	{ PG_idle, "idle" },
	{ PG_young, "young" },
};

static void show_page_flags(struct proc_text *text, unsigned long flags)
{
	text_printf(text, "flags");
	for (unsigned int i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (flags & BIT(flag_names[i].flag))
			text_printf(text, " %s", flag_names[i].name);
	text_printf(text, "\n");
}

static void show_entry(struct proc_text *text, pte_t pte)
{
	text_printf(text, "%s%s%s%s%s%s", pte_hidden(pte) ? "hidden" : "present",
		    pte_write(pte) ? " writable" : " read-only",
		    pte_exec(pte) ? " executable" : "", pte_young(pte) ? " accessed" : "",
		    pte_dirty(pte) ? " dirty" : "", pte_soft_dirty(pte) ? " soft-dirty" : "");
}

static void show_slot(struct proc_text *text, swp_entry_t slot)
{
	text_printf(text, "%u:%lu", swp_type(slot), swp_offset(slot));
}

static void show_swap_entry(struct proc_text *text, pte_t pte)
{
	text_printf(text, "swap slot ");
	show_slot(text, pte_to_swp_entry(pte));
	text_printf(text, "%s%s", pte_swp_exclusive(pte) ? " exclusive" : "",
		    pte_swp_soft_dirty(pte) ? " soft-dirty" : "");
}

static void show_other_entry(struct proc_text *text, pte_t pte)
{
	if (pte_none(pte))
		text_printf(text, "nothing is mapped there");
	else if (is_swap_pte(pte))
		show_swap_entry(text, pte);
	else if (pte_special(pte))
		text_printf(text, "the zero page is mapped there");
	else
		text_printf(text, "frame %#lx is mapped there", pte_pfn(pte));
}

static void show_visit(struct proc_text *text, const struct visit *visit,
		       const struct mm_users *users)
{
	text_printf(text, visit->outcome == VISIT_MAPS ? "  maps    " : "  in vain ");
	show_users(text, users, visit->mm);
	text_printf(text, " %lx-%lx at %lx: ", visit->start, visit->end, visit->addr);
	if (visit->outcome == VISIT_MAPS)
		show_entry(text, visit->pte);
	else if (visit->outcome == VISIT_NO_TABLE)
		text_printf(text, "there is no page table");
	else
		show_other_entry(text, visit->pte);
	text_printf(text, "\n");
}

static void show_owner(struct proc_text *text, const struct folio_facts *f)
{
	if (f->mapping & PAGE_MAPPING_ANON)
		text_printf(text, "anonymous, anon_vma %lx", f->mapping - PAGE_MAPPING_ANON);
	else if (f->mapping)
		text_printf(text, "file %02x:%02x %lu", MAJOR(f->dev), MINOR(f->dev), f->ino);
	else if (f->flags & BIT(PG_swapcache))
		text_printf(text, "read from swap, and nobody's yet");
	else
		text_printf(text, "cut off from its file");
	text_printf(text, ", index %#lx\n", f->index);
}

static void show_copy_of(struct proc_text *text, const struct folio_facts *f)
{
	text_printf(text, "copy of swap slot ");
	show_slot(text, f->slot);
	text_printf(text, ", which %u %s\n", f->slot_count,
		    f->slot_count == 1 ? "entry names" : "entries name");
}

static void show_walk(struct proc_text *text, const struct visits *v, const struct folio_facts *f,
		      const struct mm_users *users)
{
	unsigned int found = nr_found(v);

	show_owner(text, f);
	text_printf(text, "mapcount %d, references %d, ", f->mapcount, f->refcount);
	show_page_flags(text, f->flags);
	if (f->flags & BIT(PG_swapcache))
		show_copy_of(text, f);
	for (unsigned int i = 0; i < v->nr && !text->failed; i++) {
		show_visit(text, &v->visits[i], users);
		cond_resched();
	}
	text_printf(text, "found %u of %d in %u areas: %s\n", found, f->mapcount, v->nr,
		    found == (unsigned int)f->mapcount ? "all" : "NOT ALL");
}

/* A reference is held. */
static int show_folio(struct proc_text *text, struct folio *folio)
{
	struct visits visits = {};
	struct folio_facts facts;
	struct mm_users users;
	int ret = get_users(&users);

	if (ret)
		return ret;
	folio_lock(folio);
	ret = record_walk(folio, &visits, &facts);
	folio_unlock(folio);
	if (!ret)
		show_walk(text, &visits, &facts, &users);
	vfree(visits.visits);
	put_users(&users);
	return ret;
}

/* What a frame is that is no folio. It may become something else at any time. */
static const char *frame_kind(struct page *page)
{
	if (page == zero_page)
		return "the zero page";
	if (page_flag(page, PG_slab))
		return "slab";
	if (page_flag(page, PG_table))
		return "page table";
	if (atomic_read(&page->_refcount))
		return "kernel";
	return page_is_free_buddy(page) ? "free" : "reserved, or at hand for a processor";
}

static int frame_show(struct proc_text *text, struct inode *inode)
{
	unsigned long pfn = proc_i(inode)->id & MAX_FRAME;
	struct page *page = pfn_to_online_page(pfn);
	struct folio *folio = page_get_folio(page);
	int ret = 0;

	text_printf(text, "frame %#lx: ", pfn);
	if (folio) {
		ret = show_folio(text, folio);
		folio_put(folio);
	} else {
		text_printf(text, "%s\n", frame_kind(page));
	}
	return ret;
}

/* ---- /proc/rmap: one slot of swap ---- */

struct slot_search {
	swp_entry_t	slot;
	struct visits	*visits;
};

static void match_slot(pte_t *ptep, unsigned long addr, struct mm_walk *walk)
{
	const struct slot_search *search = walk->arg;
	struct visit visit = visit_of(walk->vma);

	visit.pte = ptep_get(ptep);
	visit.addr = addr;
	if (is_swap_pte(visit.pte) && pte_to_swp_entry(visit.pte).val == search->slot.val)
		add_visit(search->visits, &visit);
}

static int search_mm(struct mm_struct *mm, struct slot_search *search)
{
	struct mm_walk walk = { .pte_entry = match_slot, .arg = search };
	int ret = down_read_killable(&mm->mmap_lock);

	if (ret)
		return ret;
	for (walk.vma = find_vma(mm, 0); walk.vma; walk.vma = vma_next(walk.vma))
		walk_page_range(&walk, walk.vma->vm_start, walk.vma->vm_end);
	up_read(&mm->mmap_lock);
	return 0;
}

/* User number @n is the first with its mm, and has something in swap. */
static bool is_searched(const struct mm_users *u, unsigned int n)
{
	if (!atomic_read(&u->users[n].mm->swapents))
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (u->users[i].mm == u->users[n].mm)
			return false;
	return true;
}

/* 0, -ENOMEM or -EINTR. */
static int search_all(const struct mm_users *u, struct slot_search *search)
{
	int ret = 0;

	search->visits->nr = 0;
	for (unsigned int n = 0; n < u->nr && !ret; n++) {
		struct mm_struct *mm = u->users[n].mm;

		if (!is_searched(u, n) || !atomic_inc_not_zero(&mm->mm_users))
			continue;
		ret = search_mm(mm, search);
		mmput(mm);
	}
	return ret;
}

static void show_holders(struct proc_text *text, const struct visits *v,
			 const struct mm_users *users)
{
	for (unsigned int i = 0; i < v->nr && !text->failed; i++) {
		const struct visit *visit = &v->visits[i];

		text_printf(text, "  holds   ");
		show_users(text, users, visit->mm);
		text_printf(text, " %lx-%lx at %lx: ", visit->start, visit->end, visit->addr);
		show_swap_entry(text, visit->pte);
		text_printf(text, "\n");
		cond_resched();
	}
}

/* Entries that are in no page table are a tmpfs file's. */
static void show_search(struct proc_text *text, const struct slot_search *search,
			const struct mm_users *users)
{
	unsigned int count = swap_count(search->slot), found = search->visits->nr;
	unsigned long pfn = swap_cache_pfn(search->slot);

	text_printf(text, "swap slot ");
	show_slot(text, search->slot);
	if (!count && !pfn)
		text_printf(text, ": free");
	else if (pfn)
		text_printf(text, ": also in memory, frame %#lx", pfn);
	else
		text_printf(text, ": on the disk alone");
	text_printf(text, "\n");
	show_holders(text, search->visits, users);
	text_printf(text, "found %u of %u entries in page tables%s\n", found, count,
		    found < count ? ", the others are files'" : "");
}

static int slot_show(struct proc_text *text, struct inode *inode)
{
	unsigned int id = proc_i(inode)->id & ~PROC_ID_SWAP;
	struct visits visits = {};
	struct slot_search search = {
		.slot = swp_entry(id >> SLOT_BITS, id & (BIT(SLOT_BITS) - 1)), .visits = &visits,
	};
	struct mm_users users;
	int ret = get_users(&users);

	if (ret)
		return ret;
	do {
		ret = visits.nr >= visits.max ? grow_visits(&visits) : 0;
		if (!ret)
			ret = search_all(&users, &search);
	} while (!ret && visits.nr > visits.max);
	if (!ret)
		show_search(text, &search, &users);
	vfree(visits.visits);
	put_users(&users);
	return ret;
}

/* ---- /proc/rmap: the directory ---- */

static const struct proc_entry slot_entry = {
	.name = "SLOT", .mode = S_IFREG | 0400, .show = slot_show,
};

/* What follows "swap:" in a name: AREA:SLOT, decimal. */
static int lookup_slot(struct inode *dir, struct dentry *dentry, char *name)
{
	char *colon = strchr(name, ':');
	unsigned long type, offset;

	if (!colon)
		return -ENOENT;
	*colon = '\0';
	if (parse_ulong(name, 10, &type) || parse_ulong(colon + 1, 10, &offset) ||
	    type >= MAX_SWAPFILES || offset >> SLOT_BITS)
		return -ENOENT;
	return proc_instantiate(dir, dentry, &slot_entry, NULL,
				PROC_ID_SWAP | type << SLOT_BITS | offset, false);
}

static const struct proc_entry frame_entry = {
	.name = "FRAME", .mode = S_IFREG | 0400, .show = frame_show,
};

static int rmap_dir_lookup(struct inode *dir, struct dentry *dentry)
{
	char name[24];
	unsigned long pfn;

	if (dentry->d_len >= sizeof(name))
		return -ENOENT;
	memcpy(name, dentry->d_name, dentry->d_len);
	name[dentry->d_len] = '\0';
	if (!strncmp(name, "swap:", 5))
		return lookup_slot(dir, dentry, name + 5);
	if (parse_ulong(name, strchr(name, 'x') ? 16 : 10, &pfn) || pfn > MAX_FRAME ||
	    !pfn_to_online_page(pfn))
		return -ENOENT;
	return proc_instantiate(dir, dentry, &frame_entry, NULL, PROC_ID_RMAP | pfn, false);
}

static int rmap_dir_iterate(struct file *file, struct dir_context *ctx)
{
	dir_emit_dots(file, ctx);
	return 0;
}

const struct inode_operations proc_rmap_dir_iops = {
	.lookup = rmap_dir_lookup, .setattr = proc_setattr,
};

const struct file_operations proc_rmap_dir_fops = {
	.iterate = rmap_dir_iterate, .llseek = dir_llseek,
};

/* ---- /proc/PID/anon_vma ---- */

static void show_range(struct proc_text *text, unsigned long start, unsigned long end,
		       pgoff_t pgoff)
{
	text_printf(text, "%lx-%lx pages %lx-%lx", start, end, pgoff,
		    pgoff + ((end - start) >> PAGE_SHIFT) - 1);
}

struct tree_facts {
	const struct anon_vma	*anon_vma, *root, *parent;	/* only to be shown */
	long			refcount;
	unsigned long		children, active;
	unsigned long		shown_at;	/* the area at which the tree is shown */
};

/* The family is locked for reading. A tree is shown once, at the first area of the process in it:
 * the areas of one process in one tree may be very many. */
static void record_tree(struct anon_vma *anon_vma, const struct mm_struct *mm,
			const struct vm_area_struct *vma, struct tree_facts *f, struct visits *v)
{
	struct interval_tree_node *node;
	struct anon_vma_chain *avc;

	*f = (struct tree_facts){
		.anon_vma = anon_vma, .root = anon_vma->root, .parent = anon_vma->parent,
		.refcount = atomic_read(&anon_vma->refcount), .children = anon_vma->num_children,
		.active = anon_vma->num_active_vmas,
	};
	v->nr = 0;
	anon_vma_for_each(avc, node, anon_vma, 0, ~0UL) {
		struct visit visit = visit_of(avc->vma);

		add_visit(v, &visit);
		if (avc->vma->vm_mm == mm && !f->shown_at) {
			f->shown_at = avc->vma->vm_start;
			if (avc->vma != vma)
				break;
		}
	}
}

static void show_tree(struct proc_text *text, const struct vm_area_struct *vma,
		      const struct tree_facts *f, const struct visits *v,
		      const struct mm_users *users)
{
	text_printf(text,
		    "  chain to %lx (%s) root %lx parent %lx refs %ld children %lu active %lu\n",
		    (unsigned long)f->anon_vma, f->anon_vma == vma->anon_vma ? "own" : "inherited",
		    (unsigned long)f->root, (unsigned long)f->parent, f->refcount, f->children,
		    f->active);
	if (f->shown_at != vma->vm_start) {
		text_printf(text, "    tree: see the area at %lx\n", f->shown_at);
		return;
	}
	for (unsigned int i = 0; i < v->nr && !text->failed; i++) {
		const struct visit *visit = &v->visits[i];

		text_printf(text, "    tree: ");
		show_users(text, users, visit->mm);
		text_printf(text, " ");
		show_range(text, visit->start, visit->end, visit->pgoff);
		text_printf(text, "\n");
		cond_resched();
	}
}

/* mmap_lock held. Once an area has an anon_vma its list of chains stands still. 0 or -ENOMEM. */
static int show_chains(struct proc_text *text, struct vm_area_struct *vma, struct visits *v,
		       const struct mm_users *users)
{
	struct anon_vma_chain *avc;
	struct tree_facts facts;

	list_for_each_entry(avc, &vma->anon_vma_chain, same_vma) {
		do {
			if (v->nr >= v->max && grow_visits(v))
				return -ENOMEM;
			anon_vma_lock_read(avc->anon_vma);
			record_tree(avc->anon_vma, vma->vm_mm, vma, &facts, v);
			anon_vma_unlock_read(avc->anon_vma);
		} while (v->nr > v->max);
		show_tree(text, vma, &facts, v, users);
	}
	return 0;
}

static int show_area_chains(struct proc_text *text, struct vm_area_struct *vma, struct visits *v,
			    const struct mm_users *users)
{
	const struct anon_vma *anon_vma = smp_load_acquire(&vma->anon_vma);

	show_range(text, vma->vm_start, vma->vm_end, vma->vm_pgoff);
	if (!anon_vma) {
		text_printf(text, " no anon_vma\n");
		return 0;
	}
	text_printf(text, " anon_vma %lx\n", (unsigned long)anon_vma);
	return show_chains(text, vma, v, users);
}

static int show_process(struct proc_text *text, struct mm_struct *mm, const struct mm_users *users)
{
	struct visits visits = {};
	struct vm_area_struct *vma;
	int ret = down_read_killable(&mm->mmap_lock);

	if (ret)
		return ret;
	for (vma = find_vma(mm, 0); vma && !ret && !text->failed; vma = vma_next(vma)) {
		ret = show_area_chains(text, vma, &visits, users);
		cond_resched();
	}
	up_read(&mm->mmap_lock);
	vfree(visits.visits);
	return ret;
}

/* Addresses of the kernel are for root. */
int proc_pid_anon_vma_show(struct proc_text *text, struct inode *inode)
{
	struct mm_users users;
	struct mm_struct *mm;
	int ret;

	if (current->cred.euid)
		return -EPERM;
	mm = get_task_mm(proc_i(inode)->task);
	if (!mm)
		return 0;
	ret = get_users(&users);
	if (!ret) {
		ret = show_process(text, mm, &users);
		put_users(&users);
	}
	mmput(mm);
	return ret;
}
