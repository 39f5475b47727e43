/* Which pages of its file's memory does a start use? A tool of the build (src/freeze/used-pages.ts), and in no executable.

	trace-pages EXECUTABLE start|thaw < RANGES > PAGES

   Runs the executable as its parent and debugger, its own standard error as all of that one's output. It takes the access
   to the ranges away, from its first instruction on or from where a thaw goes on, and gives it back page by page as the
   process asks for it: by a fault, or by a system call that fails with EFAULT. Page tables would not tell: the kernel maps
   what lies around a page, too. It ends with the byte that ends a rehearsal (rehearse.c). A range is three numbers, start,
   end and protection; a page is one; what ends both lists is END. */
#include "sys.h"
#include "paths.h"

enum { SYS_wait4 = 61, SYS_kill = 62, SYS_ptrace = 101 };
enum { TRACEME = 0, SYSCALL = 24, GETREGS = 12, SETREGS = 13, SETOPTIONS = 0x4200, GETSIGINFO = 0x4202, GET_SYSCALL_INFO = 0x420e };
enum { TRACESYSGOOD = 1, TRACEFORK = 2, TRACEVFORK = 4, TRACECLONE = 8, EXITKILL = 0x100000 };
enum { SIGSTOP = 19, SIGKILL = 9, SYSCALL_STOP = SIGTRAP | 0x80, WALL = 0x40000000 };
enum { AT_ENTRY_OF_CALL = 1, AT_EXIT_OF_CALL = 2, EFAULT = 14 };
enum { REPORT = 3, END_BYTE = 0xff };
#define END (~0ul)
#define PAGE 4096ul
#define LAUNCHER 0x10000000ul
#define MAXIMUM_RANGES 8192
#define MAXIMUM_PAGES (1u << 19)
#define MAXIMUM_THREADS 256

struct registers {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, call, rip, cs, flags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};
struct call_information {
	uint8_t kind, pad[3];
	uint32_t architecture;
	uint64_t ip, sp, number_or_result, arguments[6], more[2];
};

static struct range {
	uint64_t start, end, protection;
	uint32_t first; /* its first page's place in is_open */
} ranges[MAXIMUM_RANGES];
static uint32_t range_count;
static uint8_t is_open[MAXIMUM_PAGES];
static uint64_t pages[MAXIMUM_PAGES];
static uint32_t page_count;
static int threads[MAXIMUM_THREADS], thread_count;
static int main_thread, memory;
static uint64_t syscall_instruction;
static int is_tracing;

static long ptrace(long request, int thread, uint64_t address, const void *data)
{
	return syscall4(SYS_ptrace, request, thread, address, data);
}

__attribute__((noreturn)) static void end(int code)
{
	if (main_thread) syscall3(SYS_kill, main_thread, SIGKILL, 0);
	syscall1(SYS_exit_group, code);
	__builtin_unreachable();
}

static int read_all(void *to, uint64_t size)
{
	for (uint64_t done = 0; done < size;) {
		long count = syscall3(SYS_read, 0, (char *)to + done, size - done);
		if (count <= 0) return 0;
		done += (uint64_t)count;
	}
	return 1;
}

static void read_ranges(void)
{
	uint64_t start, rest[2];
	uint32_t first = 0;
	while (read_all(&start, 8) && start != END) {
		if (range_count == MAXIMUM_RANGES || !read_all(rest, 16)) end(2);
		ranges[range_count++] = (struct range){ start, rest[0], rest[1], first };
		first += (uint32_t)((rest[0] - start) / PAGE);
		if (first > MAXIMUM_PAGES) end(2);
	}
}

/* The next stop of this thread. Signals that come in between are for later. */
static int wait_for_call(int thread, uint64_t *signals)
{
	int status;
	for (;;) {
		ptrace(SYSCALL, thread, 0, 0);
		if (syscall4(SYS_wait4, thread, &status, WALL, 0) != thread || (status & 0xff) != 0x7f) return 0;
		int signal = status >> 8 & 0xff;
		if (signal == SYSCALL_STOP) return 1;
		if (status >> 16 == 0) *signals |= 1ul << (signal - 1);
	}
}

