/* The payload's wire format as the launcher needs it: find a file by its path.
   src/format/archive.ts is the definition; this mirrors the parts that are read here. */
#pragma once
#include "layout.h"
#include "paths.h"

#define ARCHIVE_MAGIC 0x52414749u /* "IGAR" */
#define ARCHIVE_FILE 1
#define ARCHIVE_DIRECTORY 2
#define ARCHIVE_SYMLINK 3

struct archive_header {
	uint32_t magic, version;
	uint32_t entry_count, bucket_count;
	uint64_t buckets, entries, names; /* offsets from the archive's start */
	uint64_t manifest; /* behind what look-ups read */
};

struct archive_entry {
	uint32_t path, path_length, hash;
	uint8_t kind, format;
	uint16_t mode;
	uint64_t data, size;
	uint64_t module_fields[4]; /* for the module loader, not for us */
};

/* The entry at exactly this path (relative to the archive's root, no leading slash), or 0. */
const struct archive_entry *archive_find(const struct region *archive, const char *path, uint64_t length);

/* The entry behind a normalized path (with a leading slash, or empty for the root), links followed; a
   link at the end only with follow_last. 0, or a negative errno. The path is used as a work space. */
long archive_resolve(const struct region *archive, char path[PATH_LIMIT], int follow_last, const struct archive_entry **found);

static inline const char *archive_path(const struct region *archive, const struct archive_entry *entry)
{
	const struct archive_header *header = (const void *)archive->address;
	return (const char *)archive->address + header->names + entry->path;
}

static inline const char *archive_data(const struct region *archive, const struct archive_entry *entry)
{
	return (const char *)archive->address + entry->data;
}
