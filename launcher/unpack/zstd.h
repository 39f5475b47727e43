/* A decoder of zstd frames (RFC 8878) into memory that holds all of the content: it is its own window. */
#pragma once
#include <stdint.h>

#define BLOCK_LIMIT 0x20000 /* RFC 8878, 3.1.1.2.4: Block_Maximum_Size */
#define WILD 64             /* so many bytes behind what is asked for may be copied as well */

#define HUFFMAN_LOG 11
#define LITERAL_LENGTH_LOG 9
#define MATCH_LENGTH_LOG 9
#define OFFSET_LOG 8

/* State of a code of a sequence: where to go on, and what to add to how many bits. */
struct sequence_state {
	uint32_t base;
	uint16_t next;
	uint8_t bits, extra;
};

struct sequence_table {
	uint32_t log; /* 0 and one state: always the same code */
	uint32_t is_set;
	struct sequence_state *states;
};

struct zstd {
	uint16_t huffman[1 << HUFFMAN_LOG]; /* by the next bits: byte, and in the lower half how many bits are its code */
	struct sequence_state literal_length[1 << LITERAL_LENGTH_LOG], offset[1 << OFFSET_LOG], match_length[1 << MATCH_LENGTH_LOG];
	struct sequence_table tables[3];
	uint32_t has_huffman;
	uint64_t repeated[3];
	uint8_t literals[BLOCK_LIMIT + WILD];
};

/* Whether it is one frame that gives exactly so many bytes. Nothing outside of `to` is written, whatever the frame says. */
int zstd_decode(struct zstd *state, const uint8_t *frame, uint64_t frame_size, uint8_t *to, uint64_t size);
