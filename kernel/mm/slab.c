/* slab.c - small objects in slabs of one frame each, after Bonwick's slab allocator, with a
 * magazine of free objects per processor in front.
 * Holds:  a slab's first free object is page->slab_free, each free one's first word names the next;
 *         slab_inuse counts the others, those in magazines included. A slab with a free object is
 *         on the partial list. At most MAX_EMPTY empty slabs are kept per cache.
 * Locks:  cache->lock for slabs and lists. A magazine belongs to its processor, outside interrupts.
 * Read:   page_alloc.c for the frames below. */
#include <mm/slab.h>

#include <lib/string.h>
#include <asm/percpu.h>
#include <asm/tlb.h>
#include <debug/assert.h>
#include <mm/internal.h>
#include <mm/verify.h>

#define MAGAZINE_SIZE	31	/* with their number 256 bytes: found by a shift */
#define MAX_EMPTY	4	/* slabs without an object out that a cache keeps */
#define KMALLOC_MAX	2048UL	/* larger ones are whole frames */
#define POISON_FREED	0x6b
#define POISON_INUSE	0x5a	/* handed out, not written yet */

struct magazine {
	unsigned int	nr;
	void		*objs[MAGAZINE_SIZE];
};

struct kmem_cache {
	const char		*name;		/* [c] */
	unsigned int		size;		/* [c] bytes from object to object */
	unsigned int		object_bytes;	/* [c] as asked for */
	unsigned int		per_slab;	/* [c] */
	bool			typesafe;	/* [c] see kmem_cache_create_typesafe */
	spinlock_t		lock;		/* RANK_SLAB */
	/* [lock] slabs with a free object, the fullest first */
	struct list_head	partial;
	unsigned long		nr_slabs;	/* [lock] */
	unsigned long		nr_inuse;	/* [lock] objects outside slabs */
	unsigned int		nr_empty;	/* [lock] slabs without one outside */
	struct list_head	node;		/* in caches */
	struct magazine		magazines[NR_CPUS]; /* [this processor] */
};

static LIST_HEAD(caches);		/* made at start-up only */
static struct kmem_cache cache_cache = { .name = "kmem_cache" };

static const unsigned int kmalloc_sizes[] = { 16, 32, 64, 96, 128, 192, 256, 384, 512, 1024, 2048 };
static struct kmem_cache *kmalloc_caches[ARRAY_SIZE(kmalloc_sizes)];
static const char *const kmalloc_names[] = {
	"kmalloc-16", "kmalloc-32", "kmalloc-64", "kmalloc-96", "kmalloc-128", "kmalloc-192",
	"kmalloc-256", "kmalloc-384", "kmalloc-512", "kmalloc-1k", "kmalloc-2k",
};
BUILD_ASSERT(ARRAY_SIZE(kmalloc_names) == ARRAY_SIZE(kmalloc_sizes));

/* --- poison: the bytes behind the link word of a free object --- */

static void poison_object(struct kmem_cache *cache, void *obj)
{
	size_t bytes = cache->size - sizeof(void *);

	if (!memchr_inv(obj + sizeof(void *), POISON_FREED, bytes))
		panic("%s: object %p freed twice", cache->name, obj);
	memset(obj, POISON_FREED, cache->size);
}

static void check_object(struct kmem_cache *cache, void *obj)
{
	const u8 *bad =
		memchr_inv(obj + sizeof(void *), POISON_FREED, cache->size - sizeof(void *));

	if (bad)
		panic("%s: object %p was written after it was freed, at offset %ld: %02x",
		      cache->name, obj, (long)((void *)bad - obj), *bad);
	memset(obj, POISON_INUSE, cache->size);
}

/* --- slabs; cache->lock held --- */

static void slab_add(struct kmem_cache *cache, struct page *page)
{
	void *base = page_address(page), *first = NULL;
	const size_t size = cache->size;

	page_init_flags(page, page->flags | BIT(PG_slab));
	page->slab_cache = cache;
	page->slab_inuse = 0;
	for (void *obj = base + (cache->per_slab - 1) * size; obj >= base; obj -= size) {
		if (CONFIG_DEBUG && !cache->typesafe)
			memset(obj, POISON_FREED, size);
		*(void **)obj = first;
		first = obj;
	}
	page->slab_free = first;
	list_add_tail(&page->slab_node, &cache->partial);
	cache->nr_slabs++;
	cache->nr_empty++;
}

