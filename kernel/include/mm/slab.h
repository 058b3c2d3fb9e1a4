/* slab.h - small kernel objects. */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <mm/page_alloc.h>

struct kmem_cache;

/* @size, @align in bytes. Only at start-up: panics without memory. */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align);
/* A cache whose free objects stay of this kind: their memory is zero at first, is not poisoned, and
 * goes back to the frames only after every processor has had its interrupts on. So with interrupts
 * off a stale pointer may be followed, to learn whether the object still is what it was. */
struct kmem_cache *kmem_cache_create_typesafe(const char *name, size_t size, size_t align);
/* NULL: no memory; honours __GFP_ZERO */
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *obj);

/* Any size up to 4 MiB; kfree(NULL) is allowed. Sizes over a page are whole blocks of frames. */
void *kmalloc(size_t bytes, gfp_t gfp);
void *kzalloc(size_t bytes, gfp_t gfp);
void *kcalloc(size_t n, size_t bytes, gfp_t gfp);	/* NULL too if n * bytes overflows */
void kfree(const void *obj);
char *kstrdup(const char *s, gfp_t gfp);

struct slab_stats {
	const char	*name;
	unsigned long	active_objs, total_objs, pages;	/* pages: frames */
	unsigned int	object_bytes, objs_per_slab, pages_per_slab;
};

/* Statistics of the @nth cache, false past the last. */
bool slab_stats(unsigned int nth, struct slab_stats *stats);
unsigned long slab_total_pages(void);

#endif
