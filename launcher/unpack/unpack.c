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
enum { MFD_ALLOW_SEALING = 2, MFD_EXEC = 16, F_ADD_SEALS = 1033, F_SEALS = 15 /* SEAL, SHRINK, GROW, WRITE */ };
enum { MAP_SHARED = 1, MADV_HUGEPAGE = 14, PROT_NONE = 0 };
enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };
enum { EFBIG = 27, ENOSPC = 28 };
enum { RLIMIT_FSIZE = 1 };
#define CLONE_FLAGS 0x50f00 /* VM FS FILES SIGHAND THREAD SYSVSEM */
#define HUGE_PAGE 0x200000ul
#define THREAD_LIMIT 16
#define STACK_SIZE 0x10000

/* A signal handler's way back. */
void restore_signal(void);
long start_thread(void *stack_end, uint64_t flags);

static const char *executable;
static uint8_t *content;
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

/* Whoever is free takes the next frame. */
static void decompress_frames(struct zstd *state)
{
	for (;;) {
		const uint32_t index = __atomic_fetch_add(&next_frame, 1, __ATOMIC_RELAXED);
		if (index >= PACKED->frame_count) return;
		const struct frame *frame = &PACKED->frames[index];
		const uint8_t *bytes = (const uint8_t *)PACKED_FRAMES + frame->offset;
		uint8_t *to = content + frame->content_offset;
		if (checksum(bytes, (frame->size + 63) & ~63ul) != frame->checksum) is_damaged("compressed part");
		if (!zstd_decode(state, bytes, frame->size, to, frame->content_size)) is_damaged("compressed part");
		if (frame->flags & FRAME_OF_CODE) restore_calls(to, frame->content_size);
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
	const long memory = syscall6(SYS_mmap, 0, (long)(threads * room), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory < 0 && memory > -4096) is_refused("mmap", memory);
	/* Where no thread may be started, there is one that does it all. */
	for (uint64_t i = 1; i < threads; i++)
		if (start_thread((char *)memory + i * room + STACK_SIZE, CLONE_FLAGS) < 0) break;
	decompress_frames((struct zstd *)(memory + STACK_SIZE));
	for (uint32_t done; (done = __atomic_load_n(&frames_done, __ATOMIC_ACQUIRE)) < PACKED->frame_count;)
		syscall4(SYS_futex, &frames_done, FUTEX_WAIT_PRIVATE, done, 0);
}

/* Its size may not be beyond what the process may write to a file, although it is none on a disk. */
static void set_size(long file)
{
	uint64_t former[2], limit[2];
	const uint64_t size = PACKED->content_size;
	const int is_known = syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, former) == 0;
	if (is_known && former[0] < size) {
		/* The kernel would say so with a signal. */
		if (former[1] < size) is_refused("ftruncate", -EFBIG);
		limit[0] = limit[1] = former[1];
		syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, limit, 0);
	}
	const long result = syscall3(SYS_ftruncate, file, size, 0);
	if (result < 0) is_refused("ftruncate", result);
	if (is_known && former[0] < size) syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, former, 0);
}

static long make_file(void)
{
	/* The kernel shows it as the program's name in /proc/PID/maps. */
	char name[16] = "ingot";
	syscall3(SYS_prctl, PR_GET_NAME, name, 0);
	long file = syscall3(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC, 0);
	/* Before Linux 6.3 every such file may be executed. */
	if (file == -EINVAL) file = syscall3(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING, 0);
	if (file < 0) is_refused("memfd_create", file);
	set_size(file);
	return file;
}

/* Large pages are a tenth of the faults, where the kernel gives them. */
static void map_content(long file)
{
	const uint64_t size = PACKED->content_size;
	const long space = syscall6(SYS_mmap, 0, (long)(size + HUGE_PAGE), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (space < 0 && space > -4096) is_refused("mmap", space);
	const long at = (long)(((uint64_t)space + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	const long mapped = syscall6(SYS_mmap, at, (long)size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
	if (mapped < 0 && mapped > -4096) is_refused("mmap", mapped);
	content = (uint8_t *)mapped;
	syscall3(SYS_madvise, content, size, MADV_HUGEPAGE);
}

/* PACKED_VARIABLE with the path of the file, as node would find it. */
static void describe_file(char to[PATH_LIMIT * 2])
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
	const long file = make_file();
	map_content(file);
	decompress();

	/* Nobody can change what it is from here on. */
	syscall3(SYS_munmap, content, PACKED->content_size, 0);
	syscall3(SYS_fcntl, file, F_ADD_SEALS, F_SEALS);
	syscall4(SYS_rt_sigaction, signal, &former, 0, 8);

	char description[PATH_LIMIT * 2];
	describe_file(description);
	const char **variables = __builtin_alloca(8 * ((uint64_t)(end_of_environment - environment) + 2)), **to = variables;
	for (; *environment; environment++)
		if (!starts_with(*environment, PACKED_VARIABLE)) *to++ = *environment;
	*to++ = description;
	*to = 0;
	is_refused("execveat", syscall5(SYS_execveat, file, "", arguments, variables, AT_EMPTY_PATH));
}
