/* When a process crashes. */
#include "frozen.h"
#include "launcher.h"
#include "paths.h"
#include "verify.h"

/* The file is read, not memory: what is mapped wrong cannot be looked at. */
static void look_for_damage(const char *executable, long descriptor)
{
	if (!TABLE->seal.size) return;
	const uint64_t seal_size = TABLE->seal.size, room = (seal_size + 0xfff) & ~0xfffl;
	char *copy = (char *)syscall6(SYS_mmap, 0, (long)(room + CLUSTER), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *bytes = copy + room;
	if (descriptor < 0 || (long)copy < 0) return;
	const struct seal *seal = (const struct seal *)copy;
	if (syscall4(SYS_pread64, descriptor, copy, seal_size, TABLE->seal.file_offset) != (long)seal_size) damaged(executable, "end", TABLE->seal.file_offset);
	if (checksum(copy, seal_size) != TABLE->seal_checksum) damaged(executable, "seal", TABLE->seal.file_offset);
	long runtime = syscall4(SYS_openat, AT_FDCWD, (long)TABLE->runtime, O_RDONLY | O_CLOEXEC, 0);
	for (uint32_t i = 0; i < seal->part_count; i++) {
		const struct part *part = &seal->parts[i];
		const uint64_t *checksums = (const uint64_t *)(copy + seal->checksums) + part->first_cluster;
		for (uint64_t at = 0; at < part->size; at += CLUSTER, checksums++) {
			const uint64_t left = part->size - at, size = left < CLUSTER ? left : CLUSTER;
			long count = syscall4(SYS_pread64, part->offset & IN_RUNTIME ? runtime : descriptor, bytes, size, (part->offset & ~IN_RUNTIME) + at);
			if (part->name == LAUNCH_TABLE_PART) clear_root((struct launch_table *)bytes);
			if (count != (long)size || checksum(bytes, size) != *checksums) damaged(executable, PART_NAMES[part->name], part->offset + at);
		}
	}
	syscall1(SYS_close, descriptor);
}

static struct kernel_sigaction former[SIGNAL_COUNT + 1];

/* A crash may be the work of damage that nobody has seen: where nothing has been rehearsed, what is used is not looked at. */
static void on_crash(int signal, int32_t *information, void *context)
{
	/* node's own handler of these faults dies of all others. */
	int (*const is_of_webassembly)(int, void *, void *) = (void *)TABLE->webassembly_trap;
	if (signal == SIGSEGV && is_of_webassembly && is_of_webassembly(signal, information, context)) return;
	look_for_damage(executable_path, open_own_file());
	syscall4(SYS_rt_sigaction, signal, &former[signal], 0, 8);
	/* A fault happens again. What was sent does not (si_code: SI_USER, SI_TKILL), nor does a breakpoint, which is behind us. */
	if (information[2] <= 0 || signal == SIGTRAP) syscall3(SYS_tgkill, syscall1(SYS_getpid, 0), syscall1(SYS_gettid, 0), signal);
}

static const struct kernel_sigaction crash_action = { (uint64_t)on_crash, SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_NODEFER, (uint64_t)freeze_restorer, 0 };

/* The kernel may have mapped something wrong: none of the launcher's data is touched, and a second fault is the end. */
static void on_first_crash(int signal)
{
	(void)signal;
	look_for_damage(OWN_EXECUTABLE, syscall4(SYS_openat, AT_FDCWD, OWN_EXECUTABLE, O_RDONLY | O_CLOEXEC, 0));
}

void watch_first_crash(void)
{
	static const struct kernel_sigaction action = { (uint64_t)on_first_crash, SA_RESTORER | SA_NODEFER | SA_RESETHAND, (uint64_t)freeze_restorer, 0 };
	syscall4(SYS_rt_sigaction, SIGSEGV, &action, 0, 8);
	syscall4(SYS_rt_sigaction, SIGBUS, &action, 0, 8);
}

void watch_crashes(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT };
	/* What is in force when a build freezes the process is so in every start. */
	if (!TABLE->seal.size && !TABLE->may_freeze) return;
	for (unsigned i = 0; i < COUNT(signals); i++) {
		const int signal = signals[i];
		struct kernel_sigaction old;
		if (syscall4(SYS_rt_sigaction, signal, 0, &old, 8) < 0 || old.handler == crash_action.handler) continue;
		if (signal != SIGSEGV && old.handler != 0 /* SIG_DFL */) continue;
		former[signal] = old;
		syscall4(SYS_rt_sigaction, signal, &crash_action, 0, 8);
	}
}
