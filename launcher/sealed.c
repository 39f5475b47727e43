/* The variables that would change what the program is: they choose libraries, configuration, trust or code.

   While ld.so and node start, such a variable is hidden by changing its first byte to HIDDEN. Then it has its name
   back: the program and its children see what the user set. Libraries that ask later go without (environment.c). What
   node's own JavaScript asks process.env for is taken out, as it cannot be told from the program. */
#include "launcher.h"
#include "paths.h"

/* Beginnings of variables, one behind the other: those that node (its JavaScript, and what its getenv calls name),
   libuv, OpenSSL, c-ares, ICU, simdjson, libstdc++ and glibc read. */
static const char SEALED[] =
	"LD_\0GLIBC_TUNABLES=\0GLIBCXX_\0MALLOC_\0GCONV_PATH=\0LOCPATH=\0NLSPATH=\0GETCONF_DIR=\0NIS_PATH=\0HOSTALIASES=\0"
	"LOCALDOMAIN=\0RES_OPTIONS=\0RESOLV_\0CARES_HOSTS=\0OPENSSL_\0OSSL_\0QLOGDIR=\0CTLOG_FILE=\0RANDFILE=\0"
	"LEGACY_GOST_PKCS12=\0SSLKEYLOGFILE=\0ICU_\0SIMDJSON_\0SIMDUTF_\0UV_USE_IO_URING=\0NODE_OPTIONS=\0NODE_PATH=\0"
	"NODE_USE_\0NODE_COMPILE_CACHE\0NODE_DISABLE_COMPILE_CACHE=\0NODE_REDIRECT_WARNINGS=\0NODE_PENDING_\0"
	"NODE_PRESERVE_SYMLINKS\0NODE_ICU_DATA=\0NODE_SKIP_PLATFORM_CHECK=\0NODE_REPL_\0"
	/* Of a child, which gets them from its parent: `ingot test` has them so. */
	"NODE_DEBUG\0NODE_V8_COVERAGE=\0NODE_TEST_CONTEXT=\0NODE_TEST_WORKER_ID=\0NODE_NO_WARNINGS=\0";
static const char SEALED_CERTIFICATES[] = "SSL_CERT_\0NODE_EXTRA_CA_CERTS=\0";
/* What node's JavaScript asks for whenever it needs it, in workers too. */
static const char REMOVED[] =
	"NODE_DEBUG\0NODE_V8_COVERAGE=\0NODE_TEST_CONTEXT=\0NODE_TEST_WORKER_ID=\0NODE_NO_WARNINGS=\0NODE_TLS_REJECT_UNAUTHORIZED=\0"
	"WATCH_REPORT_DEPENDENCIES=\0UNDICI_NO_WASM_SIMD=\0";
/* Of a process that has been forked by another node. */
static const char CHANNEL[] = "NODE_CHANNEL_FD=\0NODE_CHANNEL_SERIALIZATION_MODE=\0NODE_UNIQUE_ID=\0";
int is_unsealed;
/* Below all that the kernel has given, and above all that the program sets. */
static uint64_t first_variable;

int is_open(uint64_t fuse)
{
	return (TABLE->fuses & fuse) != 0;
}

/* Whether the variable begins as one of the list, or, if only a name is given, is one. */
static int is_listed(const char *list, const char *variable, int is_name)
{
	for (; *list; list += length_of(list) + 1) {
		const char *listed = list, *at = variable;
		while (*at && *at == *listed) at++, listed++;
		if (!*listed || (is_name && !*at && *listed == '=')) return 1;
	}
	return 0;
}

static int is_sealed(const char *variable, int is_name)
{
	return is_listed(SEALED, variable, is_name) || (!is_open(FUSE_EXTRA_CA) && is_listed(SEALED_CERTIFICATES, variable, is_name));
}

int is_sealed_name(const char *name)
{
	return !is_unsealed && is_sealed(name, 1);
}

/* How many are left; what follows the variables stays where it is. */
static uint64_t remove_listed(char **environment, uint64_t count, const char *list)
{
	uint64_t left = 0;
	for (uint64_t i = 0; i < count; i++)
		if (!is_listed(list, environment[i], 0)) environment[left++] = environment[i];
	environment[left] = 0;
	return left;
}

static int has_channel(char **environment)
{
	struct kernel_stat stat;
	for (; *environment; environment++) {
		if (!starts_with(*environment, CHANNEL)) continue;
		int descriptor = number_of(*environment + length_of(CHANNEL));
		return descriptor > 2 && syscall3(SYS_fstat, descriptor, &stat, 0) == 0 && (stat.mode & S_IFMT) == S_IFSOCK;
	}
	return 0;
}

uint64_t remove_variables_of_node(char **environment, uint64_t count, int is_child)
{
	first_variable = (uint64_t)environment;
	if (is_child) return count;
	count = remove_listed(environment, count, REMOVED);
	/* node would end with a descriptor that is no channel, and take itself for a worker of a cluster. */
	return has_channel(environment) ? count : remove_listed(environment, count, CHANNEL);
}

void seal_variable(char *variable, int is_supervised)
{
	if (is_sealed(variable, 0) || (is_supervised && starts_with(variable, CHANNEL))) variable[0] = HIDDEN;
}

static void restore(char *variable, const char *list)
{
	for (; *list && *variable == HIDDEN; list += length_of(list) + 1)
		if (starts_with(variable + 1, list + 1)) *variable = *list;
}

void restore_variables(void)
{
	for (char **variable = *(char ***)TABLE->environ; variable && *variable; variable++) {
		restore(*variable, SEALED);
		restore(*variable, SEALED_CERTIFICATES);
		restore(*variable, CHANNEL);
	}
}

int is_sealed_from_outside(const char *name)
{
	const uint64_t length = length_of(name);
	for (char **variable = *(char ***)TABLE->environ; is_sealed_name(name) && variable && *variable; variable++)
		if (value_if(*variable, name, length)) return (uint64_t)*variable > first_variable;
	return 0;
}

/* A crash leaves no memory of the process behind, and who has the same user does not look into it. */
void forbid_core_dumps(void)
{
	static const uint64_t none[2];
	syscall3(SYS_prctl, PR_SET_DUMPABLE, 0, 0);
	syscall4(SYS_prlimit64, 0, RLIMIT_CORE, none, 0);
}
