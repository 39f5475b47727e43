/* The start of a compressed executable: makes a file in memory, decompresses the executable into it on all processors, and
   becomes it. From there on everything is as in one that is not compressed (launch.c), but that it has no name in a file
   system: what it is called it is told by a variable (launcher/packed.c). */
#include "filter.h"
#include "frozen.h"
#include "packed.h"
#include "paths.h"
#include "sys.h"
#include "verify.h"
#include "zstd.h"

/* sysexits.h: EX_IOERR, EX_OSERR */
enum { EXIT_DAMAGED = 74, EXIT_REFUSED = 71 };
enum { MFD_EXEC = 16, MADV_HUGEPAGE = 14 };
enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };
enum { EFBIG = 27, ENOSPC = 28 };
enum { RLIMIT_FSIZE = 1 };
#define CLONE_FLAGS 0x50f00 /* VM FS FILES SIGHAND THREAD SYSVSEM */
#define THREAD_LIMIT 16
#define STACK_SIZE 0x10000

/* A signal handler's way back. */
void restore_signal(void);
long start_thread(void *stack_end, uint64_t flags);

static const char *executable;
static long file;
static uint32_t next_frame, frames_done;

static char *append(char *to, const char *text)
{
	while (*text) *to++ = *text++;
	return to;
}

static char *append_executable(char *to)
{
	return length_of(executable) < PATH_LIMIT ? append(to, executable) : to;
}

__attribute__((noreturn)) static void end(const char *text, const char *to, int code)
{
	write_all(2, text, (uint64_t)(to - text));
	syscall1(SYS_exit_group, code);
	__builtin_unreachable();
}

__attribute__((noreturn)) static void is_damaged(const char *what)
{
	char text[PATH_LIMIT + 256], *at = append_executable(append(text, "error EXECUTABLE_DAMAGED "));
	at = append(append(append(at, "  its "), what), " is damaged\n  help: copy the file again, or build it again; \"ingot verify\" looks at all of it\n");
	end(text, at, EXIT_DAMAGED);
}

__attribute__((noreturn)) static void lacks_memory(void)
{
	char text[PATH_LIMIT + 256], *at = append_executable(append(text, "error EXECUTABLE_NO_MEMORY "));
	at = append_number(append(at, "  it is compressed, and takes "), (PACKED->content_size >> 20) + 1);
	at = append(at, " MB of memory more than it would otherwise, which are not there\n  help: raise the limit of memory, or build without --compress\n");
	end(text, at, EXIT_REFUSED);
}

__attribute__((noreturn)) static void is_refused(const char *call, long error)
{
	if (error == -ENOMEM || error == -ENOSPC) lacks_memory();
	char text[PATH_LIMIT + 512], *at = append_executable(append(text, "error EXECUTABLE_REFUSED "));
	at = append(append(append(at, "  it is compressed, and this system refuses what it takes to start: "), call), " fails with error ");
	at = append_number(at, (uint64_t)-error);
	at = append(at, "\n  help: allow memfd_create and execveat (seccomp; vm.memfd_noexec below 2) and files of this size (ulimit -f), or build without --compress\n");
	end(text, at, EXIT_REFUSED);
}

/* A page that cannot be had: of the file, which is cut off, or of memory. */
static void on_fault(int signal, const int32_t *information, void *context)
{
	(void)signal, (void)context;
	const uint64_t address = *(const uint64_t *)(information + 4);
	if (address - PACKED_FRAMES < PACKED->frames_size) is_damaged("end");
	lacks_memory();
}

static void check_itself(void)
{
	uint64_t page[0x1000 / 8];
	memcpy(page, (const void *)PACKED_BASE, sizeof page);
	((struct packed_table *)((char *)page + (PACKED_TABLE - PACKED_BASE)))->checksum = 0;
	if (PACKED->magic != PACKED_MAGIC || PACKED->version != PACKED_VERSION || checksum(page, sizeof page) != PACKED->checksum) is_damaged("header");
	if (checksum((const void *)PACKED_CODE, PACKED->code_size) != PACKED->code_checksum) is_damaged("decompressor");
}

static uint8_t *allocate(uint64_t size)
{
	const long memory = syscall6(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory < 0 && memory > -4096) is_refused("mmap", memory);
	return (uint8_t *)memory;
}

static void write_content(const uint8_t *bytes, uint64_t size, uint64_t offset)
{
	while (size > 0) {
		const long count = syscall4(SYS_pwrite64, file, bytes, size, offset);
		if (count <= 0) is_refused("pwrite", count);
		bytes += count;
		size -= (uint64_t)count;
		offset += (uint64_t)count;
	}
}

static uint64_t largest_content(void)
{
	uint64_t largest = 0;
	for (uint64_t i = 0; i < PACKED->frame_count; i++)
		if (PACKED->frames[i].content_size > largest) largest = PACKED->frames[i].content_size;
	return largest;
}

/* Whoever is free takes the next frame. It is decompressed in memory of the process's own, which may have large pages, and
   then written: to map the file would cost two faults of the kernel for each of its small ones. */
