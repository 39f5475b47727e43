/* x86-64: the kernel's interface, and what only its instructions can do. */
#pragma once
#include <stdint.h>

enum { SYS_stat = 4, SYS_fstat = 5, SYS_lstat = 6, SYS_lseek = 8, SYS_readlink = 89, SYS_getdents64 = 217, SYS_readlinkat = 267, SYS_faccessat = 269,
       SYS_statx = 332, SYS_faccessat2 = 439, SYS_read = 0, SYS_close = 3, SYS_mmap = 9, SYS_mprotect = 10, SYS_pread64 = 17, SYS_access = 21,
       SYS_getcwd = 79, SYS_openat = 257, SYS_newfstatat = 262, SYS_exit_group = 231, SYS_write = 1, SYS_memfd_create = 319, SYS_execveat = 322, SYS_execve = 59 };

/* For freezing and thawing. */
enum { SYS_rt_sigaction = 13, SYS_rt_sigprocmask = 14, SYS_rt_sigreturn = 15, SYS_mremap = 25, SYS_madvise = 28, SYS_dup2 = 33, SYS_nanosleep = 35,
       SYS_getpid = 39, SYS_clone = 56, SYS_fork = 57, SYS_vfork = 58, SYS_exit = 60, SYS_fcntl = 72, SYS_getrusage = 98, SYS_sysinfo = 99, SYS_sigaltstack = 131, SYS_ioctl = 16, SYS_munmap = 11, SYS_brk = 12,
       SYS_personality = 135, SYS_prctl = 157, SYS_arch_prctl = 158, SYS_gettid = 186, SYS_futex = 202, SYS_set_tid_address = 218, SYS_clock_gettime = 228,
       SYS_clock_nanosleep = 230, SYS_epoll_wait = 232, SYS_epoll_ctl = 233, SYS_tgkill = 234, SYS_set_robust_list = 273, SYS_get_robust_list = 274,
       SYS_epoll_pwait = 281, SYS_eventfd2 = 290, SYS_epoll_create1 = 291, SYS_dup3 = 292, SYS_pipe2 = 293, SYS_prlimit64 = 302, SYS_seccomp = 317,
       SYS_pkey_alloc = 330, SYS_rseq = 334, SYS_io_uring_setup = 425, SYS_clone3 = 435, SYS_getrandom = 318, SYS_sched_yield = 24, SYS_sched_getaffinity = 204, SYS_timer_create = 222, SYS_timer_settime = 223, SYS_timer_delete = 226,
       SYS_socket = 41, SYS_bind = 49, SYS_setsockopt = 54, SYS_unshare = 272, SYS_pwrite64 = 18 };
enum { ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003 };
enum { O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000 };
enum { SA_RESTORER = 0x04000000 };

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

/* e_machine, and where glibc has its parts. */
#define EM_NATIVE 62
#define LOADER_NAME "/ld-linux-x86-64.so.2"
#define LOADER_PATH "/lib64" LOADER_NAME
#define LIBRARY_DIRECTORY "/lib/x86_64-linux-gnu/"

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
#define call_access(path, mode) syscall6(SYS_access, (long)(path), (long)(mode), 0, 0, 0, 0)

static inline void copy_bytes(char *to, const char *from, uint64_t size)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

/* Goes on as a new process that begins at `entry`. */
__attribute__((noreturn)) static inline void enter(uint64_t *stack, uint64_t entry)
{
	/* rdx is the function that atexit would call: there is none. */
	__asm__ volatile("mov %0, %%rsp\n\txor %%edx, %%edx\n\txor %%ebp, %%ebp\n\tjmp *%1"
			 : : "r"(stack), "r"(entry) : "memory");
	__builtin_unreachable();
}

/* A return address as a frame has it. */
static inline uint64_t without_signature(uint64_t address)
{
	return address;
}
