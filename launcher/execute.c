/* Executables that lie in the archive: helpers that packages start, through child_process or from
   native code. Both end in libc's execve, which comes here (native.c).

   What needs no interpreter, or another one than glibc's, runs from a memfd. What is linked to glibc
   runs with our ld.so and our libraries: the executable starts itself again, and instead of node the
   launcher lets ld.so load the helper, as `ld.so /path/of/helper` does. ld.so's file access comes to
   loader.c, so the helper is mapped in place, and $ORIGIN is its directory in the archive. */
#include "archive.h"
#include "launcher.h"
#include "verify.h"

/* Elf64_Ehdr and Elf64_Phdr, as far as they are looked at. */
struct elf_header {
	char magic[4];
	uint8_t class, identification[11];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, program_headers, section_headers;
	uint32_t flags;
	uint16_t size, program_header_size, program_header_count;
};
struct program_header {
	uint32_t type, flags;
	uint64_t offset, virtual_address, physical_address, file_size, memory_size, alignment;
};
enum { ET_EXEC = 2, PT_LOAD = 1, PT_INTERP = 3 };

char helper_path[PATH_LIMIT];
/* What ld.so reads before it opens the first file. The rest of the environment is the program's own affair. */
static const char *const READ_BY_LOADER[] = { "LD_", "GLIBC_TUNABLES=", "MALLOC_" };
static char **hidden_environment;

static int is_loader(const char *text, uint64_t size)
{
	uint64_t length = sizeof LOADER_NAME; /* with the terminator */
	return size >= length && text[size - 1] == 0 && same_text(text + size - length, LOADER_NAME);
}

/* Whether it is linked to glibc; ENOEXEC if it then could not be mapped here. */
static long needs_loader(const struct archive_entry *entry)
{
	verify_archive(payload(), entry->data, entry->size);
	const char *bytes = archive_data(payload(), entry);
	const struct elf_header *header = (const void *)bytes;
	if (entry->size < sizeof *header || !starts_with(bytes, "\177ELF") || header->class != 2) return 0;
	if (header->machine != EM_NATIVE || header->program_header_size != sizeof(struct program_header)) return 0;
	uint64_t table_size = header->program_header_count * sizeof(struct program_header);
	if (header->program_headers > entry->size || table_size > entry->size - header->program_headers) return 0;

	const struct program_header *segments = (const void *)(bytes + header->program_headers);
	int needs = 0;
	for (unsigned i = 0; i < header->program_header_count; i++) {
		const struct program_header *segment = &segments[i];
		if (segment->type != PT_INTERP || segment->offset > entry->size) continue;
		if (segment->file_size > entry->size - segment->offset) continue;
		needs |= is_loader(bytes + segment->offset, segment->file_size);
	}
	/* One that is not position independent lands on node, which does not mind, but not on us. */
	for (unsigned i = 0; i < header->program_header_count && needs && header->type == ET_EXEC; i++) {
		if (segments[i].type != PT_LOAD) continue;
		if (segments[i].virtual_address >= LAUNCHER_TEXT || segments[i].memory_size > LAUNCHER_TEXT - segments[i].virtual_address)
			return -ENOEXEC;
	}
	return needs;
}

uint64_t count_of(char **list)
{
	uint64_t count = 0;
	while (list && list[count]) count++;
	return count;
}

void copy_variables(const char **to, char **environment, const char *more)
{
	for (; environment && *environment; environment++) *to++ = *environment;
	*to++ = more;
	*to = 0;
}

/* Runs in a child that may still share its parent's memory: nothing is changed but the stack. */
static long execute_with_loader(const struct archive_entry *entry, char **arguments, char **environment)
{
	uint64_t argument_count = count_of(arguments), variable_count = count_of(environment);
	char path[PATH_LIMIT];
	memcpy(path, archive_path(payload(), entry), entry->path_length);
	path[entry->path_length] = 0;

	uint64_t size = 8 * (argument_count + 5 + variable_count + 2);
	long space = SPACE_FOR_LISTS(size);
	if (space < 0) return space;
	const char **vector = (const char **)space, **at = vector;
	*at++ = argument_count ? arguments[0] : path;
	*at++ = RUN_EXECUTABLE;
	*at++ = path;
	*at++ = argument_count ? arguments[0] : path;
	for (uint64_t i = 1; i < argument_count; i++) *at++ = arguments[i];
	*at++ = 0;
	const char **variables = at;
	copy_variables(variables, environment, CHILD_VARIABLE);

	return syscall3(SYS_execve, own_executable(), vector, variables);
}

static long execute_from_memory(const struct archive_entry *entry, char **arguments, char **environment)
{
	const char *bytes = archive_data(payload(), entry);
	/* The kernel names a script to its interpreter as /dev/fd/N, which has to be there still. */
	int is_script = entry->size > 2 && bytes[0] == '#' && bytes[1] == '!';
	long descriptor = syscall3(SYS_memfd_create, "executable", is_script ? 0 : MFD_CLOEXEC, 0);
	if (descriptor < 0) return descriptor;
	write_all(descriptor, bytes, entry->size);
	long result = syscall5(SYS_execveat, descriptor, "", arguments, environment, AT_EMPTY_PATH);
	if (result == -ENOSYS) {
		/* qemu's user mode emulation before version 8. */
		char path[32] = "/proc/self/fd/";
		*append_number(path + length_of(path), (uint64_t)descriptor) = 0;
		result = syscall3(SYS_execve, path, arguments, environment);
	}
	syscall1(SYS_close, descriptor);
	return result;
}

long execute_entry(const struct archive_entry *entry, char **arguments, char **environment)
{
	if (entry->kind != ARCHIVE_FILE || !(entry->mode & 0111)) return -EACCES;
	long needs = needs_loader(entry);
	if (needs < 0) return needs;
	return needs ? execute_with_loader(entry, arguments, environment) : execute_from_memory(entry, arguments, environment);
}

/* From: any name, RUN_EXECUTABLE, path in the archive, argv[0], arguments.
   To: ld.so, --argv0, argv[0], path, arguments. */
void become_helper(char **arguments, char **environment)
{
	static const char option[] = "--argv0";
	uint64_t root = sizeof VIRTUAL_ROOT, length = length_of(arguments[2]);
	if (root + length >= PATH_LIMIT) length = 0;
	memcpy(helper_path, VIRTUAL_ROOT "/", root);
	memcpy(helper_path + root, arguments[2], length);
	arguments[1] = (char *)option;
	arguments[2] = arguments[3];
	arguments[3] = helper_path;
	is_unsealed = 1;
	hide_from_loader(environment);
}

void hide_from_loader(char **environment)
{
	hidden_environment = environment;
	for (char **variable = environment; *variable; variable++)
		for (unsigned i = 0; i < COUNT(READ_BY_LOADER); i++)
			if (starts_with(*variable, READ_BY_LOADER[i])) (*variable)[0] = HIDDEN;
}

void restore_environment_of_loader(void)
{
	for (char **variable = hidden_environment; variable && *variable; variable++)
		for (unsigned i = 0; i < COUNT(READ_BY_LOADER) && **variable == HIDDEN; i++)
			if (starts_with(*variable + 1, READ_BY_LOADER[i] + 1)) (*variable)[0] = READ_BY_LOADER[i][0];
	hidden_environment = 0;
}
