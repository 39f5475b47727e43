/* The start of an executable that has a frozen process inside: compares the world with the one of the build,
   maps, moves or copies its memory into place, makes descriptors, signals and threads as
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

/* Memory of the file: mapped anew, or where the file cannot be opened, moved from where the kernel has mapped it, which takes longer. */
static long move_memory(const struct thaw_operation *one, long file)
{
	const long flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, offset = (long)file_offset_of(one->source);
	const int is_known = file >= 0 && offset > 0;
	if (is_known && !failed(syscall6(SYS_mmap, (long)one->address, (long)one->size, one->protection, flags, file, offset))) return 0;
	return syscall5(SYS_mremap, (long)one->source, (long)one->size, (long)one->size, MREMAP_MAYMOVE | MREMAP_FIXED, (long)one->address);
}

/* What the kernel has mapped of the file to be moved, behind the table: it would be there twice. */
static void unmap_sources(void)
{
	const uint64_t start = PAGE_UP((uint64_t)table() + table()->size);
	uint64_t end = start;
	for (uint64_t i = 0; i < table()->operation_count; i++) {
		const struct thaw_operation *one = &operations()[i];
		if (one->source && one->source + one->size > end) end = one->source + one->size;
	}
	syscall3(SYS_munmap, (long)start, (long)(end - start), 0);
}

/* Whether all of the memory is in place. If not, what was mapped is unmapped again. */
static int place_memory(void)
{
	const struct thaw_operation *list = operations();
	/* What node consists of may lie in another file. */
	const long file = TABLE->runtime ? -1 : open_this_very_file();
	uint64_t i = 0;
	for (; i < table()->operation_count; i++) {
		const struct thaw_operation *one = &list[i];
		long result = 0;
		switch (one->kind) {
		case OPERATION_EXPECT_FREE:
			result = map_free(one->address, one->size, 0);
			if (!failed(result)) syscall3(SYS_munmap, one->address, one->size, 0);
			break;
		case OPERATION_MAP:
			result = map_free(one->address, one->size, one->protection);
			break;
		case OPERATION_COPY:
			memcpy((void *)one->address, (const void *)one->source, one->size);
			break;
		case OPERATION_MOVE:
		case OPERATION_MOVE_LAST:
			result = move_memory(one, file);
			break;
		case OPERATION_PROTECT:
			result = syscall3(SYS_mprotect, one->address, one->size, one->protection);
			break;
		}
		if (!failed(result)) continue;
		if (one->kind == OPERATION_MOVE_LAST || one->kind == OPERATION_PROTECT) syscall1(SYS_exit_group, 134);
		while (i-- > 0) syscall3(SYS_munmap, list[i].address, list[i].size, 0);
		break;
	}
	const int is_whole = i == table()->operation_count;
	if (file >= 0) {
		syscall1(SYS_close, file);
		if (is_whole) unmap_sources();
	}
	return is_whole;
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

void own_locks(const struct frozen_thread *thread)
{
	const struct held_lock *locks = (const void *)table()->held_locks;
	const int32_t id = *(const int32_t *)(thread->thread_pointer + THREAD_ID_OFFSET);
	for (uint64_t i = 0; i < table()->held_lock_count; i++)
		if (locks[i].thread == (uint64_t)(thread - record()->threads)) *(int32_t *)locks[i].owner = id;
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
	freeze_record.heap_end = frozen->heap_end;
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

	place_title(machine);
	for (uint64_t i = 0; i < machine->argument_count; i++) {
		const uint64_t size = length_of(machine->arguments[i]) + 1;
		machine->arguments[i] = memcpy(__builtin_alloca(size), machine->arguments[i], size);
	}
	thaw_title(machine->argument_count ? machine->arguments[0] : "");
	const struct frozen_thread *main_thread = &frozen->threads[frozen->main_thread];
	syscall3(SYS_arch_prctl, ARCH_SET_FS, main_thread->thread_pointer, 0);
	int32_t *id = (int32_t *)(main_thread->thread_pointer + THREAD_ID_OFFSET);
	*id = (int32_t)syscall1(SYS_set_tid_address, id);
	if (*id < 0) *id = (int32_t)syscall1(SYS_gettid, 0);
	if (rehearsing) arm_rehearsal();
	start_threads_later(frozen);
	resume(main_thread);
}
