/* What a frozen process has found out about its machine, and would have found out differently on another. */
#include "frozen.h"
#include "paths.h"

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

/* A file of the kernel's with one number: "max" is the largest, and 0 that there is none. */
static uint64_t read_number(const char *path)
{
	char text[24] = { 0 };
	long descriptor = syscall4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (descriptor < 0) return 0;
	syscall3(SYS_read, descriptor, text, sizeof text - 1);
	syscall1(SYS_close, descriptor);
	if (starts_with(text, "max")) return ~0ul;
	uint64_t number = 0;
	for (const char *at = text; *at >= '0' && *at <= '9'; at++) number = 10 * number + (uint64_t)(*at - '0');
	return number;
}

/* directory, path up to the end of its line, file */
static uint64_t read_number_in(const char *directory, const char *path, const char *file)
{
	char name[PATH_LIMIT];
	uint64_t directory_length = length_of(directory), path_length = 0, file_length = length_of(file);
	while (path[path_length] && path[path_length] != '\n') path_length++;
	if (directory_length + path_length + file_length + 1 > sizeof name) return 0;
	memcpy(name, directory, directory_length);
	memcpy(name + directory_length, path, path_length);
	memcpy(name + directory_length + path_length, file, file_length + 1);
	return read_number(name);
}

/* What the process's control group may use, as libuv finds it (uv_get_constrained_memory); 0 is no limit. */
static uint64_t memory_limit(void)
{
	char groups[1024] = { 0 };
	long descriptor = syscall4(SYS_openat, AT_FDCWD, "/proc/self/cgroup", O_RDONLY | O_CLOEXEC, 0);
	if (descriptor < 0) return 0;
	syscall3(SYS_read, descriptor, groups, sizeof groups - 1);
	syscall1(SYS_close, descriptor);
	uint64_t high = 0, limit = 0;
	if (starts_with(groups, "0::/")) {
		limit = read_number_in("/sys/fs/cgroup", groups + 3, "/memory.max");
		high = limit ? read_number_in("/sys/fs/cgroup", groups + 3, "/memory.high") : 0;
	} else {
		const char *at = groups;
		while (*at && !starts_with(at, ":memory:")) at++;
		if (*at) {
			high = read_number_in("/sys/fs/cgroup/memory", at + 8, "/memory.soft_limit_in_bytes");
			limit = high ? read_number_in("/sys/fs/cgroup/memory", at + 8, "/memory.limit_in_bytes") : 0;
		}
		if (!high || !limit) {
			high = read_number("/sys/fs/cgroup/memory/memory.soft_limit_in_bytes");
			limit = read_number("/sys/fs/cgroup/memory/memory.limit_in_bytes");
		}
	}
	if (!high || !limit) return 0;
	return high < limit ? high : limit;
}

/* struct sysinfo of linux/sysinfo.h. V8 chooses the size of its heap by what there is and what it may use. */
uint64_t memory_size(void)
{
	struct {
		int64_t uptime;
		uint64_t loads[3], total, rest[8];
		uint32_t unit, pad;
	} information = { 0 };
	syscall3(SYS_sysinfo, &information, 0, 0);
	uint64_t total = information.total * information.unit, limit = total ? memory_limit() : 0;
	return limit && limit < total ? limit : total;
}
