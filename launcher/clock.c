/* Clocks of a process that was frozen: the monotonic ones go on where they stopped, in any later boot of
   any machine, because node and V8 keep differences to them in many places and abort when they go
   backwards. libc reads clocks through the vDSO that AT_SYSINFO_EHDR shows; a build run shows it the one
   in vdso.S, which leads here, and from here on to the kernel's own. */
#include "frozen.h"
#include "launcher.h"
#include "paths.h"

typedef long (*kernel_clock)(int clock, struct timespec *time);
static kernel_clock kernel_clock_gettime;
static int64_t offset_ns; /* ours minus the kernel's */
int date_is_free;

#define SECOND_NS 1000000000l

/* Elf64_Phdr, Elf64_Dyn and Elf64_Sym */
struct segment { uint32_t type, flags; uint64_t offset, address, physical, file_size, memory_size, alignment; };
struct dynamic { uint64_t tag, value; };
struct symbol { uint32_t name; uint8_t info, other; uint16_t section; uint64_t value, size; };

/* The kernel's vDSO is a small shared object; its clock_gettime is found by name. */
void find_kernel_clock(const uint64_t *auxiliary)
{
	const char *image = 0;
	for (; *auxiliary != AT_NULL; auxiliary += 2)
		if (*auxiliary == AT_SYSINFO_EHDR) image = (const char *)auxiliary[1];
	if (!image) return;
	const struct segment *segments = (const void *)(image + *(const uint64_t *)(image + 32));
	const struct dynamic *dynamic = 0;
	uint64_t load = 0;
	for (unsigned i = 0; i < *(const uint16_t *)(image + 56); i++) {
		if (segments[i].type == 1) load = segments[i].address;
		if (segments[i].type == 2) dynamic = (const void *)(image + segments[i].offset);
	}
	const struct symbol *symbols = 0;
	const char *names = 0;
	for (; dynamic && dynamic->tag; dynamic++) {
		if (dynamic->tag == 5) names = image + dynamic->value - load;
		if (dynamic->tag == 6) symbols = (const void *)(image + dynamic->value - load);
	}
	/* The string table follows the symbols in every vDSO there is; the count is not stored anywhere else. */
	if (!symbols || !names) return;
	for (const struct symbol *symbol = symbols; (const char *)(symbol + 1) <= names; symbol++)
		if (symbol->value && same_text(names + symbol->name, "__vdso_clock_gettime"))
			kernel_clock_gettime = (kernel_clock)(image + symbol->value - load);
}

static long read_clock(int clock, struct timespec *time)
{
	return kernel_clock_gettime ? kernel_clock_gettime(clock, time) : syscall3(SYS_clock_gettime, clock, time, 0);
}

static int is_monotonic(int clock)
{
	return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_MONOTONIC_COARSE;
}

static void add_ns(struct timespec *time, int64_t ns)
{
	int64_t sum = time->seconds * SECOND_NS + time->nanoseconds + ns;
	time->seconds = sum / SECOND_NS;
	time->nanoseconds = sum % SECOND_NS;
}

int64_t monotonic_ns(void)
{
	struct timespec time = { 0, 0 };
	hook_clock_gettime(CLOCK_MONOTONIC, &time);
	return time.seconds * SECOND_NS + time.nanoseconds;
}

void set_clock_offset(int64_t ns)
{
	offset_ns = ns;
}

long hook_clock_gettime(int clock, struct timespec *time)
{
	/* The program is on the main thread; others ask for the time on their own account. */
	if (freezing == ARMED && !date_is_free && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
	    && syscall1(SYS_gettid, 0) == syscall1(SYS_getpid, 0))
		barrier(BARRIER_CLOCK);
	long result = read_clock(clock, time);
	if (result == 0 && is_monotonic(clock)) add_ns(time, offset_ns);
	return result;
}

long vdso_gettimeofday(struct timespec *time, uint64_t *zone)
{
	if (time) {
		hook_clock_gettime(CLOCK_REALTIME, time);
		time->nanoseconds /= 1000;
	}
	if (zone) *zone = 0;
	return 0;
}

long vdso_time(int64_t *result)
{
	struct timespec time;
	hook_clock_gettime(CLOCK_REALTIME, &time);
	if (result) *result = time.seconds;
	return time.seconds;
}

/* A moment of the monotonic clock as the kernel counts it. */
static const struct timespec *to_kernel(const struct timespec *time, struct timespec *copy)
{
	*copy = *time;
	add_ns(copy, -offset_ns);
	if (copy->seconds < 0) *copy = (struct timespec){ 0, 0 };
	return copy;
}

enum { FUTEX_CLOCK_REALTIME = 256, TIMER_ABSTIME = 1 };

/* The two system calls by which libc waits until a moment. */
long wait_until(long number, long a, long b, long c, long d, long e, long f)
{
	struct timespec copy;
	if (offset_ns && number == SYS_futex && d && !(b & FUTEX_CLOCK_REALTIME)) d = (long)to_kernel((const void *)d, &copy);
	if (offset_ns && number == SYS_clock_nanosleep && b & TIMER_ABSTIME && is_monotonic((int)a))
		c = (long)to_kernel((const void *)c, &copy);
	return syscall6(number, a, b, c, d, e, f);
}
