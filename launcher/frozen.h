/* A booted process in the file. The build lets the program boot once, stops it at the first thing that
   it does which a build cannot know (freeze.c), reads its memory through /proc and appends it to the
   executable (src/freeze/). A start that finds everything as the build did moves that memory into place
   and goes on from there (thaw.c); every other start is a cold one.
   src/image/elf/frozen.ts mirrors the structures. */
#pragma once
#include "layout.h"
#include "sys.h"

#define MAXIMUM_THREADS 64
#define SIGNAL_COUNT 64

struct frozen_thread {
	uint64_t context;        /* ucontext of the signal that stopped it, on its own stack */
	uint64_t thread_pointer; /* FS base */
	uint64_t robust_list, robust_list_size;
	int32_t id, pad;         /* at the build */
	char name[16];
};

struct kernel_sigaction {
	uint64_t handler, flags, restorer, mask;
};

/* What leaf 1 and leaf 7 of CPUID and XCR0 say. */
struct cpu_features {
	uint32_t leaf1_ecx, leaf1_edx, leaf7_ebx, leaf7_ecx, leaf7_edx, enabled;
};

/* Written in the build run, part of the frozen image. */
struct freeze_record {
	uint32_t is_complete, thread_count;
	struct frozen_thread threads[MAXIMUM_THREADS];
	struct kernel_sigaction actions[SIGNAL_COUNT];
	int64_t monotonic_ns;
	uint64_t memory_size; /* of the machine or the control group, in bytes */
	uint64_t random;      /* 53 bits of Math.random's state, by which src/freeze/ finds it */
	struct cpu_features features;
	int32_t main_thread, barrier; /* index into threads; the number of a system call, or BARRIER_* */
	/* Names of the variables that were asked for and are not set, and of those that were deleted; each ends with a zero. */
	uint32_t read_size, deleted_size;
	char read_names[16384], deleted_names[4096];
};

enum { BARRIER_JAVASCRIPT = -1, BARRIER_CLOCK = -2, BARRIER_PID = -3, BARRIER_RANDOM = -4 };

/* Of /proc/PID/fd at the freeze. */
struct frozen_descriptor {
	uint32_t kind;
	int32_t number, other; /* an epoll's watched descriptor, a pipe's writing end */
	uint32_t flags;        /* O_NONBLOCK, O_CLOEXEC, EFD_SEMAPHORE */
	uint64_t value;        /* an eventfd's count, an epoll's data */
	uint32_t events, size; /* what is watched; bytes in a pipe */
	uint8_t bytes[16];
};
enum { DESCRIPTOR_EPOLL = 1, DESCRIPTOR_EVENTFD = 2, DESCRIPTOR_PIPE = 3, DESCRIPTOR_WATCH = 4 };

struct thaw_operation {
	uint32_t kind, protection;
	uint64_t address, size, source; /* MOVE: where the kernel mapped it */
};
/* In this order in the table: only MOVE_LAST and what follows touch what a cold start needs. */
enum { OPERATION_MAP = 1, OPERATION_MOVE = 2, OPERATION_MOVE_LAST = 3, OPERATION_PROTECT = 4 };

struct thaw_table {
	uint64_t magic;
	uint64_t operations, operation_count;
	uint64_t descriptors, descriptor_count;
	uint64_t record;
	/* Addresses of two words each that are to be random: Math.random's, and of the generator that seeds it in new contexts. */
	uint64_t random_state, generator_state;
	uint64_t heap_limits, heap_limit_count;
};

struct heap_limit {
	uint64_t address, kind;
};
enum { HEAP_OLD = 1, HEAP_INITIAL = 2, HEAP_GLOBAL = 3, HEAP_SEMI_SPACE = 4, HEAP_CAPACITY = 5, HEAP_PHYSICAL = 6 };
#define THAW_TABLE_MAGIC 0x3130574148544e49 /* "INTHAW01" */
/* Descriptors below this one belong to the program's world, not to node's inside. */
#define FIRST_OWN_DESCRIPTOR 100
/* argv[0] is as long as a title may become, at the end of the stack. */
#define TITLE_SIZE 4096
/* struct pthread's tid, in glibc 2.36. */
#define THREAD_ID_OFFSET 0x2d0

struct machine {
	char **arguments, **environment;
	uint64_t argument_count, *auxiliary;
};

/* control.c */
void remember_machine(const struct machine *machine);

/* stdio.c: what a program may have changed about its standard streams, for whoever comes after it. */
void remember_stdio(void);
void restore_stdio(void);

/* freeze.c */
extern struct freeze_record freeze_record;
enum { NOT_FREEZING, BOOTING, ARMED };
extern int freezing;
/* In a build run: what of the start has to be the same everywhere. Returns the stack to go on with. */
void prepare_freeze(const struct machine *machine);
uint64_t *freeze_stack(const uint64_t *vector, uint64_t words, uint64_t argument_count);
/* What process.title reads: libuv has taken it for argv[0] of the build run. */
void set_title(const char *title);
/* From here on the first thing that a build cannot know freezes the process. */
void arm_freeze(void);
/* Freezes an armed process here; a frozen one goes on here when it is thawed. */
void barrier(int number);

extern char freeze_restorer[];

/* thaw.c: does not return if it thaws. */
void thaw(const struct machine *machine);
int is_thawed(void);
/* Whether memory at this address came from the image, and its protection. */
int image_protection(uint64_t address, uint64_t size);

/* machine.c */
uint64_t memory_size(void);
struct cpu_features cpu_features(void);
int is_subset(const struct cpu_features *needed, const struct cpu_features *present);

/* heap.c: whether the process can go on with so much memory, and that it does. */
int can_have_heap(const struct thaw_table *table, uint64_t built, uint64_t memory);
void set_heap_limits(const struct thaw_table *table, uint64_t memory);

/* clock.c */
void find_kernel_clock(const uint64_t *auxiliary);
int64_t monotonic_ns(void);
void set_clock_offset(int64_t offset_ns);
long hook_clock_gettime(int clock, struct timespec *time);
long wait_until(long number, long a, long b, long c, long d, long e, long f);
extern const char own_vdso[];
