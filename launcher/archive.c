#include "archive.h"

/* FNV-1a, 32 bits: what src/format/hash.ts computes. */
static uint32_t hash_path(const char *path, uint64_t length)
{
	uint32_t hash = 0x811c9dc5u;
	for (uint64_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)path[i]) * 0x01000193u;
	return hash;
}

static int same(const char *a, const char *b, uint64_t length)
{
	for (uint64_t i = 0; i < length; i++)
		if (a[i] != b[i]) return 0;
	return 1;
}

const struct archive_entry *archive_find(const struct region *archive, const char *path, uint64_t length)
{
	const char *base = (const char *)archive->address;
	const struct archive_header *header = (const void *)base;
	if (archive->size < sizeof *header || header->magic != ARCHIVE_MAGIC || header->bucket_count == 0) return 0;

	const uint32_t *buckets = (const void *)(base + header->buckets);
	const struct archive_entry *entries = (const void *)(base + header->entries);
	uint32_t hash = hash_path(path, length), mask = header->bucket_count - 1;
	for (uint32_t i = hash & mask; buckets[i] != 0; i = (i + 1) & mask) {
		const struct archive_entry *entry = &entries[buckets[i] - 1];
		if (entry->hash == hash && entry->path_length == length &&
		    same(base + header->names + entry->path, path, length))
			return entry;
	}
	return 0;
}

const struct archive_entry *archive_find_file(const struct region *archive, const char *path, uint64_t length)
{
	const struct archive_entry *entry = archive_find(archive, path, length);
	return entry && entry->kind == ARCHIVE_FILE ? entry : 0;
}
