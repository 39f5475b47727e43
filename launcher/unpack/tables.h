#pragma once
#include "zstd.h"

/* In the order in which a block has their tables. */
enum code { LITERAL_LENGTHS, OFFSETS, MATCH_LENGTHS };

/* RFC 8878, 3.1.1.3.2.1: Symbol_Compression_Modes */
enum table_mode { PREDEFINED, RLE, FSE_COMPRESSED, REPEAT };

int64_t read_sequence_table(enum code code, struct sequence_table *table, enum table_mode mode, const uint8_t *from, uint64_t size);

/* How many bytes of `from` it takes; negative if there is none. */
int64_t read_huffman_table(uint16_t *table, const uint8_t *from, uint64_t size);
