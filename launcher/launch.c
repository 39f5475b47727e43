/* The executable's entry: seals the environment, shows ld.so and node the program header table
   that they expect, and jumps to ld.so. The kernel has mapped everything already. */
#include "archive.h"
#include "frozen.h"
#include "launcher.h"
#include "layout.h"
#include "paths.h"
#include "verify.h"

/* First arguments that ask for something else than the program: to run a script as node would
   (src/bootstrap/processes.ts), or an embedded executable (execute.c). They count only with the
   variable, so that who can choose arguments cannot choose what runs. */
static const char RUN_SCRIPT[] = "\1ingot-run";
const char RUN_EXECUTABLE[] = "\1ingot-exec";
const char CHILD_VARIABLE[] = "\1INGOT_CHILD=1";
/* node looks for these wherever they are. Only those children may have them. */
static const char *const OPTIONS_OF_NODE[] = { "--node-options", "--env-file", "--experimental-config-file", "--experimental-default-config-file" };
/* Of a build run (freeze.c), of a rehearsal (rehearse.c), and of a start that is to be a cold one. */
static const char FREEZE_VARIABLE[] = "\1INGOT_FREEZE=1";
static const char REHEARSE_VARIABLE[] = "\1INGOT_REHEARSE=1";
static const char COLD_VARIABLE[] = "INGOT_START=cold";
/* Of a program that `ingot dev` has started: the channel is theirs, and not the program's. */
static const char SUPERVISED_VARIABLE[] = "\1INGOT_DEV=1";
/* Whoever may make of the executable plain node (FUSE_RUN_AS_NODE). */
static const char NODE_VARIABLE[] = "INGOT_RUN_AS_NODE=1";

static int has_variable(char **environment, const char *variable)
{
	for (; *environment; environment++)
		if (same_text(*environment, variable)) return 1;
	return 0;
}

static uint64_t auxiliary_value(const uint64_t *auxiliary, uint64_t type, uint64_t otherwise)
{
	for (; *auxiliary != AT_NULL; auxiliary += 2)
		if (*auxiliary == type) return auxiliary[1];
	return otherwise;
}

/* Whether it was there. The auxiliary vector behind the environment is not touched. */
static int remove_variable(char **environment, uint64_t *count, const char *variable)
{
	for (uint64_t i = 0; i < *count; i++) {
		if (!same_text(environment[i], variable)) continue;
		for (uint64_t j = i; j < *count; j++) environment[j] = environment[j + 1];
		--*count;
		return 1;
	}
	return 0;
}

__attribute__((noreturn)) void launch(uint64_t *stack)
{
	uint64_t argument_count = stack[0];
	char **environment = (char **)(stack + 1 + argument_count + 1);
	uint64_t variable_count = 0;
	while (environment[variable_count]) variable_count++;
	uint64_t *auxiliary = (uint64_t *)(environment + variable_count + 1);
	uint64_t auxiliary_count = 0;
	while (auxiliary[2 * auxiliary_count] != AT_NULL) auxiliary_count++;
	auxiliary_count++;

	const char *executable = take_packed(environment, &variable_count, (const char *)auxiliary_value(auxiliary, AT_EXECFN, (uint64_t)""));
	verify_start(executable);
	remember_executable(executable);
	char **arguments = (char **)(stack + 1);
	int is_child = remove_variable(environment, &variable_count, CHILD_VARIABLE) && argument_count > 1;
	int is_helper = is_child && argument_count > 3 && same_text(arguments[1], RUN_EXECUTABLE);
	if (is_helper) become_helper(arguments, environment);
	is_child = is_child && same_text(arguments[1], RUN_SCRIPT);
	const int is_node = !is_child && !is_helper && is_open(FUSE_RUN_AS_NODE) && has_variable(environment, NODE_VARIABLE);
	/* Before anything of node is changed. */
	if (is_node) verify_cold_start();
	if (is_node) become_node(environment, auxiliary_value(auxiliary, AT_PAGESZ, TABLE_SIZE));
	if (!is_open(FUSE_CORE_DUMPS)) forbid_core_dumps();
	if (!is_unsealed) variable_count = remove_variables_of_node(environment, variable_count, is_child);

	/* node reads options from argv[0] too, where login shells have a dash. */
	while (argument_count && !is_helper && *arguments[0] == '-') arguments[0]++;

	int is_supervised = TABLE->is_development && remove_variable(environment, &variable_count, SUPERVISED_VARIABLE);
	/* Who lets it rest while the next one starts may be killed then: it goes on, sees that nobody is there, and ends. */
	if (is_supervised) syscall6(SYS_prctl, PR_SET_PDEATHSIG, SIGCONT, 0, 0, 0, 0);
	if (TABLE->is_development) map_development_payload();

	struct machine machine = { arguments, environment, argument_count, auxiliary };
	char *options = is_unsealed ? 0 : take_node_options(&machine, is_child);
	argument_count = machine.argument_count;
	remember_machine(&machine);
	remember_stdio();
	if (TABLE->may_freeze && remove_variable(environment, &variable_count, REHEARSE_VARIABLE)) prepare_rehearsal();
	if (TABLE->may_freeze && has_variable(environment, FREEZE_VARIABLE)) {
		prepare_freeze(&machine);
		remove_variable(environment, &variable_count, FREEZE_VARIABLE);
	} else if (TABLE->thaw && !is_child && !is_unsealed && !options && !needs_cold_start(&machine)
		   && !(argument_count > 1 && starts_with(arguments[1], VIRTUAL_ROOT "/"))
		   && !(is_open(FUSE_COLD_START) && has_variable(environment, COLD_VARIABLE))) {
		thaw(&machine);
	}
	for (uint64_t i = 1; i < argument_count && !is_child && !is_unsealed; i++) {
		if (same_text(arguments[i], RUN_SCRIPT)) arguments[i][0] = '?';
		for (unsigned k = 0; k < COUNT(OPTIONS_OF_NODE); k++)
			if (starts_with(arguments[i], OPTIONS_OF_NODE[k])) arguments[i][0] = HIDDEN;
	}

	if (!is_node) verify_cold_start();
	/* One more argument means a new vector: ld.so finds each part behind the last. */
	uint64_t words = 1 + argument_count + 2 + variable_count + 1 + 2 * auxiliary_count;
	uint64_t *vector = (uint64_t *)((uint64_t)__builtin_alloca(8 * words + 16) & ~15ul), *at = vector;
	*at++ = argument_count + (options != 0);
	for (uint64_t i = 0; i < argument_count; i++) {
		*at++ = (uint64_t)arguments[i];
		if (options && i == 0) *at++ = (uint64_t)options;
	}
	*at++ = 0;
	for (uint64_t i = 0; i < variable_count; i++) {
		if (!is_unsealed) seal_variable(environment[i], is_supervised);
		*at++ = (uint64_t)environment[i];
	}
	*at++ = 0;
	for (uint64_t i = 0; i < auxiliary_count; i++) {
		uint64_t type = auxiliary[2 * i], value = auxiliary[2 * i + 1];
		switch (type) {
		case AT_PHDR: value = TABLE->program_header; break;
		case AT_PHNUM: value = TABLE->program_header_count; break;
		case AT_BASE: value = TABLE->loader_base; break;
		/* ld.so that finds its own entry here was called as a program, and loads the one that its arguments name. */
		case AT_ENTRY: value = is_helper ? TABLE->loader_entry : TABLE->program_entry; break;
		}
		*at++ = type;
		*at++ = value;
	}
	enter(freezing ? freeze_stack(vector, (uint64_t)(at - vector), vector[0]) : vector, TABLE->loader_entry);
}