/* Up to @want objects of the first slab that has any; how many. */
static unsigned int slab_take(struct kmem_cache *cache, void **objs, unsigned int want)
{
	unsigned int nr = 0;
	struct page *page;
	void *obj;

	if (list_empty(&cache->partial))
		return 0;
	page = list_first_entry(&cache->partial, struct page, slab_node);
	for (obj = page->slab_free; obj && nr < want; obj = *(void **)obj)
		objs[nr++] = obj;
	page->slab_free = obj;
	if (!obj)
		list_del(&page->slab_node);
	if (!page->slab_inuse)
		cache->nr_empty--;
	page->slab_inuse += nr;
	cache->nr_inuse += nr;
	return nr;
}

/* Returns the slab when it should be given back: it is empty, and enough others are. */
static struct page *slab_put(struct kmem_cache *cache, void *obj)
{
	struct page *page = virt_to_page(obj);

	if (!page->slab_free)
		list_add(&page->slab_node, &cache->partial);
	*(void **)obj = page->slab_free;
	page->slab_free = obj;
	cache->nr_inuse--;
	if (--page->slab_inuse)
		return NULL;
	if (cache->nr_empty >= MAX_EMPTY && !cache->typesafe) {
		list_del(&page->slab_node);
		cache->nr_slabs--;
		return page;
	}
	cache->nr_empty++;
	list_move_tail(&page->slab_node, &cache->partial);
	return NULL;
}

static void slab_release(struct page *page)
{
	if (!page)
		return;
	page_init_flags(page, page->flags & ~BIT(PG_slab));
	page->mapping = NULL;
	put_page(page);
}

/* --- between slabs and magazines --- */

/* One object from the slabs, a new slab if need be. */
static void *cache_take(struct kmem_cache *cache, gfp_t gfp)
{
	for (;;) {
		unsigned long flags = spin_lock_irqsave(&cache->lock);
		void *obj;
		unsigned int nr = slab_take(cache, &obj, 1);
		struct page *page;

		spin_unlock_irqrestore(&cache->lock, flags);
		if (nr)
			return obj;
		page = alloc_pages(cache->typesafe ? gfp | __GFP_ZERO : gfp & ~__GFP_ZERO, 0);
		if (!page)
			return NULL;
		flags = spin_lock_irqsave(&cache->lock);
		slab_add(cache, page);
		spin_unlock_irqrestore(&cache->lock, flags);
	}
}

static void cache_put(struct kmem_cache *cache, void *obj)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	struct page *empty = slab_put(cache, obj);

	spin_unlock_irqrestore(&cache->lock, flags);
	slab_release(empty);
}

/* Fill half of an empty magazine as far as slabs have objects. */
static void magazine_refill(struct kmem_cache *cache, struct magazine *mag)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);

	unsigned int nr;

	do {
		nr = slab_take(cache, mag->objs + mag->nr, MAGAZINE_SIZE / 2 - mag->nr);
		mag->nr += nr;
	} while (nr && mag->nr < MAGAZINE_SIZE / 2);
	spin_unlock_irqrestore(&cache->lock, flags);
}

static void magazine_drain(struct kmem_cache *cache, struct magazine *mag, unsigned int nr)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	struct page *page, *next;
	LIST_HEAD(empty);

	while (nr--) {
		page = slab_put(cache, mag->objs[--mag->nr]);
		if (page)
			list_add(&page->slab_node, &empty);
	}
	spin_unlock_irqrestore(&cache->lock, flags);
	list_for_each_entry_safe(page, next, &empty, slab_node)
		slab_release(page);
}

/* What is done to an object on its way out. */
static inline void *hand_out(struct kmem_cache *cache, void *obj, gfp_t gfp)
{
	if (CONFIG_DEBUG && !cache->typesafe)
		check_object(cache, obj);
	return gfp & __GFP_ZERO ? memset(obj, 0, cache->object_bytes) : obj;
}

/* The magazine is empty, or an interrupt's must not be touched. */
static __noinline void *alloc_slow(struct kmem_cache *cache, struct magazine *mag, gfp_t gfp)
{
	void *obj;

	if (!in_interrupt()) {
		magazine_refill(cache, mag);
		if (mag->nr)
			return hand_out(cache, mag->objs[--mag->nr], gfp);
	}
	obj = cache_take(cache, gfp);
	return obj ? hand_out(cache, obj, gfp) : NULL;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	struct magazine *mag = &cache->magazines[smp_processor_id()];

	if (unlikely(in_interrupt() || !mag->nr))
		return alloc_slow(cache, mag, gfp);
	return hand_out(cache, mag->objs[--mag->nr], gfp);
}

