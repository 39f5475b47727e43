/* A booted process in the file. The build lets the program boot once, stops it at the first thing that
   it does which a build cannot know (freeze.c), reads its memory through /proc and appends it to the
   executable (src/freeze/). A start that finds everything as the build did moves that memory into place
   and goes on from there (thaw.c); every other start is a cold one.
   src/image/elf/frozen.ts and thaw-operations.ts mirror the structures. */
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
	char read_names[8192], deleted_names[2048];
	uint32_t has_begun; /* the program: it was not the bootstrap that was stopped */
	uint32_t steps;     /* modules that it has gone through */
	char path[256];          /* what a call of libc's is about, for people */
	/* Arguments that the program has looked for, and not found, and paths; each ends with a zero. */
	uint32_t argument_size;
	uint32_t copied; /* one more than steps was when the program first copied its command line; 0 if it has not */
	char arguments[2048];
	uint64_t heap_end; /* of malloc's; 0 where it has the kernel's */
};

enum { BARRIER_JAVASCRIPT = -1, BARRIER_CLOCK = -2, BARRIER_PID = -3, BARRIER_RANDOM = -4, BARRIER_READY = -5, BARRIER_LOOK = -6, BARRIER_ENVIRONMENT = -7, BARRIER_TITLE = -8 };

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
	uint64_t address, size, source; /* COPY and MOVE: where the kernel mapped it; else 0 */
};
/* In this order in the table: only MOVE_LAST and what follows touch what a cold start needs. */
enum {
	OPERATION_EXPECT_FREE = 1, OPERATION_MAP = 2, OPERATION_COPY = 3, OPERATION_MOVE = 4, OPERATION_MOVE_LAST = 5, OPERATION_PROTECT = 6,
};

struct prefault {
	uint64_t address;
	uint32_t size, writes;
};

struct thaw_table {
	uint64_t magic;
	uint64_t size; /* of all that it consists of, from its first byte on */
	uint64_t operations, operation_count;
	uint64_t descriptors, descriptor_count;
	uint64_t record;
	/* Addresses of two words each that are to be random: Math.random's, and of the generator that seeds it in new contexts. */
	uint64_t random_state, generator_state;
	uint64_t heap_limits, heap_limit_count;
	uint64_t prefaults, prefault_count;
	uint64_t verified, verified_count; /* of struct verified_run */
	uint64_t held_locks, held_lock_count;
};

/* A lock that knows who holds it by the number of the thread: the address of that number, and which thread of the record. */
struct held_lock {
	uint64_t owner, thread;
};

/* Memory in its place, as the file has it: what a rehearsal has seen a start use. */
struct verified_run {
	uint64_t address, size, checksum;
};

struct heap_limit {
	uint64_t address, kind;
};
enum { HEAP_OLD = 1, HEAP_INITIAL = 2, HEAP_GLOBAL = 3, HEAP_SEMI_SPACE = 4, HEAP_CAPACITY = 5, HEAP_PHYSICAL = 6, HEAP_YOUNG = 7 };
#define THAW_TABLE_MAGIC 0x3130574148544e49 /* "INTHAW01" */
/* Descriptors below this one belong to the program's world, not to node's inside. */
#define FIRST_OWN_DESCRIPTOR 100
/* argv[0] of a build run is as long as a title may become. */
#define TITLE_SIZE 4096
/* The main thread's, where no process has anything: above what ADDR_COMPAT_LAYOUT fills, below where the kernel puts the rest.
   The title is at its end. */
#define MAIN_STACK 0x2a0000000000
#define MAIN_STACK_SIZE (16ul << 20)
/* struct pthread's tid, in glibc 2.36. */
#define THREAD_ID_OFFSET 0x2d0

struct machine {
	char **arguments, **environment;
	uint64_t argument_count, *auxiliary;
};

/* src/freeze/ reads this byte from there when the process is frozen, or a rehearsal over. */
#define REPORT_DESCRIPTOR 3
#define END_OF_REPORT "\xff"

/* environment.c: adds to names that end with a zero each; what does not fit is a barrier. */
void note(char *names, uint32_t *size, uint32_t limit, const char *name);

