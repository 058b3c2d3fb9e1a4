/* tsan.c - what ThreadSanitizer is not to report, and why. In other builds nobody asks. */
const char *__tsan_default_suppressions(void);

/* vma_dup copies an area whole. The area's place in i_mmap may change meanwhile, as that tree has
 * another lock, but the copy's place is written anew before anybody looks at it. */
const char *__tsan_default_suppressions(void)
{
	return "race:vma_dup\n";
}