/* The magazine is full, or an interrupt's must not be touched. */
static __noinline void free_slow(struct kmem_cache *cache, struct magazine *mag, void *obj)
{
	if (in_interrupt()) {
		cache_put(cache, obj);
		return;
	}
	magazine_drain(cache, mag, MAGAZINE_SIZE / 2);
	mag->objs[mag->nr++] = obj;
}

void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	struct magazine *mag = &cache->magazines[smp_processor_id()];

	DEBUG_ASSERT(virt_to_page(obj)->slab_cache == cache);
	if (CONFIG_DEBUG && !cache->typesafe)
		poison_object(cache, obj);
	if (unlikely(in_interrupt() || mag->nr == MAGAZINE_SIZE))
		free_slow(cache, mag, obj);
	else
		mag->objs[mag->nr++] = obj;
}

/* Take the next empty slab, which are last in the list, out of @cache; NULL: there is none. */
static struct page *take_empty(struct kmem_cache *cache)
{
	unsigned long flags = spin_lock_irqsave(&cache->lock);
	struct page *page = NULL;

	if (cache->nr_empty) {
		page = list_last_entry(&cache->partial, struct page, slab_node);
		ASSERT(!page->slab_inuse);
		list_del(&page->slab_node);
		cache->nr_slabs--;
		cache->nr_empty--;
	}
	spin_unlock_irqrestore(&cache->lock, flags);
	return page;
}

/* Give back the empty slabs that a cache keeps. */
static void cache_shrink(struct kmem_cache *cache)
{
	struct page *page, *next;
	LIST_HEAD(empty);

	while ((page = take_empty(cache)))
		list_add(&page->slab_node, &empty);
	if (cache->typesafe && !list_empty(&empty))
		synchronize_processors();
	list_for_each_entry_safe(page, next, &empty, slab_node)
		slab_release(page);
}

void kmem_cache_drain_local(void)
{
	struct kmem_cache *cache;

	list_for_each_entry(cache, &caches, node) {
		struct magazine *mag = &cache->magazines[smp_processor_id()];

		magazine_drain(cache, mag, mag->nr);
		cache_shrink(cache);
	}
}

/* --- making caches --- */

static void cache_init(struct kmem_cache *cache, size_t size, size_t align)
{
	cache->object_bytes = size;
	cache->size = ALIGN_UP(max(size, 2 * sizeof(void *)), max(align, sizeof(void *)));
	cache->per_slab = PAGE_SIZE / cache->size;
	ASSERT(cache->per_slab);
	spin_lock_init(&cache->lock, RANK_SLAB);
	INIT_LIST_HEAD(&cache->partial);
	list_add_tail(&cache->node, &caches);
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
	struct kmem_cache *cache = kmem_cache_alloc(&cache_cache, GFP_NOWAIT | __GFP_ZERO);

	if (!cache)
		panic("no memory for the cache of %s", name);
	cache->name = name;
	cache_init(cache, size, align);
	return cache;
}

struct kmem_cache *kmem_cache_create_typesafe(const char *name, size_t size, size_t align)
{
	struct kmem_cache *cache = kmem_cache_create(name, size, align);

	cache->typesafe = true;
	return cache;
}

void slab_init(void)
{
	cache_init(&cache_cache, sizeof(struct kmem_cache), 64);
	for (unsigned int i = 0; i < ARRAY_SIZE(kmalloc_sizes); i++)
		kmalloc_caches[i] = kmem_cache_create(kmalloc_names[i], kmalloc_sizes[i],
						      kmalloc_sizes[i] % 64 ? 8 : 64);
}

/* --- any size --- */

static unsigned int size_order(size_t bytes)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

static void *kmalloc_large(size_t bytes, gfp_t gfp)
{
	unsigned int order = size_order(bytes);
	struct page *page = alloc_pages(gfp, order);

	if (!page)
		return NULL;
	page->order = order;
	return page_address(page);
}

