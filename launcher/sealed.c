/* The variables that would change what the program is: they choose libraries, configuration, trust or code.

   While ld.so and node start, such a variable is hidden by changing its first byte to HIDDEN. Then it has its name
   back: the program and its children see what the user set. libraries that ask later go without (environment.c). What
   node's own JavaScript asks process.env for is taken out, as it cannot be told from the program. */
#include "launcher.h"
#include "paths.h"

/* node (its sources, and what its getenv calls name), libuv, OpenSSL, c-ares, ICU, simdjson, libstdc++ and glibc. A
   fuse lets one through. */
static const struct sealed {
	const char *name;
	uint64_t fuse;
} SEALED[] = {
	{ "LD_", 0 }, { "GLIBC_TUNABLES=", 0 }, { "GLIBCXX_", 0 }, { "MALLOC_", 0 }, { "GCONV_PATH=", 0 }, { "LOCPATH=", 0 },
	{ "NLSPATH=", 0 }, { "GETCONF_DIR=", 0 }, { "NIS_PATH=", 0 }, { "HOSTALIASES=", 0 }, { "LOCALDOMAIN=", 0 },
	{ "RES_OPTIONS=", 0 }, { "RESOLV_", 0 }, { "CARES_HOSTS=", 0 }, { "OPENSSL_", 0 }, { "OSSL_", 0 }, { "QLOGDIR=", 0 },
	{ "CTLOG_FILE=", 0 }, { "RANDFILE=", 0 }, { "LEGACY_GOST_PKCS12=", 0 }, { "SSL_CERT_", FUSE_EXTRA_CA },
	{ "SSLKEYLOGFILE=", 0 }, { "ICU_", 0 }, { "SIMDJSON_", 0 }, { "SIMDUTF_", 0 }, { "UV_USE_IO_URING=", 0 },
	{ "NODE_OPTIONS=", 0 }, { "NODE_PATH=", 0 }, { "NODE_EXTRA_CA_CERTS=", FUSE_EXTRA_CA }, { "NODE_USE_SYSTEM_CA=", 0 },
	{ "NODE_USE_ENV_PROXY=", 0 }, { "NODE_COMPILE_CACHE", 0 }, { "NODE_DISABLE_COMPILE_CACHE=", 0 },
	{ "NODE_REDIRECT_WARNINGS=", 0 }, { "NODE_PENDING_", 0 }, { "NODE_PRESERVE_SYMLINKS", 0 }, { "NODE_ICU_DATA=", 0 },
	{ "NODE_SKIP_PLATFORM_CHECK=", 0 }, { "NODE_REPL_", 0 }, { "NODE_DEBUG_NATIVE=", 0 },
	/* In a child, which gets them from its parent: `ingot test` has them so. */
	{ "NODE_DEBUG=", 0 }, { "NODE_V8_COVERAGE=", 0 }, { "NODE_TEST_", 0 }, { "NODE_NO_WARNINGS=", 0 },
};
/* What node's JavaScript asks for whenever it needs it, in workers too. */
static const char *const REMOVED[] = {
	"NODE_DEBUG=", "NODE_V8_COVERAGE=", "NODE_TEST_", "NODE_NO_WARNINGS=", "NODE_TLS_REJECT_UNAUTHORIZED=",
	"WATCH_REPORT_DEPENDENCIES=", "UNDICI_NO_WASM_SIMD=",
};
/* Of a process that has been forked by another node. */
static const char CHANNEL_DESCRIPTOR[] = "NODE_CHANNEL_FD=";
static const char *const CHANNEL[] = { CHANNEL_DESCRIPTOR, "NODE_CHANNEL_SERIALIZATION_MODE=", "NODE_UNIQUE_ID=" };
/* OpenSSL reads this instead of the host's openssl.cnf, and an empty name is no file at all. */
const char NO_OPENSSL_CONF[] = "OPENSSL_CONF=";

int is_unsealed;

int is_open(uint64_t fuse)
{
	return (TABLE->fuses & fuse) != 0;
}

static int is_sealed(const char *variable)
{
	for (unsigned i = 0; i < COUNT(SEALED); i++)
		if (starts_with(variable, SEALED[i].name)) return !is_open(SEALED[i].fuse);
	return 0;
}

int is_sealed_name(const char *name)
{
	if (is_unsealed) return 0;
	for (unsigned i = 0; i < COUNT(SEALED); i++) {
		const char *sealed = SEALED[i].name, *at = name;
		while (*at && *at == *sealed) at++, sealed++;
		if (!*sealed || (!*at && *sealed == '=')) return !is_open(SEALED[i].fuse);
	}
	return 0;
}

/* How many are left; what follows the variables stays where it is. */
static uint64_t remove_all(char **environment, uint64_t count, const char *const names[], unsigned name_count)
{
	uint64_t left = 0;
	for (uint64_t i = 0; i < count; i++) {
		int is_named = 0;
		for (unsigned k = 0; k < name_count; k++) is_named |= starts_with(environment[i], names[k]);
		if (!is_named) environment[left++] = environment[i];
	}
	environment[left] = 0;
	return left;
}

static int has_channel(char **environment)
{
	struct kernel_stat stat;
	for (; *environment; environment++) {
		if (!starts_with(*environment, CHANNEL_DESCRIPTOR)) continue;
		int descriptor = number_of(*environment + sizeof CHANNEL_DESCRIPTOR - 1);
		return descriptor > 2 && syscall3(SYS_fstat, descriptor, &stat, 0) == 0 && (stat.mode & S_IFMT) == S_IFSOCK;
	}
	return 0;
}

uint64_t remove_variables_of_node(char **environment, uint64_t count)
{
	count = remove_all(environment, count, REMOVED, COUNT(REMOVED));
	/* node would end with a descriptor that is no channel, and take itself for a worker of a cluster. */
	return has_channel(environment) ? count : remove_all(environment, count, CHANNEL, COUNT(CHANNEL));
}

void seal_variable(char *variable, int is_supervised)
{
	if (is_sealed(variable) || (is_supervised && starts_with(variable, CHANNEL_DESCRIPTOR))) variable[0] = HIDDEN;
}

void restore_variables(void)
{
	char **from = *(char ***)TABLE->environ, **to = from;
	for (; from && *from; from++) {
		char *variable = *from;
		if (variable == NO_OPENSSL_CONF) continue;
		*to++ = variable;
		if (*variable != HIDDEN) continue;
		for (unsigned i = 0; i < COUNT(SEALED) && *variable == HIDDEN; i++)
			if (starts_with(variable + 1, SEALED[i].name + 1)) *variable = *SEALED[i].name;
		if (starts_with(variable + 1, CHANNEL_DESCRIPTOR + 1)) *variable = *CHANNEL_DESCRIPTOR;
	}
	if (to) *to = 0;
}

/* A crash leaves no memory of the process behind, and who has the same user does not look into it. */
void forbid_core_dumps(void)
{
	static const uint64_t none[2];
	syscall3(SYS_prctl, PR_SET_DUMPABLE, 0, 0);
	syscall4(SYS_prlimit64, 0, RLIMIT_CORE, none, 0);
}
