/* The start of an executable that has a frozen process inside: compares the world with the one of the build,
   moves the memory that the kernel has mapped for it into place, makes descriptors, signals and threads as
   they were, and goes on where the process stopped. Whatever does not fit: a cold start, from the same file.

   Until the first OPERATION_MOVE_LAST everything can be taken back. */
#include "frozen.h"
#include "launcher.h"
#include "paths.h"
#include "verify.h"

static const struct thaw_table *table(void)
{
	return (const struct thaw_table *)TABLE->thaw;
}

static const struct freeze_record *record(void)
{
	return (const struct freeze_record *)table()->record;
}

static const struct thaw_operation *operations(void)
{
	return (const struct thaw_operation *)table()->operations;
}

static int thawed;

int is_thawed(void)
{
	return thawed;
}

int image_protection(uint64_t address, uint64_t size)
{
	if (!thawed) return -1;
	int protection = -1;
	for (uint64_t i = 0; i < table()->operation_count; i++) {
		const struct thaw_operation *operation = &operations()[i];
		int overlaps = operation->address < address + size && address < operation->address + operation->size;
		if (!overlaps) continue;
		if (operation->kind == OPERATION_MOVE || operation->kind == OPERATION_MOVE_LAST) protection = (int)operation->protection;
		if (operation->kind == OPERATION_PROTECT && protection >= 0) protection = (int)operation->protection;
	}
	return protection;
}

/* Whether the variable (name=value) is one of these names. */
static int is_named(const char *variable, const char *names, uint32_t size)
{
	for (uint32_t at = 0; at < size; at += (uint32_t)length_of(names + at) + 1) {
		uint64_t length = length_of(names + at);
		if (names[at] == variable[0] && starts_with(variable, names + at) && variable[length] == '=') return 1;
	}
	return 0;
}

/* V8 keeps the default locale, which without these is en-US. */
static int is_default_locale(const char *variable)
{
	static const char *const names[] = { "LC_ALL=", "LC_MESSAGES=", "LANG=" };
	for (unsigned i = 0; i < COUNT(names); i++) {
		if (!starts_with(variable, names[i])) continue;
		const char *value = variable + length_of(names[i]);
		return !*value || same_text(value, "C") || starts_with(value, "C.") || same_text(value, "POSIX") || starts_with(value, "en_US");
	}
	return 1;
}

static int fits(const struct machine *machine)
{
	const struct freeze_record *frozen = record();
	for (const uint64_t *at = machine->auxiliary; *at != AT_NULL; at += 2)
		if (*at == AT_SECURE && at[1]) return 0;
	for (char **variable = machine->environment; *variable; variable++)
		if (!is_default_locale(*variable) || is_named(*variable, frozen->read_names, frozen->read_size)) return 0;
	for (uint64_t i = 1; i < machine->argument_count; i++)
		for (uint32_t at = 0; at < frozen->argument_size; at += (uint32_t)length_of(frozen->arguments + at) + 1)
			if (same_text(machine->arguments[i], frozen->arguments + at)) return 0;
	for (uint32_t at = 0; at < frozen->argument_size; at += (uint32_t)length_of(frozen->arguments + at) + 1)
		if (frozen->arguments[at] == '/' && call_access(frozen->arguments + at, 0) != -ENOENT) return 0;
	if (machine->argument_count && length_of(machine->arguments[0]) >= TITLE_SIZE) return 0;
	for (int descriptor = 0; descriptor < 3; descriptor++)
		if (syscall3(SYS_fcntl, descriptor, F_GETFD, 0) < 0) return 0;

	const struct frozen_descriptor *descriptors = (const void *)table()->descriptors;
	uint64_t limit[2], highest = 0;
	for (uint64_t i = 0; i < table()->descriptor_count; i++) {
		if (descriptors[i].kind == DESCRIPTOR_WATCH) continue;
		const int numbers[] = { descriptors[i].number, descriptors[i].other };
		for (int k = 0; k < (descriptors[i].kind == DESCRIPTOR_PIPE ? 2 : 1); k++) {
			if (syscall3(SYS_fcntl, numbers[k], F_GETFD, 0) >= 0) return 0;
			if ((uint64_t)numbers[k] > highest) highest = (uint64_t)numbers[k];
		}
	}
	if (syscall4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, limit) < 0 || limit[1] <= highest + 16) return 0;
	if (limit[0] < limit[1]) { /* as node does when it starts */
		limit[0] = limit[1];
		syscall4(SYS_prlimit64, 0, RLIMIT_NOFILE, limit, 0);
	}
	static const int unlimited[] = { RLIMIT_AS, RLIMIT_DATA };
	for (unsigned i = 0; i < COUNT(unlimited); i++)
		if (syscall4(SYS_prlimit64, 0, unlimited[i], 0, limit) < 0 || limit[0] != ~0ul) return 0;

	/* It is how the bootstrap reads the command line; a sandbox may refuse it. */
	long memory_file = syscall3(SYS_memfd_create, "thaw", MFD_CLOEXEC, 0);
	if (memory_file < 0) return 0;
	syscall1(SYS_close, memory_file);

	struct cpu_features present = cpu_features();
	if (!is_subset(&frozen->features, &present)) return 0;
	return 1;
}