/* In a thread that is stopped, but not at the entry of a call. */
static void inject_mprotect(int thread, uint64_t address, uint64_t size, uint64_t protection)
{
	struct registers saved, changed;
	uint64_t signals = 0;
	ptrace(GETREGS, thread, 0, &saved);
	changed = saved;
	changed.rip = syscall_instruction;
	changed.rax = SYS_mprotect;
	changed.call = ~0ul; /* no call to be restarted */
	changed.rdi = address, changed.rsi = size, changed.rdx = protection;
	ptrace(SETREGS, thread, 0, &changed);
	if (!wait_for_call(thread, &signals) || !wait_for_call(thread, &signals)) return;
	saved.call = ~0ul;
	ptrace(SETREGS, thread, 0, &saved);
	for (int signal = 1; signal <= 64; signal++)
		if (signals >> (signal - 1) & 1) syscall3(SYS_tgkill, main_thread, thread, signal);
}

static struct range *range_at(uint64_t address)
{
	uint32_t low = 0, high = range_count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (ranges[middle].end <= address) low = middle + 1;
		else high = middle;
	}
	return low < range_count && ranges[low].start <= address ? &ranges[low] : 0;
}

enum { ELSEWHERE, WAS_OPEN, OPENED };
/* Another thread may have asked for the same page a moment before: who comes after it tries again. But not for ever. */
static unsigned retries_left = 10000;

static int is_retried(int state)
{
	return state == OPENED || (state == WAS_OPEN && retries_left && retries_left--);
}

static int open_page(int thread, uint64_t address, int is_used)
{
	struct range *range = range_at(address);
	uint64_t page = address & ~(PAGE - 1);
	if (!range || !is_tracing) return ELSEWHERE;
	uint8_t *state = &is_open[range->first + (page - range->start) / PAGE];
	if (*state) return WAS_OPEN;
	*state = 1;
	if (is_used) pages[page_count++] = page;
	if (thread) inject_mprotect(thread, page, PAGE, range->protection);
	return OPENED;
}

/* What a failed call may have wanted: what an argument points to, or more of it, or what the words there point to. */
static int open_arguments(int thread, const struct registers *registers)
{
	const uint64_t arguments[] = { registers->rdi, registers->rsi, registers->rdx, registers->r10, registers->r8, registers->r9 };
	int most = ELSEWHERE;
	for (uint64_t page = 0; page < 16 && most != OPENED; page++)
		for (unsigned i = 0; i < COUNT(arguments); i++) {
			const int state = open_page(thread, arguments[i] + page * PAGE, 1);
			if (state > most) most = state;
		}
	for (unsigned i = 0; i < COUNT(arguments) && most != OPENED; i++) {
		uint64_t words[32] = { 0 };
		syscall4(SYS_pread64, memory, words, sizeof words, arguments[i]);
		for (unsigned k = 0; k < COUNT(words); k++) {
			const int state = open_page(thread, words[k], 1);
			if (state > most) most = state;
		}
	}
	return is_retried(most);
}

/* Memory that becomes another one is not asked for any more. */
static void at_entry(const struct call_information *call)
{
	const uint64_t address = call->arguments[0], size = call->arguments[1];
	const int is_fixed_mapping = call->number_or_result == SYS_mmap && call->arguments[3] & MAP_FIXED;
	switch (call->number_or_result) {
	case SYS_mprotect:
	case SYS_munmap:
	case SYS_mremap:
	case SYS_madvise:
	case SYS_mmap:
		if (call->number_or_result == SYS_mmap && !is_fixed_mapping) return;
		for (uint64_t at = address; at < address + size; at += PAGE) {
			struct range *range = range_at(at);
			if (range) open_page(0, at, call->number_or_result == SYS_mprotect || call->number_or_result == SYS_madvise);
			else {
				/* On to the next range. */
				uint32_t next = 0;
				while (next < range_count && ranges[next].start <= at) next++;
				if (next == range_count) return;
				at = ranges[next].start - PAGE;
			}
		}
		return;
	case SYS_write: {
		uint8_t byte = 0;
		if (address != REPORT || call->arguments[2] != 1) return;
		syscall4(SYS_pread64, memory, &byte, 1, size);
		if (byte != END_BYTE) return;
		const uint64_t last = END;
		write_all(1, (const char *)pages, 8ul * page_count);
		write_all(1, (const char *)&last, 8);
		end(0);
	}
	}
}

static void begin_tracing(int thread)
{
	for (uint32_t i = 0; i < range_count; i++) inject_mprotect(thread, ranges[i].start, ranges[i].end - ranges[i].start, 0);
	is_tracing = 1;
}

static void find_syscall_instruction(void)
{
	static char code[0x4000];
	long size = syscall4(SYS_pread64, memory, code, sizeof code, LAUNCHER);
	for (long i = 0; i + 1 < size && !syscall_instruction; i++)
		if (code[i] == 0x0f && code[i + 1] == 0x05) syscall_instruction = LAUNCHER + (uint64_t)i;
	if (!syscall_instruction) end(3);
}

