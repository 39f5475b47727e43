/* While a program is developed (`ingot dev`), its archive is not in the executable but in a file beside it, so
   that an edit costs no copy of node. The executable has room where it would be, and the file is mapped there.

   A process may be started before the program is there: then it finds the last one under another name, and
   asks again (control.c) when it is told that there is one. */
#include "archive.h"
#include "launcher.h"
#include "paths.h"

static const char PROGRAM[] = ".payload", LAST_PROGRAM[] = ".spare";
static struct region mapped;

const struct region *payload(void)
{
	return mapped.size ? &mapped : &TABLE->payload;
}

static const char *beside_executable(char path[], const char *suffix)
{
	uint64_t length = length_of(executable_path), size = length_of(suffix) + 1;
	if (length + size > PATH_LIMIT) length = 0;
	memcpy(path, executable_path, length);
	memcpy(path + length, suffix, size);
	return path;
}

const char *development_payload(char path[])
{
	return beside_executable(path, PROGRAM);
}

static int map(const char *path)
{
	struct kernel_stat stat;
	const struct region *room = &TABLE->payload;
	long descriptor = syscall4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (descriptor < 0) return 0;
	long result = syscall3(SYS_fstat, descriptor, &stat, 0);
	if (result == 0 && (uint64_t)stat.size > room->size) result = -ENOMEM;
	if (result == 0) result = syscall6(SYS_mmap, (long)room->address, stat.size, PROT_READ, MAP_PRIVATE | MAP_FIXED, (int)descriptor, 0);
	if (result == (long)room->address) mapped = (struct region){ room->address, 0, (uint64_t)stat.size };
	syscall1(SYS_close, descriptor);
	return result == (long)room->address;
}

int map_development_payload(void)
{
	char path[PATH_LIMIT];
	if (map(development_payload(path))) return 1;
	map(beside_executable(path, LAST_PROGRAM));
	return 0;
}
