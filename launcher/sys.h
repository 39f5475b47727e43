/* System calls and the kernel's constants, x86-64. The launcher has no libc. */
#pragma once
#include <stdint.h>

enum { SYS_stat = 4, SYS_fstat = 5, SYS_lstat = 6, SYS_lseek = 8, SYS_readlink = 89, SYS_getdents64 = 217, SYS_readlinkat = 267, SYS_faccessat = 269,
       SYS_statx = 332, SYS_faccessat2 = 439, SYS_read = 0, SYS_close = 3, SYS_mmap = 9, SYS_mprotect = 10, SYS_pread64 = 17, SYS_access = 21,
       SYS_getcwd = 79, SYS_openat = 257, SYS_newfstatat = 262, SYS_exit_group = 231, SYS_write = 1, SYS_memfd_create = 319, SYS_execveat = 322, SYS_execve = 59 };

enum { ENOENT = 2, ENOEXEC = 8, EINTR = 4, ENOMEM = 12, EBADF = 9, EACCES = 13, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ENFILE = 23, EROFS = 30, ENOSYS = 38, ELOOP = 40 };
enum { AT_FDCWD = -100, AT_EMPTY_PATH = 0x1000, O_CLOEXEC = 02000000, O_RDONLY = 0, MFD_CLOEXEC = 1 };
enum { PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20 };
enum { S_IFDIR = 0040000, S_IFREG = 0100000, S_IFLNK = 0120000, S_IFSOCK = 0140000, S_IFMT = 0170000 };
enum { O_ACCMODE = 3, O_TRUNC = 01000, O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000, AT_SYMLINK_NOFOLLOW = 0x100 };
enum { R_OK = 4, W_OK = 2, X_OK = 1, DT_DIR = 4, DT_REG = 8, DT_LNK = 10 };
enum { AT_NULL = 0, AT_PHDR = 3, AT_PHNUM = 5, AT_BASE = 7, AT_ENTRY = 9, AT_EXECFN = 31 };

/* For freezing and thawing. */
enum { SYS_rt_sigaction = 13, SYS_rt_sigprocmask = 14, SYS_rt_sigreturn = 15, SYS_mremap = 25, SYS_madvise = 28, SYS_dup2 = 33, SYS_nanosleep = 35,
       SYS_getpid = 39, SYS_clone = 56, SYS_fork = 57, SYS_vfork = 58, SYS_exit = 60, SYS_fcntl = 72, SYS_getrusage = 98, SYS_sysinfo = 99, SYS_sigaltstack = 131, SYS_ioctl = 16, SYS_munmap = 11,
       SYS_personality = 135, SYS_prctl = 157, SYS_arch_prctl = 158, SYS_gettid = 186, SYS_futex = 202, SYS_set_tid_address = 218, SYS_clock_gettime = 228,
       SYS_clock_nanosleep = 230, SYS_epoll_wait = 232, SYS_epoll_ctl = 233, SYS_tgkill = 234, SYS_set_robust_list = 273, SYS_get_robust_list = 274,
       SYS_epoll_pwait = 281, SYS_eventfd2 = 290, SYS_epoll_create1 = 291, SYS_dup3 = 292, SYS_pipe2 = 293, SYS_prlimit64 = 302, SYS_seccomp = 317,
       SYS_pkey_alloc = 330, SYS_rseq = 334, SYS_io_uring_setup = 425, SYS_clone3 = 435, SYS_getrandom = 318, SYS_sched_yield = 24, SYS_sched_getaffinity = 204, SYS_timer_create = 222, SYS_timer_settime = 223, SYS_timer_delete = 226,
       SYS_bind = 49, SYS_unshare = 272 };
enum { MAP_NORESERVE = 0x4000, MAP_FIXED_NOREPLACE = 0x100000, MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2, MADV_DONTNEED = 4, MADV_FREE = 8, MADV_WILLNEED = 3, MADV_POPULATE_WRITE = 23 };
enum { CLONE_THREAD_FLAGS = 0x3d0f00 /* VM FS FILES SIGHAND THREAD SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID */, CLONE_THREAD = 0x10000 };
enum { ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, PR_SET_PDEATHSIG = 1, PR_SET_DUMPABLE = 4, PR_SET_NAME = 15, PR_GET_NAME = 16, PR_SET_NO_NEW_PRIVS = 38 };
enum { ADDR_NO_RANDOMIZE = 0x40000, ADDR_COMPAT_LAYOUT = 0x200000, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, FD_CLOEXEC = 1 };
enum { AT_RANDOM = 25, AT_PLATFORM = 15, AT_BASE_PLATFORM = 24, AT_SECURE = 23, AT_SYSINFO_EHDR = 33 };
enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_MONOTONIC_RAW = 4, CLOCK_REALTIME_COARSE = 5, CLOCK_MONOTONIC_COARSE = 6 };
enum { SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_RESTART = 0x10000000, SA_ONSTACK = 0x08000000, SA_NODEFER = 0x40000000, SA_RESETHAND = 0x80000000 };
enum { SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGSYS = 31, SIGFREEZE = 32 };
enum { RLIMIT_DATA = 2, RLIMIT_CORE = 4, RLIMIT_NOFILE = 7, RLIMIT_AS = 9 };

struct timespec {
	int64_t seconds, nanoseconds;
};

/* struct ucontext of asm/ucontext.h and struct sigcontext behind it, as far as they are needed. */
struct signal_context {
	uint64_t flags, link, stack[3];
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
};

/* struct stat of asm/stat.h; ld.so looks at dev, ino, mode and size. */
struct kernel_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, pad;
	uint64_t rdev;
	int64_t size, block_size, blocks;
	uint64_t times[6];
	int64_t unused[3];
};

static inline long syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#define syscall5(n, a, b, c, d, e) syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define syscall1(n, a) syscall6(n, (long)(a), 0, 0, 0, 0, 0)
#define syscall3(n, a, b, c) syscall6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define syscall4(n, a, b, c, d) syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

/* As far as it goes: whoever reads the result sees what is missing. */
static inline void write_all(long descriptor, const char *bytes, uint64_t size)
{
	while (descriptor >= 0 && size > 0) {
		long count = syscall3(SYS_write, descriptor, bytes, size);
		if (count <= 0) return;
		bytes += count;
		size -= (uint64_t)count;
	}
}
