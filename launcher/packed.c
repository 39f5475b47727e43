/* A process that a compressed executable (unpack/) has become runs from a file in memory, which has no name. For itself and for
   others it has the name of the file that was started. Its children by that name run from memory, too, where there is /proc: they
   share it, and nothing has to be decompressed. */
#include "launcher.h"
#include "paths.h"
#include "sys.h"

static char *packed;

int is_packed(void)
{
	return packed != 0;
}

const char *take_packed(char **environment, uint64_t *count, const char *executable)
{
	uint64_t left = 0;
	char *variable = 0;
	for (uint64_t i = 0; i < *count; i++) {
		if (starts_with(environment[i], PACKED_VARIABLE)) variable = environment[i];
		else environment[left++] = environment[i];
	}
	for (uint64_t i = left; i < *count; i++) environment[i] = 0;
	*count = left;
	/* Who is started by a path is that file, whatever the environment says. */
	if (!variable || !(starts_with(executable, "/dev/fd/") || same_text(executable, OWN_EXECUTABLE))) return executable;
	packed = variable;
	return variable + sizeof PACKED_VARIABLE - 1;
}

long execute_packed(char **arguments, char **environment)
{
	const uint64_t size = 8 * (count_of(environment) + 2);
	long space = SPACE_FOR_LISTS(size);
	if (space < 0) return space;
	copy_variables((const char **)space, environment, packed);
	syscall3(SYS_execve, OWN_EXECUTABLE, arguments, space);
	return syscall3(SYS_execve, executable_path, arguments, environment);
}
