/* System calls and the kernel's constants. The launcher has no libc. What differs between machines is in machine.h
   of each target's directory: system call numbers, a few flags and structures, and the instructions. */
#pragma once
#include <stdint.h>
#include "machine.h"

enum { ENOENT = 2, ENOEXEC = 8, EINTR = 4, ENOMEM = 12, EBADF = 9, EACCES = 13, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ENFILE = 23, EROFS = 30, ENOSYS = 38, ELOOP = 40 };
enum { AT_FDCWD = -100, AT_EMPTY_PATH = 0x1000, O_CLOEXEC = 02000000, O_RDONLY = 0, MFD_CLOEXEC = 1 };
enum { PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20 };
enum { S_IFDIR = 0040000, S_IFREG = 0100000, S_IFLNK = 0120000, S_IFSOCK = 0140000, S_IFMT = 0170000 };
enum { O_ACCMODE = 3, O_TRUNC = 01000, AT_SYMLINK_NOFOLLOW = 0x100 };
enum { R_OK = 4, W_OK = 2, X_OK = 1, DT_DIR = 4, DT_REG = 8, DT_LNK = 10 };
enum { AT_NULL = 0, AT_PHDR = 3, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_ENTRY = 9, AT_EXECFN = 31 };

/* For freezing and thawing. */
enum { MAP_NORESERVE = 0x4000, MAP_FIXED_NOREPLACE = 0x100000, MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2, MADV_DONTNEED = 4, MADV_FREE = 8, MADV_WILLNEED = 3, MADV_POPULATE_WRITE = 23 };
enum { CLONE_THREAD_FLAGS = 0x3d0f00 /* VM FS FILES SIGHAND THREAD SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID */, CLONE_THREAD = 0x10000 };
enum { PR_SET_PDEATHSIG = 1, PR_SET_DUMPABLE = 4, PR_SET_NAME = 15, PR_GET_NAME = 16, PR_SET_NO_NEW_PRIVS = 38 };
enum { ADDR_NO_RANDOMIZE = 0x40000, ADDR_COMPAT_LAYOUT = 0x200000, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, FD_CLOEXEC = 1 };
enum { AT_RANDOM = 25, AT_PLATFORM = 15, AT_BASE_PLATFORM = 24, AT_SECURE = 23, AT_SYSINFO_EHDR = 33 };
enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_PROCESS_CPUTIME_ID = 2, CLOCK_MONOTONIC_RAW = 4, CLOCK_REALTIME_COARSE = 5, CLOCK_MONOTONIC_COARSE = 6 };
enum { SA_SIGINFO = 4, SA_RESTART = 0x10000000, SA_ONSTACK = 0x08000000, SA_NODEFER = 0x40000000, SA_RESETHAND = 0x80000000 };
enum { SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGCONT = 18, SIGSYS = 31, SIGFREEZE = 32 };
enum { RLIMIT_DATA = 2, RLIMIT_CORE = 4, RLIMIT_NOFILE = 7, RLIMIT_AS = 9 };

struct timespec {
	int64_t seconds, nanoseconds;
};

#define syscall5(n, a, b, c, d, e) syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define syscall1(n, a) syscall6(n, (long)(a), 0, 0, 0, 0, 0)
#define syscall3(n, a, b, c) syscall6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define syscall4(n, a, b, c, d) syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

/* Of a call whose result may be an address. */
static inline int failed(long result)
{
	return result < 0 && result > -4096;
}

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
