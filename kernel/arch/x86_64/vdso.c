/* vdso.c - the frames of the vDSO: a copy of its file, and the page that it reads.
 * Holds:  the frames are made once and never freed. User mode cannot write to them: the area has no
 *         VM_MAYWRITE.
 * Read:   kernel/vdso/README.md; mm/special.c, which maps them. */
#include <asm/vdso.h>

#include <lib/string.h>
#include <asm/processor.h>
#include <debug/assert.h>
#include <mm/page.h>
#include <mm/page_alloc.h>
#include <mm/special.h>

extern const char vdso_image[], vdso_image_end[];

static struct page *pages[2];

const struct special_mapping vdso_mapping = {
	.name = "[vdso]",
	.pages = pages,
	.nr = ARRAY_SIZE(pages),
};

void vdso_init(void)
{
	struct vdso_data *data;

	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = alloc_pages(GFP_KERNEL | __GFP_ZERO, 0);
		if (!pages[i])
			panic("no memory for the vDSO");
	}
	ASSERT(vdso_image_end - vdso_image <= (long)PAGE_SIZE);
	memcpy(page_address(pages[0]), vdso_image, vdso_image_end - vdso_image);
	data = page_address(pages[1]);
	data->rdtscp = cpu_features.rdtscp;
	timekeeping_export(data);
}
