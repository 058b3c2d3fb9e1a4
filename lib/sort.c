/* sort.c - heapsort: in place, no recursion, the same cost whatever the input.
 * Holds:  in heap order no element is smaller than its children, those of i being 2i+1 and 2i+2;
 *         so the first is a largest one. */
#include <lib/sort.h>

struct array {
	char	*base;
	size_t	size;
	int	(*cmp)(const void *a, const void *b);
};

static inline char *at(const struct array *a, size_t i)
{
	return a->base + i * a->size;
}

static void swap(const struct array *a, size_t i, size_t j)
{
	char *x = at(a, i), *y = at(a, j), tmp;
	size_t n;

	for (n = 0; n < a->size; n++) {
		tmp = x[n];
		x[n] = y[n];
		y[n] = tmp;
	}
}

/* Element @i of the first @n may be too small for its place: let it sink. */
static void sift_down(const struct array *a, size_t i, size_t n)
{
	size_t child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && a->cmp(at(a, child), at(a, child + 1)) < 0)
			child++;
		if (a->cmp(at(a, i), at(a, child)) >= 0)
			return;
		swap(a, i, child);
		i = child;
	}
}

void sort(void *base, size_t n, size_t size, int (*cmp)(const void *a, const void *b))
{
	struct array a = { base, size, cmp };
	size_t i;

	for (i = n / 2; i-- > 0; )
		sift_down(&a, i, n);
	for (i = n; i-- > 1; ) {		/* the largest of the rest goes to its end */
		swap(&a, 0, i);
		sift_down(&a, 0, i);
	}
}