static int place_descriptor(long descriptor, int number)
{
	if (descriptor < 0) return 0;
	if (descriptor == number) return 1;
	long result = syscall3(SYS_dup3, descriptor, number, O_CLOEXEC);
	syscall1(SYS_close, descriptor);
	return result >= 0;
}

static int make_descriptors(void)
{
	const struct frozen_descriptor *descriptors = (const void *)table()->descriptors;
	for (uint64_t i = 0; i < table()->descriptor_count; i++) {
		const struct frozen_descriptor *one = &descriptors[i];
		int pair[2];
		switch (one->kind) {
		case DESCRIPTOR_EPOLL:
			if (!place_descriptor(syscall1(SYS_epoll_create1, O_CLOEXEC), one->number)) return 0;
			break;
		case DESCRIPTOR_EVENTFD:
			if (!place_descriptor(syscall3(SYS_eventfd2, one->value, one->flags, 0), one->number)) return 0;
			break;
		case DESCRIPTOR_PIPE:
			if (syscall3(SYS_pipe2, pair, one->flags, 0) < 0) return 0;
			if (!place_descriptor(pair[0], one->number) || !place_descriptor(pair[1], one->other)) return 0;
			syscall3(SYS_write, one->other, one->bytes, one->size);
			break;
		case DESCRIPTOR_WATCH: {
			/* struct epoll_event is packed */
			struct __attribute__((packed)) { uint32_t events; uint64_t data; } event = { one->events, one->value };
			if (syscall4(SYS_epoll_ctl, one->number, 1 /* EPOLL_CTL_ADD */, one->other, &event) < 0) return 0;
		}
		}
	}
	return 1;
}

static void close_descriptors(void)
{
	const struct frozen_descriptor *descriptors = (const void *)table()->descriptors;
	for (uint64_t i = 0; i < table()->descriptor_count; i++) {
		if (descriptors[i].kind == DESCRIPTOR_WATCH) continue;
		syscall1(SYS_close, descriptors[i].number);
		if (descriptors[i].kind == DESCRIPTOR_PIPE) syscall1(SYS_close, descriptors[i].other);
	}
}

static int failed(long result)
{
	return result < 0 && result > -4096;
}

