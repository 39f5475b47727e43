/* A rehearsal: the build lets the finished program start once or twice, to learn which of its modules and
   pages a start needs (src/freeze/rehearse.ts). What the program does in it reaches nobody: it has an empty
   root, a network of its own with nothing in it, no children, and what it writes is lost.

   The filter answers most calls itself, so a program goes on as it would where there is nothing. */
#include "filter.h"
#include "frozen.h"
#include "launcher.h"
#include "paths.h"

int rehearsing;
static int has_own_network;

enum { CLONE_NEWUSER = 0x10000000, CLONE_NEWNET = 0x40000000, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10 };
enum { EPERM = 1, ENETUNREACH = 101 };
/* An event loop that waits for longer waits for the world. */
#define IDLE_MS 10

void prepare_rehearsal(void)
{
	rehearsing = 1;
	has_own_network = syscall1(SYS_unshare, CLONE_NEWNET) >= 0 || syscall1(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNET) >= 0;
	syscall6(SYS_prctl, PR_SET_PDEATHSIG, 9, 0, 0, 0, 0);
	refuse_shared(); /* a ring would be a way around the filter */
}

int is_out_of_reach(const char *path)
{
	return rehearsing && path && *path && !same_text(path, "/proc/self/exe");
}

void end_rehearsal(void)
{
	if (!rehearsing) return;
	syscall3(SYS_write, REPORT_DESCRIPTOR, END_OF_REPORT, 1);
	wait_for_the_end();
}

/* The program's addresses may not be those of its network: any will do. */
static long bind_anywhere(int descriptor, const void *address, uint64_t size)
{
	char copy[28] = { 0 }; /* struct sockaddr_in6, of which sockaddr_in is the shorter */
	memcpy(copy, address, size < sizeof copy ? size : sizeof copy);
	const uint16_t family = *(const uint16_t *)copy;
	if (family == AF_UNIX) return -EACCES;
	if (family == AF_INET || family == AF_INET6)
		for (uint64_t i = 4; i < sizeof copy; i++) copy[i] = 0;
	return syscall3(SYS_bind, descriptor, copy, size < sizeof copy ? size : sizeof copy);
}

static void on_trap(int signal, const int *information, char *frame)
{
	struct signal_context *context = (struct signal_context *)frame;
	int number = (int)context->rax;
	(void)signal, (void)information;
	switch (number) {
	case SYS_exit_group: end_rehearsal(); break;
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
		if (!wait_a_little(context, IDLE_MS)) end_rehearsal();
		return;
	case SYS_bind:
		context->rax = (uint64_t)bind_anywhere((int)context->rdi, (const void *)context->rsi, context->rdx);
		return;
	}
}

