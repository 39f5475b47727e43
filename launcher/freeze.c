/* The build run: boots the program where every later start can put it, and stops it at the first thing
   that a build cannot know: a call to the world outside, the date, the process's number, a random number.

   What a build cannot know is found by the kernel: a seccomp filter traps every system call that is not
   about the process's own memory, threads and wake-ups. So nothing is missed, whether JavaScript, node or
   native code asks. The trapped call is not made; it is made when the process is thawed. */
#include "archive.h"
#include "filter.h"
#include "frozen.h"
#include "launcher.h"
#include "paths.h"
#include <stddef.h>

struct freeze_record freeze_record;
/* src/image/elf/frozen-facts.ts has these numbers. */
_Static_assert(sizeof(struct freeze_record) == 18272 && offsetof(struct freeze_record, memory_size) == 5648
	       && offsetof(struct freeze_record, random) == 5656, "frozen-facts.ts");
int freezing;
static int stopping;

/* At the end of the main thread's stack. */
#define STRINGS_SIZE 65536

void refuse_shared(void)
{
	static const struct filter_instruction refuse[] = {
		LOAD(NUMBER),
		IF_EQUAL(SYS_io_uring_setup, 4, 0),
		IF_EQUAL(SYS_pkey_alloc, 3, 0),
		IF_EQUAL(SYS_rseq, 2, 0),
		IF_EQUAL(SYS_clone3, 1, 0),
		RETURN(ALLOW),
		RETURN(FAIL | ENOSYS),
	};
	install_filter(refuse, COUNT(refuse));
}

void prepare_freeze(const struct machine *machine)
{
	long personality = syscall1(SYS_personality, 0xffffffff);
	const long wanted = ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT;
	if (personality >= 0 && (personality & wanted) != wanted && syscall1(SYS_personality, personality | wanted) >= 0)
		syscall3(SYS_execve, "/proc/self/exe", machine->arguments, machine->environment);

	syscall6(SYS_prctl, PR_SET_PDEATHSIG, 9, 0, 0, 0, 0);
	/* node's own descriptors begin where a program's hardly reach. */
	for (int i = REPORT_DESCRIPTOR + 1; i < FIRST_OWN_DESCRIPTOR; i++) syscall3(SYS_dup3, REPORT_DESCRIPTOR, i, O_CLOEXEC);

	refuse_shared();
	find_kernel_clock(machine->auxiliary);
	freeze_record.memory_size = memory_size();
	freeze_record.features = cpu_features();
	own_heap();
	freezing = BOOTING;
}

static char *copy_text(char *end, uint64_t from)
{
	uint64_t size = length_of((const char *)from) + 1;
	return memcpy(end - size, (const char *)from, size);
}

/* The vector of a start, with the strings that it points to, on a stack at an address that is free in
   every process. */
uint64_t *freeze_stack(const uint64_t *vector, uint64_t words, uint64_t argument_count)
{
	syscall6(SYS_mmap, MAIN_STACK, MAIN_STACK_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	char *text = (char *)(MAIN_STACK + MAIN_STACK_SIZE);
	uint64_t *copy = (uint64_t *)((MAIN_STACK + MAIN_STACK_SIZE - STRINGS_SIZE - 8 * words) & ~15ul);
	for (uint64_t i = 0; i < words; i++) copy[i] = vector[i];
	uint64_t *at = copy + 1;
	text -= TITLE_SIZE;
	begin_title(text);
	*at++ = (uint64_t)text;
	for (uint64_t i = 1; i < argument_count; i++, at++) *at = (uint64_t)(text = copy_text(text, *at));
	for (at++; *at; at++) *at = (uint64_t)(text = copy_text(text, *at));
	for (at++; *at != AT_NULL; at += 2) {
		switch (*at) {
		case AT_RANDOM:
			text -= 16;
			memcpy(text, (const void *)at[1], 16);
			at[1] = (uint64_t)text;
			break;
		case AT_PLATFORM:
		case AT_BASE_PLATFORM:
		case AT_EXECFN: at[1] = (uint64_t)(text = copy_text(text, at[1])); break;
		case AT_SYSINFO_EHDR: at[1] = (uint64_t)own_vdso; break;
		}
	}
	return copy;
}

static struct frozen_thread *save_thread(struct signal_context *context)
{
	uint32_t index = __atomic_fetch_add(&freeze_record.thread_count, 1, __ATOMIC_ACQ_REL);
	if (index >= MAXIMUM_THREADS) return 0;
	struct frozen_thread *thread = &freeze_record.threads[index];
	syscall3(SYS_arch_prctl, ARCH_GET_FS, &thread->thread_pointer, 0);
	syscall3(SYS_get_robust_list, 0, &thread->robust_list, &thread->robust_list_size);
	syscall3(SYS_prctl, PR_GET_NAME, thread->name, 0);
	thread->id = (int32_t)syscall1(SYS_gettid, 0);
	__atomic_store_n(&thread->context, (uint64_t)context, __ATOMIC_RELEASE);
	return thread;
}

void wait_for_the_end(void)
{
	const struct timespec hour = { 3600, 0 };
	for (;;) syscall3(SYS_nanosleep, &hour, 0, 0);
}

static uint32_t saved_threads(void)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < MAXIMUM_THREADS; i++)
		count += __atomic_load_n(&freeze_record.threads[i].context, __ATOMIC_ACQUIRE) != 0;
	return count;
}

