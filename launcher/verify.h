/* Whether the bytes that are about to be used are those that were sealed. src/format/seal.ts is the definition. */
#pragma once
#include "layout.h"

/* What every start uses. */
void verify_start(const char *executable);
/* What only a cold start uses; the libraries are verified as they are opened. */
void verify_cold_start(void);
/* What only a thaw uses: the table, and later, in its place, what a rehearsal has seen a start use. */
void verify_thaw_table(void);
void verify_thawed_memory(void);
/* Of what the kernel has mapped at this address; 0 for none. */
uint64_t file_offset_of(uint64_t address);
/* An archive's bytes, and all that its look-ups read. */
void verify_archive(const struct region *archive, uint64_t offset, uint64_t size);
void verify_index(const struct region *archive);
/* What a worker begins with. */
void verify_bootstrap(void);

/* crash.c: lets a process that crashes look whether its file is damaged: until node begins, and from the bootstrap on. */
void watch_first_crash(void);
void watch_crashes(void);

enum part_name { RUNTIME, LAUNCHER, LAUNCH_TABLE_PART, LOADER, LIBRARIES, BOOTSTRAP, PROGRAM, FROZEN };
extern const char *const PART_NAMES[];

struct seal {
	uint32_t magic[2], part_count, block_size, cluster_size, reserved;
	uint64_t hashes, checksums; /* offsets from the seal's start */
	struct part {
		uint32_t name, first_block, first_cluster, reserved;
		uint64_t offset, size;
	} parts[];
};
#define CLUSTER 0x20000

/* checksum.S: of whole runs of 64 bytes. */
uint64_t checksum(const void *bytes, uint64_t size);
/* The root of the seal is zero where it is hashed. */
void clear_root(struct launch_table *table);
__attribute__((noreturn)) void damaged(const char *executable, const char *what, uint64_t offset);
