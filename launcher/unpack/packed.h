/* What a compressed executable is: this program, a table in its first page, and frames of zstd, which the kernel maps with it.
   src/image/elf/packed.ts says the same; PACKED_VERSION ties them together. */
#pragma once
#include <stdint.h>

#define PACKED_VERSION 1
#define PACKED_BASE 0x10000000  /* of the file's first page */
#define PACKED_TABLE 0x10000200 /* behind the program headers */
#define PACKED_CODE 0x10001000
#define PACKED_DATA 0x10100000
#define PACKED_FRAMES 0x20000000

/* 32-bit distances of calls and jumps are the places they lead to (filter.c). */
#define FRAME_OF_CODE 1

#ifndef __ASSEMBLER__
struct frame {
	uint64_t offset, size; /* from PACKED_FRAMES on; padded with zeros to whole runs of the checksum */
	uint64_t checksum;     /* src/format/checksum.ts, of the frame with its padding */
	uint64_t content_offset, content_size;
	uint64_t flags;
};

struct packed_table {
	uint64_t magic, version;
	uint64_t checksum; /* of the first page, in which this is zero then */
	uint64_t code_size, code_checksum;
	uint64_t content_size;
	uint64_t frames_size;
	uint64_t frame_count;
	struct frame frames[]; /* what takes longest comes first */
};
#define PACKED_MAGIC 0x31305a544f474e49 /* "INGOTZ01" */
#define PACKED ((const struct packed_table *)PACKED_TABLE)
#endif
