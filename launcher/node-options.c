/* What open fuses let the environment and the command line say to node. node takes options from one argument only,
   wherever it is: `--node-options=…`, in the syntax of NODE_OPTIONS. */
#include "frozen.h"
#include "launcher.h"
#include "paths.h"

static const char ARGUMENT[] = "--node-options=";
static const char NODE_OPTIONS[] = "NODE_OPTIONS=", EXTRA_CA[] = "NODE_EXTRA_CA_CERTS=";

static int is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == ':' || c == '-' || c == '[' || c == ']';
}

/* --inspect, --inspect-brk, --inspect-wait and --inspect-port, with a host and a port and no second option in it. */
static int asks_for_inspector(const char *argument)
{
	static const char *const names[] = { "--inspect", "--inspect-brk", "--inspect-wait", "--inspect-port" };
	for (unsigned i = 0; i < COUNT(names); i++) {
		if (!starts_with(argument, names[i])) continue;
		const char *at = argument + length_of(names[i]);
		if (*at == '=')
			for (at++; is_plain(*at);) at++;
		if (!*at) return 1;
	}
	return 0;
}

static const char *value_of(char **environment, const char *name)
{
	for (; *environment; environment++)
		if (starts_with(*environment, name)) return *environment + length_of(name);
	return 0;
}

static uint64_t append(char *to, const char *text)
{
	uint64_t length = length_of(text);
	if (to) memcpy(to, text, length);
	if (to) to[length] = ' ';
	return length + 1;
}

/* Without a place to write to, only the size. */
static uint64_t write_options(const struct machine *machine, char *to, int given, uint64_t inspecting)
{
	uint64_t size = 0;
#define APPEND(text) size += append(to ? to + size : 0, text)
	const char *variable = is_open(FUSE_NODE_OPTIONS) ? value_of(machine->environment, NODE_OPTIONS) : 0;
	if (is_open(FUSE_INSPECTOR)) APPEND("--no-disable-sigusr1");
	if (is_open(FUSE_SYSTEM_CA)) APPEND("--use-system-ca");
	if (variable) APPEND(variable);
	if (given && size) APPEND(machine->arguments[given] + sizeof ARGUMENT - 1);
	for (uint64_t i = 0; i < inspecting; i++) APPEND(machine->arguments[1 + i]);
#undef APPEND
	return size;
}

static void remove_arguments(struct machine *machine, uint64_t first, uint64_t count)
{
	machine->argument_count -= count;
	for (uint64_t i = first; i <= machine->argument_count; i++) machine->arguments[i] = machine->arguments[i + count];
}

char *take_node_options(struct machine *machine, int is_child)
{
	const int given = is_child && machine->argument_count > 2 && starts_with(machine->arguments[2], ARGUMENT) ? 2 : 0;
	uint64_t inspecting = 0;
	while (!is_child && is_open(FUSE_INSPECTOR) && inspecting + 1 < machine->argument_count && asks_for_inspector(machine->arguments[inspecting + 1]))
		inspecting++;
	uint64_t size = write_options(machine, 0, given, inspecting);
	if (!size) return 0;

	long space = syscall6(SYS_mmap, 0, (long)(sizeof ARGUMENT + size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (space < 0 && space > -4096) syscall1(SYS_exit_group, 134);
	char *argument = memcpy((char *)space, ARGUMENT, sizeof ARGUMENT - 1);
	write_options(machine, argument + sizeof ARGUMENT - 1, given, inspecting);
	if (given) remove_arguments(machine, (uint64_t)given, 1);
	remove_arguments(machine, 1, inspecting);
	return argument;
}

int needs_cold_start(const struct machine *machine)
{
	/* The bootstrap checks the signature before anything of the program has run. */
	return is_open(FUSE_SIGNATURE) || (is_open(FUSE_EXTRA_CA) && value_of(machine->environment, EXTRA_CA) != 0);
}

void become_node(char **environment, uint64_t page_size)
{
	const uint64_t page = TABLE->sea_switch & ~(page_size - 1);
	if (syscall3(SYS_mprotect, page, page_size, PROT_READ | PROT_WRITE) < 0) return;
	*(char *)TABLE->sea_switch = '0';
	syscall3(SYS_mprotect, page, page_size, PROT_READ);
	hide_from_loader(environment);
	is_unsealed = has_bootstrap_begun = 1;
}
