/* AArch64: the kernel's interface, and what only its instructions can do. */
#pragma once
#include <stdint.h>

/* asm-generic/unistd.h. What it does not have is a number that no call has. */
enum { SYS_getcwd = 17, SYS_fcntl = 25, SYS_ioctl = 29, SYS_faccessat = 48, SYS_openat = 56, SYS_close = 57, SYS_getdents64 = 61, SYS_lseek = 62,
       SYS_read = 63, SYS_write = 64, SYS_pread64 = 67, SYS_readlinkat = 78, SYS_newfstatat = 79, SYS_fstat = 80, SYS_exit_group = 94, SYS_futex = 98,
       SYS_clock_nanosleep = 115, SYS_tgkill = 131, SYS_rt_sigaction = 134, SYS_rt_sigprocmask = 135, SYS_rt_sigreturn = 139, SYS_prctl = 167,
       SYS_getpid = 172, SYS_getrusage = 165, SYS_gettid = 178, SYS_socket = 198, SYS_bind = 200, SYS_setsockopt = 208, SYS_execve = 221, SYS_mmap = 222, SYS_mprotect = 226, SYS_madvise = 233, SYS_prlimit64 = 261,
       SYS_memfd_create = 279, SYS_execveat = 281, SYS_statx = 291, SYS_faccessat2 = 439,
       SYS_stat = -1, SYS_lstat = -2, SYS_access = -3, SYS_readlink = -4 };
enum { O_DIRECTORY = 040000, O_NOFOLLOW = 0100000 };
enum { SA_RESTORER = 0x04000000 };

/* struct stat of asm-generic/stat.h; ld.so looks at dev, ino, mode and size. */
struct kernel_stat {
	uint64_t dev, ino;
	uint32_t mode, nlink, uid, gid;
	uint64_t rdev, pad;
	int64_t size;
	int32_t block_size, pad2;
	int64_t blocks;
	uint64_t times[6];
	uint32_t unused[2];
};

/* e_machine, and where glibc has its parts. */
#define EM_NATIVE 183
#define LOADER_NAME "/ld-linux-aarch64.so.1"
#define LOADER_PATH "/lib" LOADER_NAME
#define LIBRARY_DIRECTORY "/lib/aarch64-linux-gnu/"

static inline long syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
	return x0;
}
#define call_access(path, mode) syscall6(SYS_faccessat, AT_FDCWD, (long)(path), (long)(mode), 0, 0, 0)

static inline void copy_bytes(char *to, const char *from, uint64_t size)
{
	for (; size >= 8; size -= 8, to += 8, from += 8) __builtin_memcpy(to, from, 8);
	while (size--) *to++ = *from++;
}

/* Goes on as a new process that begins at `entry`. */
__attribute__((noreturn)) static inline void enter(uint64_t *stack, uint64_t entry)
{
	__asm__ volatile("mov sp, %0\n\tmov x29, xzr\n\tmov x30, xzr\n\tbr %1" : : "r"(stack), "r"(entry) : "memory");
	__builtin_unreachable();
}

/* A return address as a frame has it, without what signs it where node is built so. */
static inline uint64_t without_signature(uint64_t address)
{
	register uint64_t x30 __asm__("x30") = address;
	__asm__("hint 7" : "+r"(x30)); /* xpaclri */
	return x30;
}
