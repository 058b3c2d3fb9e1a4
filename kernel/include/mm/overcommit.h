/* overcommit.h - memory that has been promised: what may come to need frames or swap of its own. */
#ifndef MM_OVERCOMMIT_H
#define MM_OVERCOMMIT_H

struct address_space;

/* vm.overcommit_memory: refuse a single request for more than all memory and swap; nothing; or what
 * is beyond vm_commit_limit(). */
#define OVERCOMMIT_GUESS	0
#define OVERCOMMIT_ALWAYS	1
#define OVERCOMMIT_NEVER	2
extern unsigned int vm_overcommit_memory;
extern unsigned int vm_overcommit_ratio;	/* percent of memory; means nothing if there are */
extern unsigned long vm_overcommit_kbytes;	/* ... KiB instead; 0: there are not */
extern unsigned long vm_admin_reserve_kbytes;	/* kept for root */
extern unsigned long vm_user_reserve_kbytes;	/* kept from each process for others, at most */

void overcommit_init(void);		/* the reserves; frames are free */

unsigned long vm_commit_limit(void);	/* pages */
unsigned long vm_committed(void);	/* pages promised at this moment */

/* Promise @pages more: 0; -ENOMEM, and nothing is promised. Does not sleep. */
int vm_acct_memory(unsigned long pages);
/* The same where @replaced pages, promised before, are given back at once when it succeeds. */
int vm_acct_replacing(unsigned long pages, unsigned long replaced);
void vm_unacct_memory(unsigned long pages);

/* A new tmpfs file: promise all its @bytes now, and not each page when it is made. 0 or -ENOMEM. */
int shmem_reserve(struct address_space *mapping, unsigned long bytes);
void shmem_unreserve(struct address_space *mapping);	/* it is being freed */
unsigned long vm_reserved(void);	/* pages of all such files; for verification */

#endif
