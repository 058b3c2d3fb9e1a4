/* cpuinfo.c - a processor in words: what CPUID says, in the form that /proc/cpuinfo has. */
#include <asm/cpuinfo.h>

#include <asm/percpu.h>
#include <asm/processor.h>
#include <lib/printf.h>
#include <lib/string.h>

#define LEAF_FEATURES	1
#define LEAF_FEATURES7	7
#define LEAF_EXTENDED	0x80000000u
#define LEAF_EXT_FEATURES 0x80000001u
#define LEAF_BRAND	0x80000002u	/* and the next two */
#define LEAF_ADDRESSES	0x80000008u

enum feature_word { W1_EDX, W1_ECX, WEXT_EDX, WEXT_ECX, W7_EBX, NR_WORDS };

static const struct {
	enum feature_word	word;
	unsigned int		bit;
	const char		*name;
} features[] = {
	{ W1_EDX, 0, "fpu" }, { W1_EDX, 1, "vme" }, { W1_EDX, 2, "de" }, { W1_EDX, 3, "pse" },
	{ W1_EDX, 4, "tsc" }, { W1_EDX, 5, "msr" }, { W1_EDX, 6, "pae" }, { W1_EDX, 7, "mce" },
	{ W1_EDX, 8, "cx8" }, { W1_EDX, 9, "apic" }, { W1_EDX, 11, "sep" }, { W1_EDX, 12, "mtrr" },
	{ W1_EDX, 13, "pge" }, { W1_EDX, 14, "mca" }, { W1_EDX, 15, "cmov" }, { W1_EDX, 16, "pat" },
	{ W1_EDX, 17, "pse36" }, { W1_EDX, 19, "clflush" }, { W1_EDX, 23, "mmx" },
	{ W1_EDX, 24, "fxsr" }, { W1_EDX, 25, "sse" }, { W1_EDX, 26, "sse2" }, { W1_EDX, 28, "ht" },
	{ WEXT_EDX, 11, "syscall" }, { WEXT_EDX, 20, "nx" }, { WEXT_EDX, 26, "pdpe1gb" },
	{ WEXT_EDX, 27, "rdtscp" }, { WEXT_EDX, 29, "lm" }, { W1_ECX, 0, "pni" },
	{ W1_ECX, 1, "pclmulqdq" }, { W1_ECX, 9, "ssse3" }, { W1_ECX, 12, "fma" },
	{ W1_ECX, 13, "cx16" }, { W1_ECX, 17, "pcid" }, { W1_ECX, 19, "sse4_1" },
	{ W1_ECX, 20, "sse4_2" }, { W1_ECX, 21, "x2apic" }, { W1_ECX, 22, "movbe" },
	{ W1_ECX, 23, "popcnt" }, { W1_ECX, 25, "aes" }, { W1_ECX, 26, "xsave" },
	{ W1_ECX, 28, "avx" }, { W1_ECX, 29, "f16c" }, { W1_ECX, 30, "rdrand" },
	{ W1_ECX, 31, "hypervisor" }, { WEXT_ECX, 0, "lahf_lm" }, { WEXT_ECX, 5, "abm" },
	{ WEXT_ECX, 6, "sse4a" }, { W7_EBX, 0, "fsgsbase" }, { W7_EBX, 3, "bmi1" },
	{ W7_EBX, 5, "avx2" }, { W7_EBX, 7, "smep" }, { W7_EBX, 8, "bmi2" }, { W7_EBX, 9, "erms" },
	{ W7_EBX, 10, "invpcid" }, { W7_EBX, 16, "avx512f" }, { W7_EBX, 18, "rdseed" },
	{ W7_EBX, 19, "adx" }, { W7_EBX, 20, "smap" }, { W7_EBX, 29, "sha_ni" },
};

static void read_features(u32 *words)
{
	struct cpuid_regs r = cpuid(LEAF_FEATURES, 0);

	words[W1_EDX] = r.edx;
	words[W1_ECX] = r.ecx;
	r = cpuid(LEAF_EXT_FEATURES, 0);
	words[WEXT_EDX] = r.edx;
	words[WEXT_ECX] = r.ecx;
	words[W7_EBX] = cpuid(0, 0).eax >= LEAF_FEATURES7 ? cpuid(LEAF_FEATURES7, 0).ebx : 0;
}

/* "GenuineIntel" and the like; @name has 13 bytes. */
static u32 read_vendor(char *name)
{
	struct cpuid_regs r = cpuid(0, 0);

	memcpy(name, &r.ebx, 4);
	memcpy(name + 4, &r.edx, 4);
	memcpy(name + 8, &r.ecx, 4);
	name[12] = '\0';
	return r.eax;
}

/* The name on the box; @name has 49 bytes. */
static void read_brand(char *name)
{
	memset(name, 0, 49);
	if (cpuid(LEAF_EXTENDED, 0).eax < LEAF_BRAND + 2)
		return;
	for (u32 i = 0; i < 3; i++) {
		struct cpuid_regs r = cpuid(LEAF_BRAND + i, 0);

		memcpy(name + 16 * i, &r, 16);
	}
}

static u32 family_of(u32 signature)
{
	u32 family = (signature >> 8) & 0xf;

	return family == 0xf ? family + ((signature >> 20) & 0xff) : family;
}

static u32 model_of(u32 signature)
{
	u32 model = (signature >> 4) & 0xf;

	return family_of(signature) >= 6 ? model | ((signature >> 12) & 0xf0) : model;
}

int cpuinfo_describe(unsigned int cpu, char *buf, size_t size)
{
	u32 words[NR_WORDS], max_leaf, signature = cpuid(LEAF_FEATURES, 0).eax;
	u32 addresses = cpuid(LEAF_ADDRESSES, 0).eax;
	char vendor[13], brand[49];
	int len;

	read_features(words);
	read_brand(brand);
	max_leaf = read_vendor(vendor);
	len = scnprintf(buf, size,
			"processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n"
			"model name\t: %s\nstepping\t: %u\nphysical id\t: 0\nsiblings\t: %u\n"
			"core id\t\t: %u\ncpu cores\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\n"
			"cpuid level\t: %u\nwp\t\t: yes\nflags\t\t:", cpu, vendor,
			family_of(signature), model_of(signature), skip_spaces(brand),
			signature & 0xf, nr_cpus, cpu, nr_cpus, max_leaf);
	for (unsigned int i = 0; i < ARRAY_SIZE(features); i++)
		if (words[features[i].word] & BIT(features[i].bit))
			len += scnprintf(buf + len, size - len, " %s", features[i].name);
	len += scnprintf(buf + len, size - len, "\nclflush size\t: %u\ncache_alignment\t: 64\n"
			 "address sizes\t: %u bits physical, 48 bits virtual\n",
			 (cpuid(LEAF_FEATURES, 0).ebx >> 8 & 0xff) * 8, addresses & 0xff);
	return len;
}
