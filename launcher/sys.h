/* System calls and the kernel's constants, x86-64. The launcher has no libc. */
#pragma once
#include <stdint.h>

enum { SYS_stat = 4, SYS_fstat = 5, SYS_lstat = 6, SYS_lseek = 8, SYS_readlink = 89, SYS_getdents64 = 217, SYS_readlinkat = 267, SYS_faccessat = 269,
       SYS_statx = 332, SYS_faccessat2 = 439, SYS_read = 0, SYS_close = 3, SYS_mmap = 9, SYS_mprotect = 10, SYS_pread64 = 17, SYS_access = 21,
       SYS_getcwd = 79, SYS_openat = 257, SYS_newfstatat = 262, SYS_exit_group = 231, SYS_write = 1, SYS_memfd_create = 319, SYS_execveat = 322, SYS_execve = 59 };

enum { ENOENT = 2, ENOEXEC = 8, EBADF = 9, EACCES = 13, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ENFILE = 23, EROFS = 30, ELOOP = 40 };
enum { AT_FDCWD = -100, AT_EMPTY_PATH = 0x1000, O_CLOEXEC = 02000000, O_RDONLY = 0, MFD_CLOEXEC = 1 };
enum { PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20 };
enum { S_IFDIR = 0040000, S_IFREG = 0100000, S_IFLNK = 0120000 };
enum { O_ACCMODE = 3, O_TRUNC = 01000, O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000, AT_SYMLINK_NOFOLLOW = 0x100 };
enum { R_OK = 4, W_OK = 2, X_OK = 1, DT_DIR = 4, DT_REG = 8, DT_LNK = 10 };
enum { AT_NULL = 0, AT_PHDR = 3, AT_PHNUM = 5, AT_BASE = 7, AT_ENTRY = 9, AT_EXECFN = 31 };

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