void *kmalloc(size_t bytes, gfp_t gfp)
{
	if (bytes > KMALLOC_MAX)
		return bytes > PAGE_SIZE << MAX_ORDER ? NULL : kmalloc_large(bytes, gfp);
	for (unsigned int i = 0;; i++)
		if (bytes <= kmalloc_sizes[i])
			return kmem_cache_alloc(kmalloc_caches[i], gfp);
}

void *kzalloc(size_t bytes, gfp_t gfp)
{
	return kmalloc(bytes, gfp | __GFP_ZERO);
}

void *kcalloc(size_t n, size_t bytes, gfp_t gfp)
{
	size_t total;

	return __builtin_mul_overflow(n, bytes, &total) ? NULL : kzalloc(total, gfp);
}

void kfree(const void *obj)
{
	struct page *page;

	if (!obj)
		return;
	page = virt_to_page(obj);
	if (page->flags & BIT(PG_slab)) {
		kmem_cache_free(page->slab_cache, (void *)obj);
		return;
	}
	ASSERT(!offset_in_page(obj));
	free_pages(page, page->order);
}

char *kstrdup(const char *s, gfp_t gfp)
{
	size_t bytes = strlen(s) + 1;
	char *copy = kmalloc(bytes, gfp);

	return copy ? memcpy(copy, s, bytes) : NULL;
}

bool slab_stats(unsigned int nth, struct slab_stats *stats)
{
	struct kmem_cache *cache;

	list_for_each_entry(cache, &caches, node) {
		unsigned long spare = 0;

		if (nth--)
			continue;
		for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
			spare += READ_ONCE(cache->magazines[cpu].nr);
		*stats = (struct slab_stats){
			.name = cache->name,
			.active_objs = cache->nr_inuse - min(spare, cache->nr_inuse),
			.total_objs = cache->nr_slabs * cache->per_slab,
			.pages = cache->nr_slabs,
			.object_bytes = cache->object_bytes,
			.objs_per_slab = cache->per_slab,
			.pages_per_slab = 1,
		};
		return true;
	}
	return false;
}

unsigned long slab_total_pages(void)
{
	struct kmem_cache *cache;
	unsigned long pages = 0;

	list_for_each_entry(cache, &caches, node)
		pages += READ_ONCE(cache->nr_slabs);
	return pages;
}

/* --- verification --- */

/* Free objects in @page's list, which may be damaged. */
static unsigned int slab_count_free(const struct kmem_cache *cache, struct page *page)
{
	unsigned int nr = 0;

	for (void *obj = page->slab_free; obj; obj = *(void **)obj) {
		unsigned long offset = (unsigned long)obj - (unsigned long)page_address(page);

		if (offset >= PAGE_SIZE || offset % cache->size || nr++ > cache->per_slab) {
			verify_fail("slab %s: frame %#lx has a damaged list of free objects",
				    cache->name, page_to_pfn(page));
			break;
		}
	}
	return nr;
}

static void cache_verify(struct kmem_cache *cache)
{
	unsigned long slabs = 0, empty = 0, nr_free = 0;
	struct page *page;

	list_for_each_entry(page, &cache->partial, slab_node) {
		unsigned int nr = slab_count_free(cache, page);

		if (!page_flag(page, PG_slab) || page->slab_cache != cache ||
		    nr + page->slab_inuse != cache->per_slab || !nr)
			verify_fail("slab %s: frame %#lx has %u free objects and %u in use, not %u",
				    cache->name, page_to_pfn(page), nr, page->slab_inuse,
				    cache->per_slab);
		nr_free += nr;
		empty += !page->slab_inuse;
		if (++slabs > cache->nr_slabs)
			break;
	}
	if (slabs > cache->nr_slabs || empty != cache->nr_empty ||
	    nr_free + cache->nr_inuse != cache->nr_slabs * cache->per_slab)
		verify_fail("slab %s: %lu partial of %lu slabs, %lu empty (counted %u), "
			    "%lu free objects, %lu in use",
			    cache->name, slabs, cache->nr_slabs, empty, cache->nr_empty, nr_free,
			    cache->nr_inuse);
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		const struct magazine *mag = &cache->magazines[cpu];

		for (unsigned int i = 0; i < mag->nr; i++)
			if (virt_to_page(mag->objs[i])->slab_cache != cache)
				verify_fail("slab %s: processor %u has an object of another cache",
					    cache->name, cpu);
	}
}

void slab_verify(void)
{
	struct kmem_cache *cache;

	list_for_each_entry(cache, &caches, node)
		cache_verify(cache);
}
