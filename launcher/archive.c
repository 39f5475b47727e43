#include "archive.h"
#include "sys.h"

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
	/* A damaged table may have no empty bucket. */
	for (uint32_t i = hash & mask, left = header->bucket_count; left > 0 && buckets[i] != 0; i = (i + 1) & mask, left--) {
		const struct archive_entry *entry = &entries[buckets[i] - 1];
		if (entry->hash == hash && entry->path_length == length &&
		    same(base + header->names + entry->path, path, length))
			return entry;
	}
	return 0;
}

#define LINK_LIMIT 40

/* Puts a link's target and the rest of the path behind the link's directory. */
static uint64_t follow(const struct region *archive, const struct archive_entry *link, const char *rest, char path[PATH_LIMIT])
{
	char joined[PATH_LIMIT];
	uint64_t length = link->path_length, rest_length = length_of(rest);
	const char *target = archive_data(archive, link);
	if (*target == '/' || length + link->size + rest_length + 3 > PATH_LIMIT) return 0;
	joined[0] = '/';
	memcpy(joined + 1, archive_path(archive, link), length);
	while (length && joined[length] != '/') length--;
	joined[length++] = '/';
	memcpy(joined + length, target, link->size);
	memcpy(joined + length + link->size, rest, rest_length + 1);
	return normalize_path(joined, path) || rest_length == 0;
}

long archive_resolve(const struct region *archive, char path[PATH_LIMIT], int follow_last, const struct archive_entry **found)
{
	for (int links = 0; links < LINK_LIMIT; links++) {
		uint64_t length = length_of(path);
		const struct archive_entry *entry = archive_find(archive, path + (length > 0), length - (length > 0));
		if (entry && !(follow_last && entry->kind == ARCHIVE_SYMLINK)) return *found = entry, 0;
		const char *rest = "";
		for (uint64_t end = 1; !entry && end <= length; end++) {
			if (path[end] != '/' && path[end] != 0) continue;
			const struct archive_entry *parent = archive_find(archive, path + 1, end - 1);
			if (!parent || end == length) return -ENOENT;
			if (parent->kind == ARCHIVE_FILE) return -ENOTDIR;
			if (parent->kind == ARCHIVE_SYMLINK) entry = parent, rest = path + end;
		}
		if (!entry || !follow(archive, entry, rest, path)) return -ENOENT;
	}
	return -ELOOP;
}
