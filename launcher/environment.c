/* libc's functions for variables and for the process's own number. The image writer lets our copy of libc jump here (src/image/elf/libc.ts). In a build run they note what the
   program asks for. */
#include "archive.h"
#include "frozen.h"
#include "launcher.h"
#include "paths.h"

static char **variables(void)
{
	return *(char ***)TABLE->environ;
}

/* The value if this is the variable, else 0. */
char *value_if(char *variable, const char *name, uint64_t length)
{
	for (uint64_t i = 0; i < length; i++)
		if (variable[i] != name[i]) return 0;
	return variable[length] == '=' ? variable + length + 1 : 0;
}

void note(char *names, uint32_t *size, uint32_t limit, const char *name)
{
	const uint64_t length = length_of(name);
	for (uint32_t at = 0; at < *size; at += (uint32_t)length_of(names + at) + 1)
		if (same_text(names + at, name)) return;
	if (*size + length + 1 > limit) {
		/* Too many to compare in microseconds. */
		if (freezing == ARMED) barrier(BARRIER_JAVASCRIPT);
		return;
	}
	memcpy(names + *size, name, length + 1);
	*size += (uint32_t)length + 1;
}

/* What node asks for when it starts, and a thaw compares by value, or lets be found out anew. */
static int is_settled(const char *name)
{
	return same_text(name, "TZ") || same_text(name, "LC_ALL") || same_text(name, "LC_MESSAGES") || same_text(name, "LANG");
}

/* Whether ICU has data of this locale's language. If it has not that of all, each is an entry beside the libraries (src/link-elf.ts). */
static int has_language_of(const char *locale)
{
	uint64_t length = 0;
	while (locale[length] >= 'a' && locale[length] <= 'z') length++;
	return archive_find(&TABLE->system, locale, length) || !archive_find(&TABLE->system, "en", 2);
}

int has_bootstrap_begun;

struct frame {
	const struct frame *caller;
	uint64_t return_address;
};

static int is_within(uint64_t address, uint64_t start, uint64_t end)
{
	return address >= start && address < end;
}

/* Whether it is for process.env: getenv was called by uv_os_getenv, whose frame is the caller's, and that by node's
   environment; node itself comes by the first function of that, too. The image writer has looked at the instructions
   (src/image/elf/sealing.ts). */
static int is_for_program(const struct frame *frame)
{
	if (!is_within(without_signature(frame->return_address), TABLE->getenv_caller, TABLE->getenv_caller + 128)) return 0;
	frame = frame->caller;
	if (is_within(without_signature(frame->return_address), TABLE->environment_reader, TABLE->program_environment)) frame = frame->caller;
	return is_within(without_signature(frame->return_address), TABLE->program_environment, TABLE->program_environment_end);
}

/* What a library gets that asks for a variable which is sealed or not set. An empty name is no file at all: OpenSSL would
   read the host's openssl.cnf else, and node say that there is no directory of certificates. */
static char *without_value(const char *name)
{
	static const char no_file[] = "", certificates[] = "/etc/ssl/certs";
	if (is_unsealed) return 0;
	if (same_text(name, "OPENSSL_CONF")) return (char *)no_file;
	if (!same_text(name, "SSL_CERT_DIR")) return 0;
	barrier(BARRIER_JAVASCRIPT);
	return call_access(certificates, R_OK) < 0 ? (char *)no_file : 0;
}

char *hook_getenv(const char *name)
{
	const int is_library = !is_for_program(__builtin_frame_address(0));
	if (is_library && is_sealed_name(name)) return without_value(name);
	/* node looks there for modules; src/bootstrap/global-paths.ts. */
	if (!has_bootstrap_begun && same_text(name, "HOME")) return 0;
	uint64_t length = length_of(name);
	char **variable = variables();
	for (; variable && *variable; variable++) {
		char *value = value_if(*variable, name, length);
		if (!value) continue;
		/* V8 would write dates as "2026 M11 26" in a language that it has no data of. In no locale it writes American English. */
		const int is_icu = is_library && is_settled(name) && (uint64_t)__builtin_return_address(0) < LAUNCHER_TEXT;
		return is_icu && !has_language_of(value) ? (char *)"C" : value;
	}
	if (freezing == ARMED || (freezing == BOOTING && !is_sealed_name(name) && !is_settled(name)))
		note(freeze_record.read_names, &freeze_record.read_size, sizeof freeze_record.read_names, name);
	return is_library ? without_value(name) : 0;
}

int hook_unsetenv(const char *name)
{
	uint64_t length = length_of(name);
	char **to = variables();
	if (freezing == ARMED)
		note(freeze_record.deleted_names, &freeze_record.deleted_size, sizeof freeze_record.deleted_names, name);
	for (char **from = to; from && *from; from++)
		if (!value_if(*from, name, length)) *to++ = *from;
	if (to) *to = 0;
	return 0;
}

/* What no process has as its number. */
#define BUILD_RUN_PID 0x7ffffffe

int hook_getpid(void)
{
	/* node and V8 ask often, for their own use; what JavaScript sees of it the bootstrap sees to. */
	if (freezing == ARMED && (uint64_t)__builtin_return_address(0) >= LAUNCHER_TEXT) barrier(BARRIER_PID);
	return freezing == BOOTING ? BUILD_RUN_PID : (int)syscall1(SYS_getpid, 0);
}

/* In place of OpenSSL's openssl_get_fork_id: it compares this with what it was at the last draw of random
   bytes, and seeds its generators anew when the process has become another one. It asks at every draw, and a
   draw is what no image may have seen. */
int hook_fork_id(void)
{
	if (freezing == ARMED) barrier(BARRIER_RANDOM);
	return freezing == BOOTING ? BUILD_RUN_PID : (int)syscall1(SYS_getpid, 0);
}

int hook_environ(void *items, int *count)
{
	barrier(BARRIER_ENVIRONMENT);
	return ((int (*)(void *, int *))TABLE->os_environ)(items, count);
}
