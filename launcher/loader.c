/* ld.so's file access. The image writer overwrites the entries of a handful of small functions
   in our copy of ld.so with jumps to the hooks below, so that the dynamic loader finds shared
   libraries and addons inside the executable: no extraction, no memfd, nothing read from the
   host's library directories. Everything that is not ours gets the plain system call.

   The hooks run inside ld.so, perhaps on several threads, perhaps in a fork of a process whose
   other threads held anything: so no locks, only compare-and-swap on the table of open files. */
#include "archive.h"
#include "frozen.h"
#include "launcher.h"
#include "paths.h"
#include "verify.h"
#include "sys.h"

static const char *const LIBRARY_DIRECTORIES[] = { LIBRARY_DIRECTORY, "/usr" LIBRARY_DIRECTORY, "/lib64/", "/usr/lib64/", "/lib/", "/usr/lib/" };

/* Descriptors that stand for an embedded file when the executable itself cannot be opened. */
#define FIRST_FAKE_DESCRIPTOR 0x40000000

struct open_file {
	int descriptor; /* 0: free, -1: being filled */
	const struct region *archive;
	const struct archive_entry *entry;
	uint64_t position;
};
static struct open_file open_files[64];
char executable_path[PATH_LIMIT];

static long result_or_errno(long result)
{
	if (result >= 0 || result < -4095) return result;
	*(volatile int *)TABLE->loader_errno = (int)-result; /* callers branch on ENOENT */
	return -1;
}

enum place { ELSEWHERE, IN_PAYLOAD, IN_SYSTEM };

static enum place locate(const char *path, const char **name)
{
	if (starts_with(path, VIRTUAL_ROOT "/")) return *name = path + sizeof VIRTUAL_ROOT, IN_PAYLOAD;
	for (unsigned i = 0; i < COUNT(LIBRARY_DIRECTORIES); i++)
		if (starts_with(path, LIBRARY_DIRECTORIES[i]))
			return *name = path + length_of(LIBRARY_DIRECTORIES[i]), IN_SYSTEM;
	return ELSEWHERE;
}

static struct open_file *find_open(int descriptor)
{
	if (descriptor > 0)
		for (unsigned i = 0; i < COUNT(open_files); i++)
			if (__atomic_load_n(&open_files[i].descriptor, __ATOMIC_ACQUIRE) == descriptor) return &open_files[i];
	return 0;
}

/* A file may have been replaced: it has to have these bytes of memory. */
static int open_with(const char *path, const uint64_t *memory, uint64_t offset)
{
	uint64_t stored[8];
	long descriptor = syscall4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	int is_same = descriptor > 0 && syscall4(SYS_pread64, descriptor, stored, sizeof stored, offset) == sizeof stored;
	for (unsigned i = 0; i < COUNT(stored) && is_same; i++) is_same = stored[i] == memory[i];
	if (is_same) return (int)descriptor;
	if (descriptor >= 0) syscall1(SYS_close, descriptor);
	return -1;
}

static int open_if_this(const char *path, const struct region *archive)
{
	return open_with(path, (const uint64_t *)archive->address, archive->file_offset);
}

const char OWN_EXECUTABLE[] = "/proc/self/exe";

static int open_executable(const struct region *archive)
{
	if (TABLE->is_development && archive == payload()) {
		char path[PATH_LIMIT];
		return open_if_this(development_payload(path), archive);
	}
	int descriptor = open_if_this(OWN_EXECUTABLE, archive);
	if (descriptor < 0) descriptor = open_if_this(executable_path, archive);
	/* Where there is no file of the runtime, its path is none. */
	return descriptor >= 0 ? descriptor : open_if_this((const char *)TABLE->runtime, archive);
}

long open_this_very_file(void)
{
	/* From the root of its seal on, which no other one has. */
	const uint64_t root = LAUNCH_TABLE + __builtin_offsetof(struct launch_table, root);
	return open_with(OWN_EXECUTABLE, (const uint64_t *)root, file_offset_of(root));
}

long open_own_file(void)
{
	int descriptor = open_executable(&TABLE->payload);
	return descriptor >= 0 ? descriptor : -ENOENT;
}

const char *own_executable(void)
{
	/* Who is started by this name can open it without /proc, too. */
	int descriptor = open_if_this(executable_path, payload());
	if (descriptor < 0) return is_packed() && call_access(OWN_EXECUTABLE, X_OK) < 0 ? executable_path : OWN_EXECUTABLE;
	syscall1(SYS_close, descriptor);
	return executable_path;
}

