/* How the bootstrap speaks with the launcher: through calls on paths that are nobody's, below a file.
   src/bootstrap/start-image.ts names them too. */
#include "frozen.h"
#include "launcher.h"
#include "paths.h"
#include "verify.h"

static const struct machine *machine;

void remember_machine(const struct machine *one)
{
	machine = one;
}

/* The process's number, argv[0] and on, each with its zero. */
static long open_arguments(void)
{
	char digits[12];
	*append_number(digits, (uint64_t)syscall1(SYS_getpid, 0)) = 0;
	long descriptor = syscall3(SYS_memfd_create, "arguments", MFD_CLOEXEC, 0);
	write_all(descriptor, digits, length_of(digits) + 1);
	for (uint64_t i = 0; machine && i < machine->argument_count; i++)
		write_all(descriptor, machine->arguments[i], length_of(machine->arguments[i]) + 1);
	if (descriptor >= 0) syscall3(SYS_lseek, descriptor, 0, 0);
	return descriptor;
}

/* Where the seal is in the file, its size, and where in the launch table its root is: three numbers. */
static long open_seal_place(void)
{
	const uint64_t place[] = { TABLE->seal.file_offset, TABLE->seal.size, (uint64_t)TABLE->root - LAUNCH_TABLE };
	long descriptor = syscall3(SYS_memfd_create, "seal", MFD_CLOEXEC, 0);
	write_all(descriptor, (const char *)place, sizeof place);
	if (descriptor >= 0) syscall3(SYS_lseek, descriptor, 0, 0);
	return descriptor;
}

/* The process ends here, unless the build is to freeze it first. */
static void leave(int code)
{
	barrier(SYS_exit_group);
	end_rehearsal();
	restore_stdio();
	syscall1(SYS_exit_group, code);
}

static uint64_t hexadecimal(const char *text)
{
	uint64_t value = 0;
	for (; *text; text++) value = value << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
	return value;
}

/* What bind says to a socket address, of which the bytes are in hexadecimal: whether a program may listen there. */
static long try_bind(const char *text)
{
	uint8_t address[28] = { 0 }; /* struct sockaddr_in6, of which sockaddr_in is the shorter */
	for (uint64_t i = 0; text[i] && i < 2 * sizeof address; i++)
		address[i / 2] = (uint8_t)(address[i / 2] << 4 | ((text[i] & 15) + 9 * (text[i] >> 6)));
	const int yes = 1;
	long socket = syscall3(SYS_socket, *(const uint16_t *)address, 1 /* SOCK_STREAM */ | O_CLOEXEC, 0);
	syscall5(SYS_setsockopt, socket, 1 /* SOL_SOCKET */, 2 /* SO_REUSEADDR */, &yes, sizeof yes);
	long result = syscall3(SYS_bind, socket, address, sizeof address);
	syscall1(SYS_close, socket);
	return result;
}

int control(const char *path, long *result)
{
	if (!starts_with(path, CONTROL_ROOT)) return 0;
	const char *verb = path + sizeof CONTROL_ROOT - 1;
	*result = 0;
	has_bootstrap_begun = 1;
	if (same_text(verb, "arguments")) *result = open_arguments();
	else if (same_text(verb, "maps")) *result = open_maps();
	else if (starts_with(verb, "exit/")) leave((int)number_of(verb + sizeof "exit/" - 1));
	else if (same_text(verb, "watch-end")) *result = watch_end() ? 0 : -ENOENT;
	else if (starts_with(verb, "end/")) end_with((int)number_of(verb + sizeof "end/" - 1));
	else if (same_text(verb, "hear-usr1")) {
		const uint64_t signal = 1ul << (10 /* SIGUSR1 */ - 1);
		*result = syscall4(SYS_rt_sigprocmask, 1 /* SIG_UNBLOCK */, &signal, 0, 8);
	}
	else if (same_text(verb, "barrier")) barrier(BARRIER_JAVASCRIPT);
	else if (starts_with(verb, "no-argument/") && freezing)
		note(freeze_record.arguments, &freeze_record.argument_size, sizeof freeze_record.arguments, verb + sizeof "no-argument/" - 1);
	else if (same_text(verb, "is-development")) *result = TABLE->is_development ? 0 : -ENOENT;
	else if (same_text(verb, "payload")) *result = map_development_payload() ? 0 : -ENOENT;
	else if (same_text(verb, "watch-crashes")) watch_crashes();
	else if (starts_with(verb, "bind/")) *result = try_bind(verb + sizeof "bind/" - 1);
	else if (same_text(verb, "own-file")) *result = open_own_file();
	else if (same_text(verb, "seal")) *result = open_seal_place();
	else if (same_text(verb, "verify-bootstrap")) verify_bootstrap();
	else if (starts_with(verb, "verify/")) {
		/* What a build run sees of its file says nothing of the one that it becomes. */
		if (freezing) *result = -ENOENT;
		else verify_archive(payload(), hexadecimal(verb + sizeof "verify/" - 1), 1);
	}
	else if (same_text(verb, "environment")) restore_variables();
	else if (starts_with(verb, "sealed/")) *result = is_sealed_from_outside(verb + sizeof "sealed/" - 1) ? 0 : -ENOENT;
	else if (starts_with(verb, "fuse/")) {
		/* A frozen process finds out about the file that it has become. */
		barrier(BARRIER_JAVASCRIPT);
		*result = is_open((uint64_t)number_of(verb + sizeof "fuse/" - 1)) ? 0 : -ENOENT;
	}
	else if (same_text(verb, "ready")) barrier(BARRIER_READY);
	else if (same_text(verb, "date-is-free") && freezing) date_is_free = 1;
	else if (same_text(verb, "arm") && freezing) arm_freeze();
	else if (same_text(verb, "trim") && freezing) trim_memory();
	else if (same_text(verb, "begin") && freezing) freeze_record.has_begun = 1;
	else if (same_text(verb, "step") && freezing) freeze_record.steps++;
	else if (same_text(verb, "copied") && freezing) {
		if (!freeze_record.copied) freeze_record.copied = freeze_record.steps + 1;
	}
	else if (same_text(verb, "seen-too-early")) barrier(BARRIER_LOOK);
	else if (same_text(verb, "arm") && rehearsing) arm_rehearsal();
	else if (same_text(verb, "is-rehearsing") && rehearsing) *result = 0;
	else if (same_text(verb, "rehearsed")) end_rehearsal();
	else if (starts_with(verb, "random/") && freezing) freeze_record.random = hexadecimal(verb + sizeof "random/" - 1);
	else if (same_text(verb, "is-freezing") && freezing) *result = 0;
	else *result = -ENOENT;
	return 1;
}