static uint32_t list_threads(int threads[MAXIMUM_THREADS])
{
	struct record { uint64_t ino; int64_t next; uint16_t length; uint8_t type; char name[]; };
	char buffer[2048] __attribute__((aligned(8)));
	uint32_t count = 0;
	long directory = syscall4(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), size;
	while ((size = syscall3(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
		for (long at = 0; at < size; at += ((struct record *)(buffer + at))->length) {
			int thread = number_of(((struct record *)(buffer + at))->name);
			if (!thread) continue;
			if (count == MAXIMUM_THREADS) syscall1(SYS_exit_group, 3);
			threads[count++] = thread;
		}
	syscall1(SYS_close, directory);
	return count;
}

/* Sends the other threads to the handler. How many threads there are. */
static uint32_t stop_threads(int process, int self)
{
	int threads[MAXIMUM_THREADS];
	uint32_t count = list_threads(threads);
	for (uint32_t k = 0; k < count; k++) {
		int is_saved = threads[k] == self;
		for (uint32_t i = 0; i < MAXIMUM_THREADS; i++) is_saved |= freeze_record.threads[i].id == threads[k];
		if (!is_saved) syscall3(SYS_tgkill, process, threads[k], SIGFREEZE);
	}
	return count;
}

/* The third field of /proc/self/task/ID/stat. */
static int is_sleeping(int thread)
{
	char path[48] = "/proc/self/task/", text[64];
	memcpy(append_number(path + 16, (uint64_t)thread), "/stat", 6);
	long file = syscall4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0), size = syscall3(SYS_read, file, text, sizeof text - 1);
	syscall1(SYS_close, file);
	for (long i = 0; i + 2 < size; i++)
		if (text[i] == ')') return text[i + 2] == 'S';
	return 1; /* it has ended */
}

/* V8's helpers are given time to finish what they have begun: a start would wait for them, and they are
   the last that it makes (threads.c). */
static void wait_for_helpers(int self)
{
	const struct timespec moment = { 0, 1000000 };
	int threads[MAXIMUM_THREADS];
	for (int tries = 0, quiet = 0; tries < 200 && quiet < 2; tries++) {
		uint32_t count = list_threads(threads);
		quiet++;
		for (uint32_t i = 0; i < count; i++)
			if (threads[i] != self && !is_sleeping(threads[i])) quiet = 0;
		syscall3(SYS_nanosleep, &moment, 0, 0);
	}
}

/* On the thread that reached the barrier: stops all others, and notes what only this process can know. */
static void freeze(struct signal_context *context)
{
	int process = (int)syscall1(SYS_getpid, 0), self = stopping;
	wait_for_helpers(self);
	save_thread(context);
	const struct timespec moment = { 0, 1000000 };
	for (;;) {
		uint32_t count = stop_threads(process, self);
		for (int i = 0; i < 20 && saved_threads() < count; i++) syscall3(SYS_nanosleep, &moment, 0, 0);
		if (saved_threads() == count) break;
	}
	for (int i = 1; i <= SIGNAL_COUNT; i++) {
		if (i == SIGFREEZE || i == SIGSYS) continue;
		syscall4(SYS_rt_sigaction, i, 0, &freeze_record.actions[i - 1], 8);
	}
	for (uint32_t i = 0; i < MAXIMUM_THREADS; i++)
		if (freeze_record.threads[i].id == process) freeze_record.main_thread = (int32_t)i;
	freeze_record.monotonic_ns = monotonic_ns();
	freeze_record.is_complete = 1;
	syscall3(SYS_write, REPORT_DESCRIPTOR, END_OF_REPORT, 1);
	wait_for_the_end();
}

static int is_main_thread(void)
{
	return syscall1(SYS_gettid, 0) == syscall1(SYS_getpid, 0);
}

/* A wait of an event loop. Whether it ended by itself: what it waited for was the process's own doing. The
   program's loop, on the main thread, is not given much time, for then nothing is left but to wait for the
   world; another thread waits until all are to stop. */
int wait_a_little(struct signal_context *context, int longest_ms)
{
	const int slice_ms = 5, limit_ms = is_main_thread() ? longest_ms : 0x7fffffff;
	int timeout = (int)context->r10, waited = 0;
	while (waited < limit_ms && !__atomic_load_n(&stopping, __ATOMIC_ACQUIRE)) {
		int is_last = timeout >= 0 && timeout - waited <= slice_ms;
		int wait_ms = is_last ? timeout - waited : slice_ms;
		long count = syscall6((long)context->rax, (long)context->rdi, (long)context->rsi, (long)context->rdx, wait_ms,
				      (long)context->r8, (long)context->r9);
		if (count != 0 || is_last) return context->rax = (uint64_t)count, 1;
		waited += wait_ms;
	}
	return 0;
}

/* The first thread at a barrier stops all others. */
static void claim_stop(int number)
{
	int self = (int)syscall1(SYS_gettid, 0), nobody = 0;
	if (__atomic_compare_exchange_n(&stopping, &nobody, self, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		freeze_record.barrier = number;
}

static void on_stop(int signal, const int *information, char *frame)
{
	struct signal_context *context = (struct signal_context *)frame;
	(void)information;
	if (signal == SIGSYS) {
		int number = (int)context->rax;
		if ((number == SYS_epoll_wait || number == SYS_epoll_pwait) && wait_a_little(context, 20)) return;
		if (number == SYS_sched_getaffinity && !is_main_thread()) {
			/* malloc, which gives each thread memory of its own as long as there are processors. */
			context->rax = (uint64_t)syscall3(number, context->rdi, context->rsi, context->rdx);
			return;
		}
		if (is_assumed_absent(number, (long)context->rdi, (long)context->rsi)) {
			context->rax = (uint64_t)-ENOENT;
			return;
		}
		context->rip -= 2; /* of the syscall instruction: it runs when the process is thawed */
		claim_stop(number);
	}
	if (stopping == syscall1(SYS_gettid, 0)) freeze(context);
	save_thread(context);
	wait_for_the_end();
}

__asm__(".text\n.globl freeze_restorer\nfreeze_restorer:\n\tmov $15, %eax\n\tsyscall\n");

void arm_freeze(void)
{
	const struct kernel_sigaction action = { (uint64_t)on_stop, SA_SIGINFO | SA_RESTORER | SA_RESTART,
						 (uint64_t)freeze_restorer, ~0ul };
	syscall4(SYS_rt_sigaction, SIGFREEZE, &action, 0, 8);
	syscall4(SYS_rt_sigaction, SIGSYS, &action, 0, 8);

	/* About the process's own memory, threads and wake-ups. A wait of the event loop is looked at by the handler. */
	static const uint16_t harmless[] = {
		9 /* mmap */, 10 /* mprotect */, 11 /* munmap */, 13 /* rt_sigaction */, 14 /* rt_sigprocmask */,
		15 /* rt_sigreturn */, 24 /* sched_yield */, 25 /* mremap */, 27 /* mincore */, 28 /* madvise */, 60 /* exit */,
		131 /* sigaltstack */, 157 /* prctl */, 158 /* arch_prctl */, 186 /* gettid */, 202 /* futex */,
		218 /* set_tid_address */, 219 /* restart_syscall */, 231 /* exit_group */, 233 /* epoll_ctl */, 273 /* set_robust_list */,
		274 /* get_robust_list */, 290 /* eventfd2 */, 291 /* epoll_create1 */, 293 /* pipe2 */, 319 /* memfd_create */,
		324 /* membarrier */, 125 /* capget, before node reads a variable */, 143 /* sched_getparam */, 145 /* sched_getscheduler */, 230 /* clock_nanosleep */, 435 /* clone3, refused */,
	};
	/* On descriptors of our own. */
	static const uint16_t on_own[] = { 0 /* read */, 1 /* write */, 3 /* close */, 5 /* fstat */, 8 /* lseek */, 17 /* pread64 */, 20 /* writev */, 72 /* fcntl */ };
	struct filter_instruction filter[2 * COUNT(harmless) + 2 * COUNT(on_own) + 40];
	uint32_t count = allow_launcher(filter);
	ADD(LOAD(NUMBER));
	for (uint32_t i = 0; i < COUNT(harmless); i++) {
		ADD(IF_EQUAL(harmless[i], 0, 1));
		ADD(RETURN(ALLOW));
	}
	/* A wait that does not wait. */
	ADD(IF_EQUAL(SYS_epoll_pwait, 1, 0));
	ADD(IF_EQUAL(SYS_epoll_wait, 0, 4));
	ADD(LOAD(ARGUMENT_3));
	ADD(IF_EQUAL(0, 0, 1));
	ADD(RETURN(ALLOW));
	ADD(RETURN(TRAP));
	/* Limits that are read, as libc does for the place of the stack, and not set. */
	ADD(IF_EQUAL(SYS_prlimit64, 0, 4));
	ADD(LOAD(ARGUMENT_2));
	ADD(IF_EQUAL(0, 0, 1));
	ADD(RETURN(ALLOW));
	ADD(RETURN(TRAP));
	/* Of a descriptor of our own, as libuv's fstat: all 32-bit numbers from the highest descriptor on are negative. */
	ADD(IF_EQUAL(SYS_statx, 0, 7));
	ADD(LOAD(ARGUMENT_2));
	ADD(IF_SET(AT_EMPTY_PATH, 0, 4));
	ADD(LOAD(ARGUMENT_0));
	ADD(IF_AT_LEAST(FIRST_OWN_DESCRIPTOR, 0, 2));
	ADD(IF_AT_LEAST(0x80000000, 1, 0));
	ADD(RETURN(ALLOW));
	ADD(RETURN(TRAP));
	ADD(IF_EQUAL(SYS_clone, 0, 4));
	ADD(LOAD(ARGUMENT_0));
	ADD(IF_SET(CLONE_THREAD, 0, 1));
	ADD(RETURN(ALLOW));
	ADD(RETURN(TRAP));
	for (uint32_t i = 0; i < COUNT(on_own); i++) ADD(IF_EQUAL(on_own[i], (uint8_t)(COUNT(on_own) - i), 0));
	ADD(RETURN(TRAP));
	ADD(LOAD(ARGUMENT_0));
	ADD(IF_AT_LEAST(FIRST_OWN_DESCRIPTOR, 0, 1));
	ADD(RETURN(ALLOW));
	ADD(RETURN(TRAP));
	install_filter(filter, count);
	freezing = ARMED;
}

static uint64_t libc_address;

void remember_library(const struct archive_entry *entry, long address)
{
	static const char libc[] = "libc.so.6";
	if (entry == archive_find(&TABLE->system, libc, sizeof libc - 1)) libc_address = (uint64_t)address;
}

void trim_memory(void)
{
	int (*malloc_trim)(uint64_t) = (int (*)(uint64_t))(libc_address + TABLE->malloc_trim);
	if (libc_address && TABLE->malloc_trim) malloc_trim(0);
}

void barrier(int number)
{
	if (freezing != ARMED) return;
	claim_stop(number);
	/* The handler saves this thread as it does any other, and when thawed it returns from here. */
	syscall3(SYS_tgkill, syscall1(SYS_getpid, 0), syscall1(SYS_gettid, 0), SIGFREEZE);
}

void barrier_on(int number, const char *path)
{
	if (freezing != ARMED) return;
	const uint64_t length = path ? length_of(path) : 0, room = sizeof freeze_record.path - 1;
	memcpy(freeze_record.path, path, length < room ? length : room);
	barrier(number);
}
