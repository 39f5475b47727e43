/* What a frozen process has found out about its machine, and would have found out differently on another. */
#include "frozen.h"

static inline void cpuid(uint32_t leaf, uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	__asm__ volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "a"(leaf), "c"(0));
}

/* libc, OpenSSL and V8 choose code by these. Each CPUID costs microseconds in a virtual machine: no more than two. */
struct cpu_features cpu_features(void)
{
	struct cpu_features features = { 0 };
	uint32_t a, b;
	cpuid(1, &a, &b, &features.leaf1_ecx, &features.leaf1_edx);
	cpuid(7, &a, &features.leaf7_ebx, &features.leaf7_ecx, &features.leaf7_edx);
	if (features.leaf1_ecx & 1u << 27) { /* OSXSAVE */
		uint32_t high;
		__asm__ volatile("xgetbv" : "=a"(features.enabled), "=d"(high) : "c"(0));
	}
	return features;
}

int is_subset(const struct cpu_features *needed, const struct cpu_features *present)
{
	const uint32_t *a = (const uint32_t *)needed, *b = (const uint32_t *)present;
	for (unsigned i = 0; i < sizeof *needed / 4; i++)
		if (a[i] & ~b[i]) return 0;
	return 1;
}

/* struct sysinfo of linux/sysinfo.h. V8 chooses the size of its heap by it. */
uint64_t memory_size(void)
{
	struct {
		int64_t uptime;
		uint64_t loads[3], total, rest[8];
		uint32_t unit, pad;
	} information = { 0 };
	syscall3(SYS_sysinfo, &information, 0, 0);
	return information.total * information.unit;
}