/* Whether all of the memory is in place. If not, what was mapped is unmapped again. */
static int place_memory(void)
{
	const struct thaw_operation *list = operations();
	uint64_t i = 0;
	for (; i < table()->operation_count; i++) {
		const struct thaw_operation *one = &list[i];
		long result = 0;
		switch (one->kind) {
		case OPERATION_MAP:
			result = syscall6(SYS_mmap, (long)one->address, (long)one->size, one->protection,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
			/* A kernel before 4.17 takes the address for a wish. */
			if (!failed(result) && result != (long)one->address) {
				syscall3(SYS_munmap, result, one->size, 0);
				result = -ENOMEM;
			}
			break;
		case OPERATION_MOVE:
		case OPERATION_MOVE_LAST:
			result = syscall5(SYS_mremap, one->source, one->size, one->size, MREMAP_MAYMOVE | MREMAP_FIXED, one->address);
			break;
		case OPERATION_PROTECT:
			result = syscall3(SYS_mprotect, one->address, one->size, one->protection);
			break;
		}
		if (!failed(result)) continue;
		if (one->kind != OPERATION_MAP && one->kind != OPERATION_MOVE) syscall1(SYS_exit_group, 134);
		while (i-- > 0) syscall3(SYS_munmap, list[i].address, list[i].size, 0);
		return 0;
	}
	return 1;
}

/* Whether a page of the file had to be read from the disk so far. */
static int is_cold(void)
{
	/* struct rusage: two timevals, ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, … */
	int64_t usage[18] = { 0 };
	return syscall3(SYS_getrusage, 0, usage, 0) == 0 && usage[9] > 0;
}

/* What a start is about to touch, as far as a rehearsal could tell. If it has to come from a disk, all of it is
   asked for at once. What is written to is copied now: in few calls instead of a fault for each page, and as long
   as no other processor has to be told; kernels before 5.14 cannot. */
static void prefault(void)
{
	const struct prefault *list = (const void *)table()->prefaults;
	const uint64_t count = table()->prefault_count;
	const int cold = is_cold();
	for (uint64_t i = 0; i < count && cold; i++) syscall3(SYS_madvise, list[i].address, list[i].size, MADV_WILLNEED);
	for (uint64_t i = 0; i < count; i++)
		if (list[i].writes && syscall3(SYS_madvise, list[i].address, list[i].size, MADV_POPULATE_WRITE) == -EINVAL) return;
}

static char *find_same(char **variables, const char *variable)
{
	for (; variables && *variables; variables++) {
		uint64_t length = 0;
		while ((*variables)[length] && (*variables)[length] == variable[length] && variable[length] != '=') length++;
		if ((*variables)[length] == '=' && variable[length] == '=') return *variables;
	}
	return 0;
}

/* The new variables, without those that the program had deleted; what it had set is where setenv(3) puts it. */
static void set_environment(const struct machine *machine, char **vector)
{
	char **frozen = *(char ***)TABLE->environ, **to = vector;
	for (char **variable = machine->environment; *variable; variable++) {
		char *own = find_same(frozen, *variable);
		if (own || !is_named(*variable, record()->deleted_names, record()->deleted_size)) *to++ = own ? own : *variable;
	}
	*to = 0;
	for (char **own = frozen; own && *own; own++)
		if (!find_same(machine->environment, *own)) *to++ = *own;
	*to = 0;
	*(char ***)TABLE->environ = vector;
}

static void resume(const struct frozen_thread *thread)
{
	syscall3(SYS_set_robust_list, thread->robust_list, thread->robust_list_size, 0);
	syscall3(SYS_prctl, PR_SET_NAME, thread->name, 0);
	__asm__ volatile("mov %0, %%rsp\n\tmov $15, %%eax\n\tsyscall" : : "r"(thread->context) : "memory");
}

/* A new thread that goes on as the frozen one: on that one's stack, below what it holds. It takes resume from rbx:
   rbp ends the chain of frames. */
static void start_thread(const struct frozen_thread *thread)
{
	uint64_t *stack = (uint64_t *)((thread->context - 512) & ~15ul);
	*--stack = (uint64_t)thread;
	register uint64_t id __asm__("r10") = thread->thread_pointer + THREAD_ID_OFFSET;
	register uint64_t pointer __asm__("r8") = thread->thread_pointer;
	long result;
	__asm__ volatile("syscall\n\ttest %%eax, %%eax\n\tjnz 1f\n\tpop %%rdi\n\txor %%ebp, %%ebp\n\tcall *%6\n\tud2\n1:"
			 : "=a"(result)
			 : "a"(SYS_clone), "D"(CLONE_THREAD_FLAGS), "S"(stack), "d"(id), "r"(id), "b"(resume), "r"(pointer)
			 : "rcx", "r11", "memory");
	if (!failed(result)) return;
	/* Who refuses clone may let clone3 pass, which libc tries first. struct clone_args of linux/sched.h */
	const struct {
		uint64_t flags, descriptor, child_id, parent_id, signal, stack, stack_size, pointer;
	} arguments = { CLONE_THREAD_FLAGS, 0, id, id, 0, (uint64_t)stack - 16, 16, pointer };
	__asm__ volatile("syscall\n\ttest %%eax, %%eax\n\tjnz 1f\n\tpop %%rdi\n\txor %%ebp, %%ebp\n\tcall *%4\n\tud2\n1:"
			 : "=a"(result)
			 : "a"(SYS_clone3), "D"(&arguments), "S"(sizeof arguments), "b"(resume)
			 : "rcx", "r11", "memory");
	if (failed(result)) syscall1(SYS_exit_group, 134);
}

/* All but the main one. */
static void start_threads(void)
{
	const uint64_t all_signals = ~0ul;
	uint64_t mask;
	syscall4(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &all_signals, &mask, 8);
	for (uint32_t i = 0; i < record()->thread_count; i++)
		if ((int32_t)i != record()->main_thread) start_thread(&record()->threads[i]);
	syscall4(SYS_rt_sigprocmask, 2, &mask, 0, 8);
}

#define TICK_NS 500000
#define LAST_TICK 8

static int timer, ticks;

/* Whether a wait has been interrupted: it ends, or is begun again. */
static int was_waiting(const struct signal_context *context)
{
	const uint16_t *next = (const uint16_t *)context->rip, syscall = 0x050f;
	return (context->rax == SYS_futex && *next == syscall) || ((long)context->rax == -EINTR && next[-1] == syscall);
}

/* One at a time: where a timer cannot be deleted it has to end by itself. */
static int begin_tick(void)
{
	static const struct { struct timespec interval, value; } delay = { { 0, 0 }, { 0, TICK_NS } };
	return syscall4(SYS_timer_settime, timer, 0, &delay, 0) == 0;
}

static void on_tick(int signal, const int *information, char *frame)
{
	static const struct kernel_sigaction default_action;
	(void)information;
	if (++ticks < LAST_TICK && !was_waiting((const struct signal_context *)frame) && begin_tick()) return;
	syscall1(SYS_timer_delete, timer);
	syscall4(SYS_rt_sigaction, signal, &default_action, 0, 8);
	start_threads();
}

/* V8's helpers have nothing to do in the first moments, but each page that the main thread then copies would
   interrupt the processors they ran on. So they are started after some of them, or when it waits, which may be for
   them: to give away more work than there were sleepers, libc waits until those are awake. By signals to the main
   thread, and not a thread that waits: what it starts has the user and the limits that the program has by then. */
static int start_threads_later(int main_id)
{
	const struct kernel_sigaction action = { (uint64_t)on_tick, SA_RESTORER | SA_RESTART, (uint64_t)freeze_restorer, ~0ul };
	/* struct sigevent and itimerspec */
	const struct { uint64_t value; int32_t signal, notify, thread, rest[11]; } event = { 0, SIGFREEZE, 4 /* SIGEV_THREAD_ID */, main_id, { 0 } };
	return syscall4(SYS_rt_sigaction, SIGFREEZE, &action, 0, 8) == 0
	       && syscall3(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0
	       && begin_tick();
}

void thaw(const struct machine *machine)
{
	if (!TABLE->thaw) return;
	verify_thaw_table();
	if (table()->magic != THAW_TABLE_MAGIC || !fits(machine)) return;
	/* Before anything is moved: V8 has other sources where there is no getrandom, here there is none. */
	uint64_t random[4], memory = memory_size();
	if (!can_have_heap(table(), record()->memory_size, memory)) return;
	if (syscall3(SYS_getrandom, random, sizeof random, 0) != sizeof random) return;
	const uint64_t all_signals = ~0ul;
	uint64_t mask, variable_count = 0;
	while (machine->environment[variable_count]) variable_count++;
	syscall4(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &all_signals, &mask, 8);
	if (!make_descriptors() || !place_memory()) {
		close_descriptors();
		syscall4(SYS_rt_sigprocmask, 2, &mask, 0, 8);
		return;
	}
	prefault();
	verify_thawed_memory();
	const struct freeze_record *frozen = record();
	thawed = has_bootstrap_begun = 1;
	find_kernel_clock(machine->auxiliary);
	set_clock_offset(0);
	set_clock_offset(frozen->monotonic_ns - monotonic_ns());
	for (int i = 1; i <= SIGNAL_COUNT; i++) {
		if (i == 9 || i == 19 || i == SIGFREEZE) continue;
		if (i < 32 || frozen->actions[i - 1].handler) syscall4(SYS_rt_sigaction, i, &frozen->actions[i - 1], 0, 8);
	}
	memcpy((void *)table()->random_state, random, 16);
	memcpy((void *)table()->generator_state, random + 2, 16);
	set_heap_limits(table(), memory);
	/* As node does: what was inherited does not go to children. */
	for (int descriptor = 0; descriptor < FIRST_OWN_DESCRIPTOR; descriptor++)
		if (syscall3(SYS_fcntl, descriptor, F_SETFD, FD_CLOEXEC) < 0 && descriptor > 15) break;

	/* The vector stays where it is: nothing returns from here. */
	const char *const *frozen_variable = *(const char *const **)TABLE->environ;
	uint64_t frozen_count = 0;
	while (frozen_variable && frozen_variable[frozen_count]) frozen_count++;
	char **vector = __builtin_alloca(8 * (variable_count + frozen_count + 1));
	set_environment(machine, vector);

	set_title(machine->argument_count ? machine->arguments[0] : "");
	const struct frozen_thread *main_thread = &frozen->threads[frozen->main_thread];
	syscall3(SYS_arch_prctl, ARCH_SET_FS, main_thread->thread_pointer, 0);
	int32_t *id = (int32_t *)(main_thread->thread_pointer + THREAD_ID_OFFSET);
	*id = (int32_t)syscall1(SYS_set_tid_address, id);
	if (*id < 0) *id = (int32_t)syscall1(SYS_gettid, 0);
	if (rehearsing) arm_rehearsal();
	if (!start_threads_later(*id)) start_threads();
	resume(main_thread);
}
