/* Embedded files for native code. Addons open, list and stat files through libc, and libc through a
   few system calls; the image writer redirects those instructions in our copy of libc to here
   (src/image/elf/libc.ts). A path below the virtual root is answered from the archive, everything
   else gets the plain system call. An opened file is a memfd with its bytes: a real descriptor that
   can be read, mapped and passed on. */
#include "archive.h"
#include "frozen.h"
#include "launcher.h"
#include "paths.h"
#include "sys.h"
#include "verify.h"

/* As src/bootstrap/vfs/stats.ts: the same file is the same file to JavaScript and native code. */
#define DEVICE 0x1290
#define BLOCK_SIZE 4096
#define FILE_TIME 499162500

struct statx_time {
	int64_t seconds;
	uint32_t nanoseconds, pad;
};
struct kernel_statx {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, pad;
	uint64_t ino, size, blocks, attributes_mask;
	struct statx_time access_time, birth_time, change_time, modify_time;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t spare[14];
};
#define STATX_BASIC_STATS 0x7ff

/* struct linux_dirent64 */
struct directory_record {
	uint64_t ino;
	int64_t next;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* An opened directory: the descriptor is an empty memfd, known again by its inode. */
struct open_directory {
	int descriptor; /* 0: free, -1: being filled */
	uint64_t device, ino;
	const struct archive_entry *entry;
	uint32_t position;
};
static struct open_directory open_directories[32];
static int directory_count;

static const struct archive_entry *entry_at(uint64_t index)
{
	const struct archive_header *header = (const void *)payload()->address;
	return (const struct archive_entry *)(payload()->address + header->entries) + index;
}

static uint64_t index_of(const struct archive_entry *entry)
{
	return (uint64_t)(entry - entry_at(0));
}

static const char *path_of(const struct archive_entry *entry)
{
	return archive_path(payload(), entry);
}

static struct open_directory *find_directory(long descriptor)
{
	struct kernel_stat stat;
	if (descriptor <= 0 || !__atomic_load_n(&directory_count, __ATOMIC_ACQUIRE)) return 0;
	for (unsigned i = 0; i < COUNT(open_directories); i++) {
		struct open_directory *directory = &open_directories[i];
		if (__atomic_load_n(&directory->descriptor, __ATOMIC_ACQUIRE) != descriptor) continue;
		/* The number may have been closed behind our back and be another file by now. */
		long result = syscall4(SYS_newfstatat, descriptor, "", &stat, AT_EMPTY_PATH);
		if (result == 0 && stat.dev == directory->device && stat.ino == directory->ino) return directory;
	}
	return 0;
}

/* 1 and the entry or an error in *result if the path is ours; 0 if the kernel is to answer. */
static int locate(long directory_descriptor, const char *path, int follow_last, const struct archive_entry **entry, long *result)
{
	char joined[PATH_LIMIT], normal[PATH_LIMIT];
	if (!path) return 0;
	if (path[0] == '/') {
		if (!starts_with(path, "/dev/null/")) return 0;
		uint64_t length = normalize_path(path, normal);
		uint64_t root = sizeof VIRTUAL_ROOT - 1;
		if (!length || !starts_with(normal, VIRTUAL_ROOT) || (normal[root] && normal[root] != '/')) return 0;
		memcpy(joined, normal + root, length - root + 1);
	} else {
		struct open_directory *directory = find_directory(directory_descriptor);
		if (!directory) return 0;
		uint64_t base = directory->entry->path_length, length = length_of(path);
		if (base + length + 3 > PATH_LIMIT) return *result = -ENOENT, 1;
		normal[0] = '/';
		memcpy(normal + 1, path_of(directory->entry), base);
		normal[base + 1] = '/';
		memcpy(normal + base + 2, path, length + 1);
		normalize_path(normal, joined);
	}
	verify_index(payload());
	*result = archive_resolve(payload(), joined, follow_last, entry);
	return 1;
}

static long open_directory(const struct archive_entry *entry)
{
	struct kernel_stat stat;
	for (unsigned i = 0; i < COUNT(open_directories); i++) {
		int free = 0;
		struct open_directory *directory = &open_directories[i];
		if (!__atomic_compare_exchange_n(&directory->descriptor, &free, -1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
			/* Forget one that was closed without us. */
			if (free > 0 && !find_directory(free)) __atomic_store_n(&directory->descriptor, 0, __ATOMIC_RELEASE);
			continue;
		}
		long descriptor = syscall3(SYS_memfd_create, "directory", MFD_CLOEXEC, 0);
		if (descriptor < 0) return __atomic_store_n(&directory->descriptor, 0, __ATOMIC_RELEASE), descriptor;
		syscall4(SYS_newfstatat, descriptor, "", &stat, AT_EMPTY_PATH);
		directory->device = stat.dev;
		directory->ino = stat.ino;
		directory->entry = entry;
		directory->position = 0;
		__atomic_store_n(&directory->descriptor, (int)descriptor, __ATOMIC_RELEASE);
		__atomic_add_fetch(&directory_count, 1, __ATOMIC_ACQ_REL);
		return descriptor;
	}
	return -ENFILE;
}

static long open_entry(const struct archive_entry *entry, long flags)
{
	if (flags & O_ACCMODE || flags & O_TRUNC) return entry->kind == ARCHIVE_DIRECTORY ? -EISDIR : -EROFS;
	if (entry->kind == ARCHIVE_SYMLINK) return -ELOOP;
	if (entry->kind == ARCHIVE_DIRECTORY) return open_directory(entry);
	if (flags & O_DIRECTORY) return -ENOTDIR;
	long descriptor = syscall3(SYS_memfd_create, "file", flags & O_CLOEXEC ? MFD_CLOEXEC : 0, 0);
	verify_archive(payload(), entry->data, entry->size);
	write_all(descriptor, archive_data(payload(), entry), entry->size);
	if (descriptor >= 0) syscall3(SYS_lseek, descriptor, 0, 0);
	return descriptor;
}

/* Files of every system that an empty root does not have, and what programs expect of them. "ignore"
   as a child's stdio is /dev/null: a memfd reads as empty too, and keeps what is written until it is
   closed. Name look-ups find localhost without a name server. */
static const struct {
	const char *path, *content;
} DEFAULTS[] = {
	{ "/dev/null", "" },
	{ "/etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n" },
	{ "/etc/nsswitch.conf", "hosts: files dns\n" },
};

/* proc(5), as far as libuv reads it to know how much memory is resident: without /proc the kernel only tells the most that
   there has been. */
static const char *process_state(char *text)
{
	long usage[18] = { 0 }; /* struct rusage: two timevals, ru_maxrss in kB, … */
	syscall3(SYS_getrusage, 0, usage, 0);
	static const char before[] = " (node) R 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 ";
	char *at = append_number(text, (uint64_t)syscall1(SYS_getpid, 0));
	memcpy(at, before, sizeof before - 1);
	at = append_number(at + sizeof before - 1, (uint64_t)usage[4] / (BLOCK_SIZE / 1024));
	memcpy(at, "\n", 2);
	return text;
}

static long open_content(const char *content, long flags)
{
	long descriptor = syscall3(SYS_memfd_create, "default", flags & O_CLOEXEC ? MFD_CLOEXEC : 0, 0);
	write_all(descriptor, content, length_of(content));
	if (descriptor >= 0) syscall3(SYS_lseek, descriptor, 0, 0);
	return descriptor;
}

/* What is not there. */
static long open_default(const char *path, long flags)
{
	char state[128];
	if (same_text(path, "/proc/self/stat") && !(flags & O_ACCMODE)) return open_content(process_state(state), flags);
	for (unsigned i = 0; i < COUNT(DEFAULTS); i++) {
		if (!same_text(path, DEFAULTS[i].path)) continue;
		if (flags & O_ACCMODE && *DEFAULTS[i].content) return -ENOENT;
		return open_content(DEFAULTS[i].content, flags);
	}
	return -ENOENT;
}

static uint32_t mode_of(const struct archive_entry *entry)
{
	static const uint32_t types[] = { 0, S_IFREG, S_IFDIR, S_IFLNK };
	return types[entry->kind & 3] | entry->mode;
}

static uint64_t size_of(const struct archive_entry *entry)
{
	return entry->kind == ARCHIVE_DIRECTORY ? BLOCK_SIZE : entry->size;
}

static void fill_stat(const struct archive_entry *entry, struct kernel_stat *stat)
{
	*stat = (struct kernel_stat){ .dev = DEVICE, .ino = index_of(entry) + 1, .nlink = 1, .mode = mode_of(entry),
				      .size = (int64_t)size_of(entry), .block_size = BLOCK_SIZE,
				      .blocks = (int64_t)(size_of(entry) + 511) / 512,
				      .times = { FILE_TIME, 0, FILE_TIME, 0, FILE_TIME, 0 } };
}

static void fill_statx(const struct archive_entry *entry, struct kernel_statx *stat)
{
	struct statx_time time = { .seconds = FILE_TIME };
	*stat = (struct kernel_statx){ .mask = STATX_BASIC_STATS, .block_size = BLOCK_SIZE, .nlink = 1,
				       .mode = (uint16_t)mode_of(entry), .ino = index_of(entry) + 1,
				       .size = size_of(entry), .blocks = (size_of(entry) + 511) / 512,
				       .access_time = time, .change_time = time, .modify_time = time,
				       .dev_major = DEVICE >> 8, .dev_minor = DEVICE & 0xff };
}

static long check_access(const struct archive_entry *entry, long mode)
{
	if (mode & W_OK) return -EROFS;
	return mode & X_OK && !(entry->mode & 0111) ? -EACCES : 0;
}

static long copy_text(const char *text, char *to, long size)
{
	long length = (long)length_of(text);
	memcpy(to, text, (uint64_t)(length < size ? length : size));
	return length < size ? length : size;
}

static long read_link(const struct archive_entry *entry, char *to, long size)
{
	if (entry->kind != ARCHIVE_SYMLINK) return -EINVAL;
	uint64_t count = entry->size < (uint64_t)size ? entry->size : (uint64_t)size;
	memcpy(to, archive_data(payload(), entry), count);
	return (long)count;
}

static long list(struct open_directory *directory, char *to, uint64_t size)
{
	static const uint8_t types[] = { 0, DT_REG, DT_DIR, DT_LNK };
	uint64_t filled = 0;
	while (directory->position < directory->entry->size) {
		const struct archive_entry *child = entry_at(directory->entry->data + directory->position);
		const char *name = path_of(child);
		uint64_t start = child->path_length;
		while (start && name[start - 1] != '/') start--;
		uint64_t name_length = child->path_length - start;
		uint64_t length = (sizeof(struct directory_record) + name_length + 1 + 7) & ~7ul;
		if (filled + length > size) return filled ? (long)filled : -EINVAL;
		struct directory_record *record = (struct directory_record *)(to + filled);
		*record = (struct directory_record){ .ino = index_of(child) + 1, .next = ++directory->position,
						     .length = (uint16_t)length, .type = types[child->kind & 3] };
		memcpy(record->name, name + start, name_length);
		record->name[name_length] = 0;
		filled += length;
	}
	return (long)filled;
}

/* realpath(3) looks at every directory above, and in an empty root there is no /dev. */
static int is_above_root(const char *path)
{
	char normal[PATH_LIMIT];
	uint64_t length = path[0] == '/' ? normalize_path(path, normal) : 0;
	return length && length < sizeof VIRTUAL_ROOT - 1 && starts_with(VIRTUAL_ROOT, normal) && VIRTUAL_ROOT[length] == '/';
}

/* What libraries read for themselves: how many arenas malloc may have, how fast locks spin, where the main
   thread's stack ends. */
static int is_internal(const char *path)
{
	return starts_with(path, "/sys/devices/system/cpu/")
	       || (same_text(path, "/proc/self/maps") && syscall1(SYS_gettid, 0) == syscall1(SYS_getpid, 0));
}

/* Of a private mapping of a file MADV_DONTNEED brings the file's bytes back, where the program expects zeros. */
static long advise(uint64_t address, uint64_t size, int advice)
{
	int protection = advice == MADV_DONTNEED || advice == MADV_FREE ? image_protection(address, size) : -1;
	if (protection < 0 || !size) return syscall3(SYS_madvise, address, size, advice);
	long result = syscall6(SYS_mmap, (long)address, (long)size, protection,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	return result < 0 && result > -4096 ? result : 0;
}

/* The first argument is a path, not a descriptor. */
static int names_path(long number)
{
	return number == SYS_stat || number == SYS_lstat || number == SYS_access || number == SYS_readlink;
}

/* The path among the arguments, if there is one. */
static const char *path_argument(long number, long a, long b)
{
	if (names_path(number)) return (const char *)a;
	const int is_relative_to_descriptor = number == SYS_newfstatat || number == SYS_statx || number == SYS_faccessat
					      || number == SYS_faccessat2 || number == SYS_readlinkat;
	return is_relative_to_descriptor ? (const char *)b : 0;
}

/* The builder's, which no image is to have: src/bootstrap/time-zone.ts. */
static int is_time_zone(const char *path)
{
	return freezing == BOOTING && path && same_text(path, "/etc/localtime");
}

/* Whether letters of either case are the same to the file system, programs find out by their own path with the other
   ones. A build run has no such file, and a start on a machine that has even the first directory is a cold one. */
int is_assumed_absent(long number, long a, long b)
{
	const char *path = path_argument(number, a, b);
	char first[] = "/dev";
	const uint64_t length = sizeof first - 1;
	if (freezing != ARMED || !path || starts_with(path, first)) return 0;
	for (uint64_t i = 0; i < sizeof VIRTUAL_ROOT - 1; i++)
		if ((path[i] >= 'A' && path[i] <= 'Z' ? path[i] + 32 : path[i]) != VIRTUAL_ROOT[i]) return 0;
	memcpy(first, path, length);
	note(freeze_record.arguments, &freeze_record.argument_size, sizeof freeze_record.arguments, first);
	return 1;
}

long hook_system_call(long number, long a, long b, long c, long d, long e, long f)
{
	const struct archive_entry *entry = 0;
	struct open_directory *directory;
	long result = 0;
	if (number == SYS_openat && control((const char *)b, &result)) return result;
	if ((number == SYS_access && control((const char *)a, &result)) || (number == SYS_faccessat && control((const char *)b, &result)))
		return result;
	switch (number) {
	case SYS_openat:
		if (locate(a, (const char *)b, !(c & O_NOFOLLOW), &entry, &result))
			return result ? (result == -ENOENT && c & O_ACCMODE ? -EROFS : result) : open_entry(entry, c);
		/* malloc, on its way to give memory back, whoever's turn it is. Unanswered it does what it mostly does. */
		if (freezing == ARMED && same_text((const char *)b, "/proc/sys/vm/overcommit_memory")) return -ENOENT;
		if (is_time_zone((const char *)b)) return -ENOENT;
		if (!is_internal((const char *)b)) barrier_on(SYS_openat, (const char *)b);
		if (is_out_of_reach((const char *)b) && !is_internal((const char *)b)) return open_default((const char *)b, c);
		result = syscall4(number, a, b, c, d);
		return result == -ENOENT ? open_default((const char *)b, c) : result;
	case SYS_newfstatat:
		if (d & AT_EMPTY_PATH && b && !*(const char *)b && (directory = find_directory(a)))
			return fill_stat(directory->entry, (void *)c), 0;
		if (locate(a, (const char *)b, !(d & AT_SYMLINK_NOFOLLOW), &entry, &result))
			return result ? result : (fill_stat(entry, (void *)c), 0);
		break;
	case SYS_stat: /* these three: programs from before glibc 2.33 */
	case SYS_lstat:
		if (locate(AT_FDCWD, (const char *)a, number == SYS_stat, &entry, &result))
			return result ? result : (fill_stat(entry, (void *)b), 0);
		break;
	case SYS_fstat:
		if ((directory = find_directory(a))) return fill_stat(directory->entry, (void *)b), 0;
		break;
	case SYS_statx:
		if (c & AT_EMPTY_PATH && b && !*(const char *)b && (directory = find_directory(a)))
			return fill_statx(directory->entry, (void *)e), 0;
		if (locate(a, (const char *)b, !(c & AT_SYMLINK_NOFOLLOW), &entry, &result))
			return result ? result : (fill_statx(entry, (void *)e), 0);
		break;
	case SYS_access:
		if (locate(AT_FDCWD, (const char *)a, 1, &entry, &result)) return result ? result : check_access(entry, b);
		break;
	case SYS_faccessat:
	case SYS_faccessat2:
		if (locate(a, (const char *)b, 1, &entry, &result)) return result ? result : check_access(entry, c);
		break;
	case SYS_execve:
		if (rehearsing) return -EACCES;
		if (is_packed() && same_text((const char *)a, executable_path)) return execute_packed((char **)b, (char **)c);
		if (locate(AT_FDCWD, (const char *)a, 1, &entry, &result))
			return result ? result : execute_entry(entry, (char **)b, (char **)c);
		break;
	case SYS_readlink:
		d = c, c = b, b = a, a = AT_FDCWD;
		__attribute__((fallthrough));
	case SYS_readlinkat:
		if ((*helper_path || is_packed()) && b && same_text((const char *)b, OWN_EXECUTABLE))
			return copy_text(*helper_path ? helper_path : executable_path, (char *)c, d);
		if (locate(a, (const char *)b, 0, &entry, &result)) return result ? result : read_link(entry, (char *)c, d);
		/* Where a build run lies says nothing about a start. */
		if (freezing == BOOTING && same_text((const char *)b, OWN_EXECUTABLE)) return memcpy((char *)c, "/ingot", 6), 6;
		if (is_time_zone((const char *)b)) return -ENOENT;
		if ((int)a < FIRST_OWN_DESCRIPTOR) barrier_on((int)number, (const char *)b);
		result = is_out_of_reach((const char *)b) ? -ENOENT : syscall4(SYS_readlinkat, a, b, c, d);
		return result == -ENOENT && is_above_root((const char *)b) ? -EINVAL : result;
	case SYS_mmap:
		/* V8 wishes for random places. One next to the other they are few mappings, quickly made again. */
		if (freezing && !(d & (MAP_FIXED | MAP_FIXED_NOREPLACE))) a = 0;
		return syscall6(number, a, b, c, d, e, f);
	case SYS_madvise:
		return advise((uint64_t)a, (uint64_t)b, (int)c);
	case SYS_futex:
	case SYS_clock_nanosleep:
		return wait_until(number, a, b, c, d, e, f);
	case SYS_getdents64:
		if ((directory = find_directory(a))) return list(directory, (char *)b, (uint64_t)c);
		break;
	case SYS_lseek:
		if ((directory = find_directory(a))) return directory->position = (uint32_t)b, b;
		break;
	case SYS_close:
		if ((directory = find_directory(a))) {
			__atomic_sub_fetch(&directory_count, 1, __ATOMIC_ACQ_REL);
			__atomic_store_n(&directory->descriptor, 0, __ATOMIC_RELEASE);
		}
		break;
	}
	if (is_assumed_absent(number, a, b)) return -ENOENT;
	if (names_path(number) || (int)a < FIRST_OWN_DESCRIPTOR) barrier_on((int)number, path_argument(number, a, b));
	if (is_out_of_reach(path_argument(number, a, b))) return -ENOENT;
	return syscall5(number, a, b, c, d, e);
}