static int is_known(int thread)
{
	for (int i = 0; i < thread_count; i++)
		if (threads[i] == thread) return 1;
	if (thread_count < MAXIMUM_THREADS) threads[thread_count++] = thread;
	return 0;
}

static void open_memory(void)
{
	char path[32] = "/proc/";
	memcpy(append_number(path + 6, (uint64_t)main_thread), "/mem", 5);
	memory = (int)syscall4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (memory < 0) end(3);
}

static void on_call(int thread, int is_thaw)
{
	struct call_information call;
	struct registers registers;
	if (ptrace(GET_SYSCALL_INFO, thread, sizeof call, &call) <= 0) end(3);
	if (call.kind == AT_ENTRY_OF_CALL) {
		if (is_thaw && !is_tracing && call.number_or_result == SYS_rt_sigreturn) {
			/* A harmless call in its place, and then the call once more. */
			uint64_t signals = 0;
			ptrace(GETREGS, thread, 0, &registers);
			struct registers harmless = registers;
			harmless.call = SYS_gettid;
			ptrace(SETREGS, thread, 0, &harmless);
			if (!wait_for_call(thread, &signals)) end(3);
			registers.rip -= 2;
			registers.rax = SYS_rt_sigreturn;
			registers.call = ~0ul;
			ptrace(SETREGS, thread, 0, &registers);
			begin_tracing(thread);
		} else if (is_tracing) at_entry(&call);
		return;
	}
	if (is_tracing && call.kind == AT_EXIT_OF_CALL && (long)call.number_or_result == -EFAULT) {
		ptrace(GETREGS, thread, 0, &registers);
		if (!open_arguments(thread, &registers)) return;
		registers.rax = registers.call;
		registers.rip -= 2;
		registers.call = ~0ul;
		ptrace(SETREGS, thread, 0, &registers);
	}
}

__attribute__((noreturn, used)) static void run(uint64_t *stack)
{
	uint64_t argument_count = stack[0];
	char **arguments = (char **)(stack + 1), **environment = arguments + argument_count + 1;
	if (argument_count != 3) end(2);
	const int is_thaw = same_text(arguments[2], "thaw");
	read_ranges();
	long child = syscall1(SYS_fork, 0);
	if (child == 0) {
		char *none[] = { arguments[1], 0 };
		long nothing = syscall4(SYS_openat, AT_FDCWD, "/dev/null", 2 /* O_RDWR */, 0);
		syscall3(SYS_dup2, nothing, 0, 0);
		syscall3(SYS_dup2, 2, 1, 0);
		ptrace(TRACEME, 0, 0, 0);
		syscall3(SYS_execve, arguments[1], none, environment);
		syscall1(SYS_exit_group, 127);
	}
	if (child < 0) end(3);
	main_thread = (int)child;
	int status;
	/* The stop after execve. */
	if (syscall4(SYS_wait4, child, &status, WALL, 0) != child || (status & 0xff) != 0x7f) end(3);
	is_known((int)child);
	open_memory();
	ptrace(SETOPTIONS, main_thread, 0, (const void *)(uint64_t)(TRACESYSGOOD | TRACECLONE | TRACEFORK | TRACEVFORK | EXITKILL));
	find_syscall_instruction();
	if (!is_thaw) begin_tracing(main_thread);
	ptrace(SYSCALL, main_thread, 0, 0);
	for (;;) {
		int thread = (int)syscall4(SYS_wait4, -1, &status, WALL, 0);
		if (thread < 0) end(4);
		if ((status & 0xff) != 0x7f) {
			if (thread == main_thread) end(4);
			continue;
		}
		int signal = status >> 8 & 0xff;
		long pass = 0;
		/* struct siginfo: si_signo, si_errno, si_code, …, si_addr */
		uint64_t information[16];
		if (signal == SYSCALL_STOP) on_call(thread, is_thaw);
		else if (status >> 16) pass = 0;
		else if (signal == SIGSTOP && !is_known(thread)) pass = 0;
		else if (signal == SIGSEGV && ptrace(GETSIGINFO, thread, 0, information) >= 0 && is_retried(open_page(thread, information[2], 1))) pass = 0;
		else pass = signal;
		ptrace(SYSCALL, thread, 0, (const void *)pass);
	}
}

__asm__(".text\n.globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall run\n\tud2\n");
