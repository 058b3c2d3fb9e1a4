/* slab_test.c - small objects: never shared, all given back, misuse found. */
#include "mm_test.h"

#define NR_CACHES	5
#define MAX_OBJECTS	1500

static const unsigned int sizes[NR_CACHES] = { 8, 24, 100, 700, 4096 };
static struct kmem_cache *test_caches[NR_CACHES];

static int boot_with_caches(void **state)
{
	static const char *const names[NR_CACHES] = { "t8", "t24", "t100", "t700", "t4096" };

	shim_boot();
	for (unsigned int i = 0; i < NR_CACHES; i++)
		test_caches[i] = kmem_cache_create(names[i], sizes[i], i == 3 ? 64 : 8);
	check_take_baseline();
	return 0;
}

static struct slab_stats stats_of(const char *name)
{
	struct slab_stats stats;

	for (unsigned int i = 0; slab_stats(i, &stats); i++)
		if (!strcmp(stats.name, name))
			return stats;
	fail();
	return stats;
}

struct object {
	u8		*mem;
	unsigned int	cache;
	u8		fill;
};

static void random_objects_keep_what_is_written_to_them(void **state)
{
	static struct object objects[MAX_OBJECTS];

	for (unsigned int n = 0; n < 60000; n++) {
		struct object *obj = &objects[random_below(MAX_OBJECTS)];

		shim_set_cpu(random_below(3));
		if (obj->mem) {
			assert_null(memchr_inv(obj->mem, obj->fill, sizes[obj->cache]));
			kmem_cache_free(test_caches[obj->cache], obj->mem);
			obj->mem = NULL;
			continue;
		}
		obj->cache = random_below(10) ? random_below(NR_CACHES - 1) : NR_CACHES - 1;
		obj->fill = n % 100;
		obj->mem = kmem_cache_alloc(test_caches[obj->cache],
					    GFP_KERNEL | (n % 2 ? __GFP_ZERO : 0));
		assert_non_null(obj->mem);
		assert_int_equal((unsigned long)obj->mem % (obj->cache == 3 ? 64 : 8), 0);
		if (n % 2)
			assert_null(memchr_inv(obj->mem, 0, sizes[obj->cache]));
		memset(obj->mem, obj->fill, sizes[obj->cache]);
	}
	for (unsigned int i = 0; i < MAX_OBJECTS; i++) {
		if (objects[i].mem)
			kmem_cache_free(test_caches[objects[i].cache], objects[i].mem);
		objects[i].mem = NULL;
	}
	shim_set_cpu(0);
}

static void statistics_count_what_is_out(void **state)
{
	void *objs[100];
	unsigned long slabs;

	for (unsigned int i = 0; i < 100; i++)
		objs[i] = kmem_cache_alloc(test_caches[2], GFP_KERNEL);
	assert_int_equal(stats_of("t100").active_objs, 100);
	assert_int_equal(stats_of("t100").object_bytes, 100);
	slabs = stats_of("t100").pages;
	assert_in_range(slabs, 3, 4);
	assert_int_equal(stats_of("t100").total_objs, slabs * stats_of("t100").objs_per_slab);
	for (unsigned int i = 0; i < 100; i++)
		kmem_cache_free(test_caches[2], objs[i]);
	assert_int_equal(stats_of("t100").active_objs, 0);
	shim_drain_all();
	assert_int_equal(stats_of("t100").pages, 0);
}

static void kmalloc_serves_every_size(void **state)
{
	assert_null(kmalloc((PAGE_SIZE << MAX_ORDER) + 1, GFP_KERNEL));
	assert_null(kcalloc(1UL << 40, 1UL << 40, GFP_KERNEL));
	kfree(NULL);
	for (size_t bytes = 1; bytes <= 1 << 20; bytes += 1 + bytes / 7) {
		u8 *mem = kzalloc(bytes, GFP_KERNEL);

		assert_non_null(mem);
		assert_null(memchr_inv(mem, 0, bytes));
		memset(mem, 1, bytes);
		kfree(mem);
	}
}

static void without_memory_there_is_null(void **state)
{
	void *objs[64];
	unsigned int nr = 0;

	shim_drain_all();
	fail_nth(1, true);
	assert_null(kmalloc(10000, GFP_KERNEL));
	assert_null(kmem_cache_alloc(test_caches[1], GFP_KERNEL));
	assert_true(fail_stop());
	fail_nth(2, true);	/* the frames of it */
	assert_null(kmalloc(10000, GFP_KERNEL));
	assert_true(fail_stop());
	fail_nth(5, true);
	while ((objs[nr] = kmem_cache_alloc(test_caches[4], GFP_KERNEL)))
		nr++;
	fail_stop();
	assert_in_range(nr, 1, 5);
	while (nr--)
		kmem_cache_free(test_caches[4], objs[nr]);
}

/* An interrupt may come while the processor is at its magazine, so it goes by it. */
static void an_interrupt_has_objects_of_its_own(void **state)
{
	unsigned long before = stats_of("t100").active_objs;
	void *objs[80];

	kmem_cache_free(test_caches[2], kmem_cache_alloc(test_caches[2], GFP_KERNEL));
	shim_this_cpu->irq_depth++;
	local_irq_disable();
	for (unsigned int i = 0; i < ARRAY_SIZE(objs); i++) {
		objs[i] = kmem_cache_alloc(test_caches[2], GFP_NOWAIT);
		assert_non_null(objs[i]);
		memset(objs[i], i, 100);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(objs); i++) {
		assert_int_equal(((u8 *)objs[i])[99], i);
		kmem_cache_free(test_caches[2], objs[i]);
	}
	local_irq_enable();
	shim_this_cpu->irq_depth--;
	assert_int_equal(stats_of("t100").active_objs, before);
}

/* --- misuse --- */

static void write_after_free(void *arg)
{
	u8 *obj = kmem_cache_alloc(test_caches[2], GFP_KERNEL);

	kmem_cache_free(test_caches[2], obj);
	obj[50] = 1;
	kmem_cache_alloc(test_caches[2], GFP_KERNEL);
}

static void free_twice(void *arg)
{
	void *obj = kmem_cache_alloc(test_caches[2], GFP_KERNEL | __GFP_ZERO);

	kmem_cache_free(test_caches[2], obj);
	kmem_cache_free(test_caches[2], obj);
}

static void free_to_another_cache(void *arg)
{
	kmem_cache_free(test_caches[1], kmem_cache_alloc(test_caches[2], GFP_KERNEL));
}

static void misuse_of_objects_panics(void **state)
{
	if (!CONFIG_DEBUG)
		skip();
	assert_true(shim_panics(write_after_free, NULL,
				"was written after it was freed, at offset 50"));
	assert_true(shim_panics(free_twice, NULL, "freed twice"));
	assert_true(shim_panics(free_to_another_cache, NULL, "assertion failed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(random_objects_keep_what_is_written_to_them),
		MM_TEST(statistics_count_what_is_out),
		MM_TEST(kmalloc_serves_every_size),
		MM_TEST(without_memory_there_is_null),
		MM_TEST(an_interrupt_has_objects_of_its_own),
		MM_TEST(misuse_of_objects_panics),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, boot_with_caches, NULL);
}