void arm_rehearsal(void)
{
	const struct kernel_sigaction action = { (uint64_t)on_trap, SA_SIGINFO | SA_RESTORER | SA_RESTART,
						 (uint64_t)freeze_restorer, ~0ul };
	syscall4(SYS_rt_sigaction, SIGSYS, &action, 0, 8);

	/* What asks, waits, or is about what the process has made itself. */
	static const uint16_t harmless[] = {
		0 /* read */, 1 /* write */, 3 /* close */, 5 /* fstat */, 7 /* poll */, 8 /* lseek */, 9 /* mmap */, 10 /* mprotect */,
		11 /* munmap */, 12 /* brk */, 13 /* rt_sigaction */, 14 /* rt_sigprocmask */, 15 /* rt_sigreturn */, 16 /* ioctl */,
		17 /* pread64 */, 18 /* pwrite64 */, 19 /* readv */, 20 /* writev */, 22 /* pipe */, 23 /* select */, 24 /* sched_yield */, 25 /* mremap */,
		27 /* mincore */, 28 /* madvise */, 32 /* dup */, 33 /* dup2 */, 35 /* nanosleep */, 36 /* getitimer */, 39 /* getpid */,
		43 /* accept */, 44 /* sendto */, 45 /* recvfrom */, 46 /* sendmsg */, 47 /* recvmsg */, 48 /* shutdown */, 50 /* listen */,
		51 /* getsockname */, 52 /* getpeername */, 53 /* socketpair */, 54 /* setsockopt */, 55 /* getsockopt */, 60 /* exit */,
		63 /* uname */, 72 /* fcntl */, 79 /* getcwd */, 95 /* umask */, 96 /* gettimeofday */, 97 /* getrlimit */, 98 /* getrusage */,
		99 /* sysinfo */, 100 /* times */, 102 /* getuid */, 104 /* getgid */, 107 /* geteuid */, 108 /* getegid */, 110 /* getppid */,
		111 /* getpgrp */, 115 /* getgroups */, 118 /* getresuid */, 120 /* getresgid */, 121 /* getpgid */, 124 /* getsid */,
		125 /* capget */, 131 /* sigaltstack */, 140 /* getpriority */, 143 /* sched_getparam */, 145 /* sched_getscheduler */,
		157 /* prctl */, 158 /* arch_prctl */, 186 /* gettid */, 201 /* time */, 202 /* futex */, 204 /* sched_getaffinity */,
		213 /* epoll_create */, 217 /* getdents64 */, 218 /* set_tid_address */, 219 /* restart_syscall */, 228 /* clock_gettime */,
		229 /* clock_getres */, 230 /* clock_nanosleep */, 233 /* epoll_ctl */, 270 /* pselect6 */, 271 /* ppoll */,
		273 /* set_robust_list */, 274 /* get_robust_list */, 288 /* accept4 */, 290 /* eventfd2 */, 291 /* epoll_create1 */,
		292 /* dup3 */, 293 /* pipe2 */, 295 /* preadv */, 296 /* pwritev */, 309 /* getcpu */, 318 /* getrandom */, 319 /* memfd_create */,
		324 /* membarrier */, 334 /* rseq */, 436 /* close_range */, 283 /* timerfd_create */, 286 /* timerfd_settime */,
	};
	static const struct { uint16_t number, error; } refused[] = {
		{ SYS_stat, ENOENT }, { SYS_lstat, ENOENT }, { SYS_access, ENOENT }, { SYS_newfstatat, ENOENT }, { SYS_faccessat, ENOENT },
		{ SYS_faccessat2, ENOENT }, { SYS_readlink, ENOENT }, { SYS_readlinkat, ENOENT }, { SYS_openat, ENOENT }, { 42 /* connect */, ENETUNREACH },
		{ SYS_clone3, ENOSYS }, { SYS_io_uring_setup, ENOSYS },
	};
	static const uint16_t trapped[] = { SYS_exit_group, SYS_bind };
	struct filter_instruction filter[2 * (COUNT(harmless) + COUNT(refused) + COUNT(trapped)) + 48];
	uint32_t count = allow_launcher(filter);
	ADD(LOAD(NUMBER));
	for (uint32_t i = 0; i < COUNT(harmless); i++) {
		ADD(IF_EQUAL(harmless[i], 0, 1));
		ADD(RETURN(ALLOW));
	}
	for (uint32_t i = 0; i < COUNT(refused); i++) {
		ADD(IF_EQUAL(refused[i].number, 0, 1));
		ADD(RETURN((uint32_t)(FAIL | refused[i].error)));
	}
	for (uint32_t i = 0; i < COUNT(trapped); i++) {
		ADD(IF_EQUAL(trapped[i], 0, 1));
		ADD(RETURN(TRAP));
	}
	ADD(IF_EQUAL(SYS_epoll_wait, 1, 0));
	ADD(IF_EQUAL(SYS_epoll_pwait, 0, 1));
	ADD(RETURN((uint32_t)(is_thawed() ? TRAP : ALLOW)));
	/* Of files that are open already. */
	ADD(IF_EQUAL(SYS_statx, 0, 4));
	ADD(LOAD(ARGUMENT_2));
	ADD(IF_SET(AT_EMPTY_PATH, 0, 1));
	ADD(RETURN(ALLOW));
	ADD(RETURN(FAIL | ENOENT));
	ADD(IF_EQUAL(SYS_clone, 0, 4));
	ADD(LOAD(ARGUMENT_0));
	ADD(IF_SET(CLONE_THREAD, 0, 1));
	ADD(RETURN(ALLOW));
	ADD(RETURN(FAIL | EPERM));
	ADD(IF_EQUAL(SYS_prlimit64, 0, 4));
	ADD(LOAD(ARGUMENT_2));
	ADD(IF_EQUAL(0, 0, 1));
	ADD(RETURN(ALLOW));
	ADD(RETURN(FAIL | EPERM));
	/* Sockets with a name in the file system lead out of the network. */
	ADD(IF_EQUAL(41 /* socket */, 0, 4));
	ADD(LOAD(ARGUMENT_0));
	ADD(IF_EQUAL(AF_UNIX, 1, 0));
	ADD(RETURN((uint32_t)(has_own_network ? ALLOW : FAIL | EACCES)));
	ADD(RETURN(FAIL | EACCES));
	ADD(IF_EQUAL(SYS_tgkill, 0, 4));
	ADD(LOAD(ARGUMENT_0));
	ADD(IF_EQUAL((uint32_t)syscall1(SYS_getpid, 0), 0, 1));
	ADD(RETURN(ALLOW));
	ADD(RETURN(FAIL | EPERM));
	ADD(RETURN(FAIL | EPERM));
	install_filter(filter, count);
}
