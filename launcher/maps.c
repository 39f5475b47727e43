/* /proc/self/maps as it would be under node: libraries and addons are mapped from the executable, and here
   they have their own names again. Programs look there for the libc that they run with. In a build run the
   file has nothing else: what is mapped later is no business of a process that is to be frozen. */
#include "archive.h"
#include "frozen.h"
#include "launcher.h"
#include "paths.h"

#define LONGEST_LINE (PATH_LIMIT + 128)

/* "start-end protection offset device inode path" */
struct mapping {
	const char *line, *path, *end; /* no path: end; before the line's break */
	uint64_t start, offset;
};

static uint64_t read_hexadecimal(const char **at)
{
	uint64_t value = 0;
	for (;; ++*at) {
		char c = **at;
		if (c >= '0' && c <= '9') value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f') value = value << 4 | (uint64_t)(c - 'a' + 10);
		else return value;
	}
}

static struct mapping parse(const char *line, const char *end)
{
	struct mapping mapping = { line, line, end, 0, 0 };
	const char *at = line;
	mapping.start = read_hexadecimal(&at);
	for (int spaces = 0; spaces < 2 && at < end; at++) spaces += *at == ' ';
	mapping.offset = read_hexadecimal(&at);
	for (; at < end && *at != '/'; at++);
	mapping.path = at;
	return mapping;
}

/* Whose data the bytes at this offset of the executable are. */
static const struct archive_entry *entry_of(const struct region *archive, uint64_t file_offset)
{
	const struct archive_header *header = (const void *)archive->address;
	if (file_offset < archive->file_offset || file_offset >= archive->file_offset + archive->size) return 0;
	const struct archive_entry *entries = (const void *)(archive->address + header->entries);
	uint64_t position = file_offset - archive->file_offset;
	for (uint32_t i = 0; i < header->entry_count; i++)
		if (entries[i].kind == ARCHIVE_FILE && position >= entries[i].data && position < entries[i].data + entries[i].size) return &entries[i];
	return 0;
}

static void write_text(long descriptor, const char *text)
{
	write_all(descriptor, text, length_of(text));
}

/* Whether it is the line of something embedded. */
static int write_embedded(long descriptor, const struct mapping *mapping)
{
	const struct archive_entry *library = entry_of(&TABLE->system, mapping->offset), *file = entry_of(payload(), mapping->offset);
	int is_loader = mapping->start >= TABLE->loader_base && mapping->start < TABLE->system.address;
	if (!library && !file && !is_loader) return 0;
	write_all(descriptor, mapping->line, (uint64_t)(mapping->path - mapping->line));
	write_text(descriptor, is_loader ? LOADER_PATH : library ? LIBRARY_DIRECTORY : VIRTUAL_ROOT "/");
	if (library) write_all(descriptor, archive_path(&TABLE->system, library), library->path_length);
	if (file) write_all(descriptor, archive_path(payload(), file), file->path_length);
	write_text(descriptor, "\n");
	return 1;
}

/* The launcher is mapped from our file, and before all libraries. */
struct own_path {
	char text[PATH_LIMIT];
	uint64_t length;
};

static int is_own(const struct own_path *own, const struct mapping *mapping)
{
	uint64_t length = (uint64_t)(mapping->end - mapping->path);
	if (!length || length != own->length) return 0;
	for (uint64_t i = 0; i < length; i++)
		if (mapping->path[i] != own->text[i]) return 0;
	return 1;
}

static void write_line(long descriptor, struct own_path *own, const char *line, const char *end)
{
	struct mapping mapping = parse(line, end);
	if (mapping.start == LAUNCHER_TEXT && end - mapping.path < PATH_LIMIT) {
		own->length = (uint64_t)(end - mapping.path);
		memcpy(own->text, mapping.path, own->length);
	}
	if (is_own(own, &mapping) && write_embedded(descriptor, &mapping)) return;
	if (freezing != ARMED) write_all(descriptor, line, (uint64_t)(end + 1 - line));
}

long open_maps(void)
{
	struct own_path own;
	char buffer[LONGEST_LINE];
	uint64_t filled = 0;
	own.length = 0;
	long source = syscall4(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	if (source < 0) return source;
	long result = syscall3(SYS_memfd_create, "maps", MFD_CLOEXEC, 0);
	while (result >= 0) {
		long count = syscall3(SYS_read, source, buffer + filled, sizeof buffer - filled);
		if (count <= 0) break;
		filled += (uint64_t)count;
		uint64_t start = 0;
		for (uint64_t i = 0; i < filled; i++) {
			if (buffer[i] != '\n') continue;
			write_line(result, &own, buffer + start, buffer + i);
			start = i + 1;
		}
		for (uint64_t i = start; i < filled; i++) buffer[i - start] = buffer[i];
		filled -= start;
	}
	syscall1(SYS_close, source);
	if (result >= 0) syscall3(SYS_lseek, result, 0, 0);
	return result;
}
