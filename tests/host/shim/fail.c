/* fail.c - the allocators' doubles, put in front of them by the linker (--wrap), which fail on
 * demand. */
#include "fail.h"

#include <mm/page_alloc.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#include "os.h"

static unsigned long left;		/* allocations until the one that fails; 0: none does */
static bool fail_all, failed;
bool fail_nowait_frames;

void fail_nth(unsigned long nth, bool all)
{
	left = nth;
	fail_all = all;
	failed = false;
}

bool fail_stop(void)
{
	left = 0;
	fail_all = false;
	return failed;
}

static bool fails(void)
{
	if (!left)
		return failed && fail_all;
	if (--left)
		return false;
	failed = true;
	return true;
}

struct page *__real_alloc_pages(gfp_t gfp, unsigned int order);
struct page *__wrap_alloc_pages(gfp_t gfp, unsigned int order);
void *__real_get_free_page(gfp_t gfp);
void *__wrap_get_free_page(gfp_t gfp);
void *__real_kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void *__wrap_kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void *__real_kmalloc(size_t bytes, gfp_t gfp);
void *__wrap_kmalloc(size_t bytes, gfp_t gfp);

struct page *__wrap_alloc_pages(gfp_t gfp, unsigned int order)
{
	if (fail_nowait_frames && !(gfp & __GFP_RECLAIM))
		return NULL;
	return fails() ? NULL : __real_alloc_pages(gfp, order);
}

void *__wrap_get_free_page(gfp_t gfp)
{
	return fails() ? NULL : __real_get_free_page(gfp);
}

void *__wrap_kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return fails() ? NULL : __real_kmem_cache_alloc(cache, gfp);
}

void *__wrap_kmalloc(size_t bytes, gfp_t gfp)
{
	return fails() ? NULL : __real_kmalloc(bytes, gfp);
}

/* The kernel's own ranges exist in its tables only: nobody can go there. */
void *__wrap_vmalloc(size_t bytes);
void __wrap_vfree(const void *addr);

void *__wrap_vmalloc(size_t bytes)
{
	return fails() ? NULL : os_alloc(bytes);
}

void __wrap_vfree(const void *addr)
{
	os_free((void *)addr);
}