static long open_embedded(const struct region *archive, const struct archive_entry *entry)
{
	for (unsigned i = 0; i < COUNT(open_files); i++) {
		int free = 0;
		struct open_file *file = &open_files[i];
		if (!__atomic_compare_exchange_n(&file->descriptor, &free, -1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		int descriptor = open_executable(archive);
		if (descriptor < 0) descriptor = FIRST_FAKE_DESCRIPTOR + (int)i;
		file->archive = archive;
		file->entry = entry;
		file->position = 0;
		__atomic_store_n(&file->descriptor, descriptor, __ATOMIC_RELEASE);
		return descriptor;
	}
	return -ENFILE;
}

long hook_open(const char *path, int flags, int mode)
{
	restore_environment_of_loader();
	char normal[PATH_LIMIT];
	const char *name;
	uint64_t length = path[0] == '/' ? normalize_path(path, normal) : 0;
	enum place place = length ? locate(normal, &name) : ELSEWHERE;
	if (place == ELSEWHERE) {
		/* ld.so.cache and ld.so.preload would let the host choose our libraries. */
		if (length && starts_with(normal, "/etc/ld.so.")) return result_or_errno(-ENOENT);
		return result_or_errno(syscall4(SYS_openat, AT_FDCWD, path, flags, mode));
	}
	const struct region *archive = place == IN_PAYLOAD ? payload() : &TABLE->system;
	verify_index(archive);
	const struct archive_entry *entry = 0;
	char name_in_archive[PATH_LIMIT];
	memcpy(name_in_archive, name - 1, length_of(name) + 2); /* with the slash before it */
	long result = archive_resolve(archive, name_in_archive, 1, &entry);
	if (result == 0 && entry->kind != ARCHIVE_FILE) result = -EACCES;
	if (result != 0) return result_or_errno(result);
	verify_archive(archive, entry->data, entry->size);
	return result_or_errno(open_embedded(archive, entry));
}

static long copy_out(const struct open_file *file, char *to, uint64_t size, uint64_t position)
{
	if (position >= file->entry->size) return 0;
	uint64_t left = file->entry->size - position;
	if (size > left) size = left;
	memcpy(to, archive_data(file->archive, file->entry) + position, size);
	return (long)size;
}

long hook_read(int descriptor, void *to, uint64_t size)
{
	struct open_file *file = find_open(descriptor);
	if (!file) return result_or_errno(syscall3(SYS_read, descriptor, to, size));
	long count = copy_out(file, to, size, file->position);
	file->position += (uint64_t)count;
	return count;
}

long hook_pread(int descriptor, void *to, uint64_t size, int64_t position)
{
	struct open_file *file = find_open(descriptor);
	if (!file) return result_or_errno(syscall4(SYS_pread64, descriptor, to, size, position));
	return copy_out(file, to, size, (uint64_t)position);
}

int hook_fstatat(int descriptor, const char *path, struct kernel_stat *stat, int flags)
{
	char normal[PATH_LIMIT];
	const char *name;
	struct open_file *file = *path ? 0 : find_open(descriptor);
	if (file) {
		/* The address is as good as an inode: ld.so only asks whether two files are the same one. */
		*stat = (struct kernel_stat){ .dev = LAUNCH_TABLE_MAGIC, .nlink = 1, .mode = S_IFREG | 0555,
					      .ino = file->archive->address + file->entry->data,
					      .size = (int64_t)file->entry->size, .block_size = 4096 };
		return 0;
	}
	/* ld.so asks whether a search directory exists, and never looks there again if it does not. */
	uint64_t length = path[0] == '/' ? normalize_path(path, normal) : 0;
	if (length && length + 2 < PATH_LIMIT) {
		normal[length] = '/';
		normal[length + 1] = 0;
		if (locate(normal, &name) != ELSEWHERE) {
			*stat = (struct kernel_stat){ .dev = LAUNCH_TABLE_MAGIC, .nlink = 1, .mode = S_IFDIR | 0555 };
			return 0;
		}
	}
	return (int)result_or_errno(syscall4(SYS_newfstatat, descriptor, path, stat, flags));
}

void *hook_mmap(char *address, uint64_t size, int protection, int flags, int descriptor, int64_t offset)
{
	struct open_file *file = flags & MAP_ANONYMOUS ? 0 : find_open(descriptor);
	if (!file)
		return (void *)result_or_errno(
			syscall6(SYS_mmap, (long)address, (long)size, protection, flags, descriptor, offset));

	if (descriptor < FIRST_FAKE_DESCRIPTOR) {
		long place = syscall6(SYS_mmap, (long)address, (long)size, protection, flags, descriptor,
				      (long)(file->archive->file_offset + file->entry->data) + offset);
		if (freezing && offset == 0) remember_library(file->entry, place);
		return (void *)result_or_errno(place);
	}

	long copy = syscall6(SYS_mmap, (long)address, (long)size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | (flags & MAP_FIXED), -1, 0);
	if (copy < 0 && copy >= -4095) return (void *)result_or_errno(copy);
	copy_out(file, (char *)copy, size, (uint64_t)offset);
	long protect = syscall3(SYS_mprotect, copy, size, protection);
	return (void *)(protect < 0 ? result_or_errno(protect) : copy);
}

int hook_close(int descriptor)
{
	struct open_file *file = find_open(descriptor);
	if (file) __atomic_store_n(&file->descriptor, 0, __ATOMIC_RELEASE);
	if (descriptor >= FIRST_FAKE_DESCRIPTOR) return 0;
	return (int)result_or_errno(syscall1(SYS_close, descriptor));
}

int hook_access(const char *path, int mode)
{
	if (starts_with(path, "/etc/ld.so.")) return (int)result_or_errno(-ENOENT);
	return (int)result_or_errno(call_access(path, mode));
}

void remember_executable(const char *name)
{
	uint64_t prefix = 0, length = length_of(name);
	if (name[0] != '/') {
		/* A later chdir must not change what a relative name means. */
		long size = syscall3(SYS_getcwd, executable_path, PATH_LIMIT, 0);
		if (size <= 0 || executable_path[0] != '/') return;
		prefix = (uint64_t)size; /* counts the terminator, which becomes the slash */
		executable_path[prefix - 1] = '/';
	}
	if (prefix + length >= PATH_LIMIT) prefix = length = 0;
	memcpy(executable_path + prefix, name, length);
	executable_path[prefix + length] = 0;
}
