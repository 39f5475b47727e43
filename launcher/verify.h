/* Whether the bytes that are about to be used are those that were sealed. src/format/seal.ts is the definition. */
#pragma once
#include "layout.h"

/* What every start uses. Nothing of the launcher's data may have been written before. */
void verify_start(const char *executable);
/* What only a cold start uses; the libraries are verified as they are opened. */
void verify_cold_start(void);
/* What only a thaw uses: the table, and what a rehearsal has seen a start touch. */
void verify_thaw_table(void);
/* An archive's bytes, and all that its look-ups read. */
void verify_archive(const struct region *archive, uint64_t offset, uint64_t size);
void verify_index(const struct region *archive);
/* Somebody else has looked, and found damage at this offset in the archive. */
__attribute__((noreturn)) void program_is_damaged(uint64_t offset);
/* What a worker begins with. */
void verify_bootstrap(void);

/* crc.S */
uint32_t crc32(uint32_t crc, const void *bytes, uint64_t size, int folded);