/* control.c */
void remember_machine(const struct machine *machine);

/* title.c: what process.title reads, which libuv has taken for argv[0] of the build run, if the program has not set another. */
void begin_title(char *title);
/* Where it is shown: over the arguments of this start, which lie elsewhere from then on. */
void place_title(const struct machine *machine);
void thaw_title(const char *name);

/* stdio.c: what a program may have changed about its standard streams, for whoever comes after it. */
void remember_stdio(void);
void restore_stdio(void);

/* freeze.c */
extern struct freeze_record freeze_record;
enum { NOT_FREEZING, BOOTING, ARMED };
extern int freezing;
/* The program has said that it does not matter. */
extern int date_is_free;
/* In a build run: what of the start has to be the same everywhere. Returns the stack to go on with. */
void prepare_freeze(const struct machine *machine);
/* Refuses what cannot be carried over: memory that is shared with the kernel or tied to this processor. clone3
   hides its flags from filters; libc then uses clone. */
void refuse_shared(void);
uint64_t *freeze_stack(const uint64_t *vector, uint64_t words, uint64_t argument_count);
struct archive_entry;
/* ld.so has mapped this file of the archive of libraries there. */
void remember_library(const struct archive_entry *entry, long address);
/* What malloc has free is given back: all that is left in memory would be in the file. */
void trim_memory(void);
/* From here on the first thing that a build cannot know freezes the process. */
void arm_freeze(void);
/* Freezes an armed process here; a frozen one goes on here when it is thawed. */
void barrier(int number);
/* The same, of a system call on a path. */
void barrier_on(int number, const char *path);

/* native.c: whether a system call is about a path at which nothing is supposed to be. */
int is_assumed_absent(long number, long a, long b);

extern char freeze_restorer[];
__attribute__((noreturn)) void wait_for_the_end(void);
struct signal_context;
/* In place of a trapped wait of an event loop: 1 if it ended by itself, 0 if the main thread's would take longer. */
int wait_a_little(struct signal_context *context, int longest_ms);

/* rehearse.c */
extern int rehearsing;
void prepare_rehearsal(void);
/* From here on the process cannot reach anything. */
void arm_rehearsal(void);
/* Does not return in a rehearsal. */
void end_rehearsal(void);
/* In a rehearsal: a path of the host. */
int is_out_of_reach(const char *path);

/* thaw.c: tells the locks that a thread holds its new number. */
void own_locks(const struct frozen_thread *thread);

/* thaw.c: does not return if it thaws. */
void thaw(const struct machine *machine);
int is_thawed(void);
/* Whether memory at this address came from the image, and its protection. */
int image_protection(uint64_t address, uint64_t size);

/* threads.c: goes on as this one. */
__attribute__((noreturn)) void resume(const struct frozen_thread *thread);
/* All but the main one, which calls it. */
void start_threads_later(const struct freeze_record *record);

/* machine.c */
uint64_t memory_size(void);
struct cpu_features cpu_features(void);
int is_subset(const struct cpu_features *needed, const struct cpu_features *present);

#define PAGE_UP(address) (((address) + 4095) & ~4095ul)

/* memory.c: at this very address, where nothing may be. */
long map_free(uint64_t address, uint64_t size, int protection);
/* From here on malloc's heap is at an address that is free in every process. */
void own_heap(void);

/* heap.c: whether the process can go on with so much memory, and that it does. */
int can_have_heap(const struct thaw_table *table, uint64_t built, uint64_t memory);
void set_heap_limits(const struct thaw_table *table, uint64_t memory);
/* In the main thread, once it has proved to be busy, if it may. */
int may_grow_young_generation(void);
void grow_young_generation(void);

/* clock.c */
void find_kernel_clock(const uint64_t *auxiliary);
int64_t monotonic_ns(void);
void set_clock_offset(int64_t offset_ns);
long hook_clock_gettime(int clock, struct timespec *time);
long wait_until(long number, long a, long b, long c, long d, long e, long f);
extern const char own_vdso[];
