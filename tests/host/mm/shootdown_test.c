/* shootdown_test.c - arch's tlb.c as it is, on processors that are a CR3 and a word of what they
 * were asked to forget. Everywhere else in these tests shim/mmu.c takes its place. The interrupt of
 * a flush comes at once where interrupts are on, or at the worst moment: between two instructions
 * of whoever reads and loads CR3. */
#include "mm_test.h"

#include <asm/percpu.h>
#include <asm/processor.h>
#include <proc/task.h>

#define CR4_PGE 0x80UL

static struct processor {
	unsigned long cr3, cr4;
	unsigned int loads, pages; /* of CR3; single ones forgotten */
	bool asked; /* the interrupt is under way */
} processors[NR_CPUS];
static unsigned int nr_sent;

static struct processor *here(void)
{
	return &processors[smp_processor_id()];
}

static void interrupt_comes(void);

static unsigned long test_read_cr3(void)
{
	unsigned long cr3 = here()->cr3;

	interrupt_comes();
	return cr3;
}

static void test_write_cr3(unsigned long cr3)
{
	here()->cr3 = cr3;
	here()->loads++;
}

static unsigned long read_cr4(void)
{
	return here()->cr4;
}

static void write_cr4(unsigned long cr4)
{
	if ((here()->cr4 ^ cr4) & CR4_PGE)
		here()->loads++;
	here()->cr4 = cr4;
}

static void invlpg(unsigned long addr)
{
	here()->pages++;
}

/* Not those of the shim. */
#define read_cr3	       test_read_cr3
#define write_cr3	       test_write_cr3
#define switch_mm	       test_switch_mm
#define tlb_answer	       test_tlb_answer
#define flush_tlb_mm_range     test_flush_tlb_mm_range
#define flush_tlb_mm	       test_flush_tlb_mm
#define flush_tlb_cpus	       test_flush_tlb_cpus
#define flush_tlb_page_local   test_flush_tlb_page_local
#define flush_tlb_kernel_range test_flush_tlb_kernel_range
#define synchronize_processors test_synchronize_processors
void test_switch_mm(struct mm_struct *prev, struct mm_struct *next);
void test_tlb_answer(void);
void test_flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			     bool freed_tables);
void test_flush_tlb_mm(struct mm_struct *mm);
void test_flush_tlb_cpus(unsigned long mask);
void test_flush_tlb_page_local(unsigned long addr);
void test_flush_tlb_kernel_range(unsigned long start, unsigned long end);
void test_synchronize_processors(void);
#include "../../../kernel/arch/x86_64/tlb.c"

static void interrupt_comes(void)
{
	if (!here()->asked || irqs_disabled())
		return;
	here()->asked = false;
	local_irq_disable();
	tlb_answer();
	local_irq_enable();
}

void apic_send_ipi(u32 apic_id, unsigned int vector)
{
	unsigned int sender = smp_processor_id();

	ASSERT(vector == VECTOR_TLB);
	nr_sent++;
	processors[apic_id].asked = true;
	shim_this_cpu = &cpu_locals[apic_id];
	interrupt_comes();
	shim_this_cpu = &cpu_locals[sender];
}

/* --- tests --- */

static struct mm_struct *mm, *other;
static struct task_struct user, kthread = { .flags = PF_KTHREAD };

static void runs(unsigned int cpu, struct task_struct *task, struct mm_struct *space)
{
	shim_set_cpu(cpu);
	this_cpu()->current_task = task;
	switch_mm(NULL, space);
	shim_set_cpu(0);
}

static void prepare(void)
{
	mm = shim_mm_new();
	other = shim_mm_new();
	user.mm = mm;
	memset(processors, 0, sizeof(processors));
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		cpu_locals[cpu].apic_id = cpu;
		cpu_locals[cpu].loaded_mm = NULL;
		processors[cpu].cr4 = CR4_PGE;
		runs(cpu, &kthread, &init_mm);
	}
	runs(0, &user, mm);
	runs(1, &user, mm);
	runs(2, &kthread, mm); /* lazily */
	runs(3, &user, other);
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		processors[cpu].loads = 0;
	nr_sent = 0;
}

/* Each processor has the tables of the mm that it says, and is in that one's mask only. */
static void all_agree(void)
{
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		struct mm_struct *loaded = cpu_locals[cpu].loaded_mm;

		assert_int_equal(processors[cpu].cr3, virt_to_phys(loaded->pgd));
		assert_int_equal(!!(mm->cpu_mask & BIT(cpu)), loaded == mm);
		assert_int_equal(!!(other->cpu_mask & BIT(cpu)), loaded == other);
	}
}

static void end(void)
{
	all_agree();
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		runs(cpu, &kthread, &init_mm);
	shim_mm_exit(mm);
	shim_mm_exit(other);
}

static void a_flush_reaches_exactly_those_who_have_the_mm(void **state)
{
	prepare();
	flush_tlb_page(mm, BASE);
	flush_tlb_mm_range(mm, BASE, BASE + 3 * PAGE_SIZE, false);
	assert_int_equal(processors[0].pages, 4);
	assert_int_equal(processors[1].pages, 4);
	assert_int_equal(processors[3].pages + processors[3].loads, 0);
	flush_tlb_mm(mm);
	assert_int_equal(processors[0].loads, 1);
	assert_int_equal(processors[1].loads, 1);
	assert_int_equal(processors[3].loads, 0);
	end();
}

static void a_lazy_processor_leaves_and_is_asked_once(void **state)
{
	prepare();
	flush_tlb_mm(mm);
	assert_int_equal(nr_sent, 2);
	assert_ptr_equal(cpu_locals[2].loaded_mm, &init_mm);
	flush_tlb_mm(mm);
	assert_int_equal(nr_sent, 3);
	end();
}

static void a_flush_of_processors_takes_them_all_but_those_without_user_memory(void **state)
{
	prepare();
	flush_tlb_cpus(BIT(0) | BIT(3) | BIT(5));
	assert_int_equal(nr_sent, 2);
	assert_int_equal(processors[0].loads, 1);
	assert_int_equal(processors[1].loads, 0);
	assert_int_equal(processors[3].loads, 1);
	assert_int_equal(processors[5].loads, 0);
	flush_tlb_kernel_range(VMALLOC_START, VMALLOC_START + 100 * PAGE_SIZE);
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		assert_true(processors[cpu].loads >= 2 && processors[cpu].cr4 == CR4_PGE);
	end();
}

/* Processor 2 runs kswapd on a borrowed mm and flushes what it has put off, itself among others; a
 * thread of that mm flushes at the same time. */
static void a_question_that_comes_while_cr3_is_loaded_again_is_not_undone(void **state)
{
	prepare();
	processors[2].asked = true;
	request.mm = mm;
	request.start = BASE;
	request.end = BASE + PAGE_SIZE;
	request.waiting = BIT(2);
	shim_set_cpu(2);
	flush_tlb_cpus(BIT(2));
	interrupt_comes(); /* at last, if it has not */
	shim_set_cpu(0);
	assert_int_equal(request.waiting, 0);
	assert_ptr_equal(cpu_locals[2].loaded_mm, &init_mm);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(a_flush_reaches_exactly_those_who_have_the_mm),
		MM_TEST(a_lazy_processor_leaves_and_is_asked_once),
		MM_TEST(a_flush_of_processors_takes_them_all_but_those_without_user_memory),
		MM_TEST(a_question_that_comes_while_cr3_is_loaded_again_is_not_undone),
	};

	return RUN_MM_TESTS(tests);
}