static void decompress_frames(struct zstd *state)
{
	uint8_t *content = 0;
	const uint64_t room = largest_content();
	for (;;) {
		const uint32_t index = __atomic_fetch_add(&next_frame, 1, __ATOMIC_RELAXED);
		if (index >= PACKED->frame_count) return;
		if (!content) {
			content = allocate(room);
			syscall3(SYS_madvise, content, room, MADV_HUGEPAGE);
		}
		const struct frame *frame = &PACKED->frames[index];
		const uint8_t *bytes = (const uint8_t *)PACKED_FRAMES + frame->offset;
		if (checksum(bytes, (frame->size + 63) & ~63ul) != frame->checksum) is_damaged("compressed part");
		if (!zstd_decode(state, bytes, frame->size, content, frame->content_size)) is_damaged("compressed part");
		if (frame->flags & FRAME_OF_CODE) restore_calls(content, frame->content_size);
		write_content(content, frame->content_size, frame->content_offset);
		__atomic_add_fetch(&frames_done, 1, __ATOMIC_RELEASE);
		syscall3(SYS_futex, &frames_done, FUTEX_WAKE_PRIVATE, 1);
	}
}

/* start.S: a thread, whose stack ends here. */
void run_thread(char *stack_end)
{
	decompress_frames((struct zstd *)stack_end);
}

static uint64_t processor_count(void)
{
	uint64_t set[128], count = 0;
	const long size = syscall3(SYS_sched_getaffinity, 0, sizeof set, set);
	for (long i = 0; i < size / 8; i++)
		for (uint64_t bits = set[i]; bits; bits &= bits - 1) count++;
	return count ? count : 1;
}

static void decompress(void)
{
	const uint64_t room = (sizeof(struct zstd) + STACK_SIZE + 0xfff) & ~0xffful;
	uint64_t threads = processor_count();
	if (threads > PACKED->frame_count) threads = PACKED->frame_count;
	if (threads > THREAD_LIMIT) threads = THREAD_LIMIT;
	char *const memory = (char *)allocate(threads * room);
	/* Where no thread may be started, there is one that does it all. */
	for (uint64_t i = 1; i < threads; i++)
		if (start_thread(memory + i * room + STACK_SIZE, CLONE_FLAGS) < 0) break;
	decompress_frames((struct zstd *)(memory + STACK_SIZE));
	for (uint32_t done; (done = __atomic_load_n(&frames_done, __ATOMIC_ACQUIRE)) < PACKED->frame_count;)
		syscall4(SYS_futex, &frames_done, FUTEX_WAIT_PRIVATE, done, 0);
}

/* What a process may write to a file holds for this one, too, although it is none on a disk. Returns what it was. */
static uint64_t raise_file_limit(void)
{
	uint64_t former[2], limit[2];
	if (syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, former) < 0) return ~0ul;
	/* The kernel would say so with a signal. */
	if (former[1] < PACKED->content_size) is_refused("pwrite", -EFBIG);
	limit[0] = limit[1] = former[1];
	syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, limit, 0);
	return former[0];
}

static void restore_file_limit(uint64_t former)
{
	uint64_t limit[2];
	if (syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, limit) < 0) return;
	limit[0] = former;
	syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, limit, 0);
}

static void make_file(void)
{
	/* The kernel shows it as the program's name in /proc/PID/maps. */
	char name[16] = "ingot";
	syscall3(SYS_prctl, PR_GET_NAME, name, 0);
	file = syscall3(SYS_memfd_create, name, MFD_CLOEXEC | MFD_EXEC, 0);
	/* Before Linux 6.3 every such file may be executed. */
	if (file == -EINVAL) file = syscall3(SYS_memfd_create, name, MFD_CLOEXEC, 0);
	if (file < 0) is_refused("memfd_create", file);
}

/* PACKED_VARIABLE with the path of the file, as node would find it. */
#define DESCRIPTION_LIMIT (2 * PATH_LIMIT + 64)
static void describe_file(char to[DESCRIPTION_LIMIT])
{
	char *at = append(to, PACKED_VARIABLE);
	long length = syscall4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", at, PATH_LIMIT - 1);
	if (length > 0 && *at == '/') {
		at[length] = 0;
		return;
	}
	if (executable[0] != '/') {
		const long size = syscall3(SYS_getcwd, at, PATH_LIMIT, 0);
		if (size > 0 && *at == '/') at += size - 1;
		*at++ = '/';
	}
	*(length_of(executable) < PATH_LIMIT ? append(at, executable) : at) = 0;
}

__attribute__((noreturn)) void unpack(uint64_t *stack)
{
	static const int signal = SIGBUS;
	char **arguments = (char **)(stack + 1), **environment = arguments + stack[0] + 1, **end_of_environment = environment;
	while (*end_of_environment) end_of_environment++;
	executable = "";
	for (const uint64_t *at = (const uint64_t *)(end_of_environment + 1); *at != AT_NULL; at += 2)
		if (*at == AT_EXECFN) executable = (const char *)at[1];

	struct kernel_sigaction former, action = { (uint64_t)on_fault, SA_SIGINFO | SA_RESTORER, (uint64_t)restore_signal, 0 };
	syscall4(SYS_rt_sigaction, signal, &action, &former, 8);
	check_itself();
	syscall3(SYS_madvise, PACKED_FRAMES, PACKED->frames_size, MADV_WILLNEED);
	make_file();
	const uint64_t file_limit = raise_file_limit();
	decompress();
	restore_file_limit(file_limit);
	syscall4(SYS_rt_sigaction, signal, &former, 0, 8);

	char description[DESCRIPTION_LIMIT];
	describe_file(description);
	const char **variables = __builtin_alloca(8 * ((uint64_t)(end_of_environment - environment) + 2)), **to = variables;
	for (; *environment; environment++)
		if (!starts_with(*environment, PACKED_VARIABLE)) *to++ = *environment;
	*to++ = description;
	*to = 0;
	is_refused("execveat", syscall5(SYS_execveat, file, "", arguments, variables, AT_EMPTY_PATH));
}
