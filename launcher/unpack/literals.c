/* The literals of a block (RFC 8878, 3.1.1.3.1). */
#include "literals.h"
#include "bits.h"
#include "tables.h"

/* The next bits from the highest on; below the last of them is a single 1 that moves up as they are used. */
static inline uint64_t with_mark(const uint8_t *at)
{
	return load64(at) | 1;
}

static int decode_carefully(const uint16_t *table, struct bits *bits, uint8_t *to, const uint8_t *end)
{
	while (to < end) {
		bits_refill(bits);
		const uint16_t entry = table[(bits->window << (bits->used & 63)) >> (64 - HUFFMAN_LOG)];
		*to++ = (uint8_t)(entry >> 8);
		bits->used += entry & 0xff;
		if (bits_are_over(bits)) return 0;
	}
	return bits_end(bits);
}

/* Four streams at once: none of them waits for another. */
static int decode_four(const uint16_t *table, const uint8_t *from, uint64_t size, uint8_t *to, uint64_t count)
{
	if (size < 6 || count < 6) return 0;
	struct bits bits[4];
	uint8_t *at[4], *end[4];
	const uint64_t part = (count + 3) / 4;
	const uint8_t *start = from + 6;
	uint64_t left = size - 6;
	for (int i = 0; i < 4; i++) {
		const uint64_t length = i < 3 ? (uint64_t)from[2 * i] | (uint64_t)from[2 * i + 1] << 8 : left;
		if (length > left || (uint64_t)i * part > count || !bits_begin(&bits[i], start, length)) return 0;
		at[i] = to + (uint64_t)i * part;
		end[i] = i < 3 ? at[i] + part : to + count;
		if (end[i] > to + count) return 0;
		start += length;
		left -= length;
	}
	uint64_t streams[4];
	const uint8_t *in[4];
	int is_long = 1;
	for (int i = 0; i < 4; i++) {
		bits_refill(&bits[i]);
		in[i] = bits[i].at;
		if (bits[i].used >= 8 || in[i] < bits[i].start + 8) is_long = 0;
		streams[i] = with_mark(in[i]) << (bits[i].used & 7);
	}
	/* The last stream is the shortest, and each of five codes has at most eleven bits. */
	while (is_long) {
		uint64_t rounds = (uint64_t)(end[3] - at[3]) / 5;
		for (int i = 0; i < 4; i++) {
			const uint64_t safe = (uint64_t)(in[i] - bits[i].start) / 7;
			if (safe < rounds) rounds = safe;
		}
		if (rounds == 0) break;
		while (rounds-- > 0) {
#pragma GCC unroll 5
			for (int k = 0; k < 5; k++) {
#pragma GCC unroll 4
				for (int i = 0; i < 4; i++) {
					const uint16_t entry = table[streams[i] >> (64 - HUFFMAN_LOG)];
					streams[i] <<= entry & 63;
					at[i][k] = (uint8_t)(entry >> 8);
				}
			}
#pragma GCC unroll 4
			for (int i = 0; i < 4; i++) {
				const uint32_t used = (uint32_t)__builtin_ctzll(streams[i]);
				at[i] += 5;
				in[i] -= used >> 3;
				streams[i] = with_mark(in[i]) << (used & 7);
			}
		}
	}
	for (int i = 0; i < 4; i++) {
		if (is_long) {
			bits[i].at = in[i];
			bits[i].window = load64(in[i]);
			bits[i].used = (uint32_t)__builtin_ctzll(streams[i]);
		}
		if (!decode_carefully(table, &bits[i], at[i], end[i])) return 0;
	}
	return 1;
}

int64_t read_literals(struct zstd *state, const uint8_t *from, uint64_t size, const uint8_t **literals, uint64_t *count)
{
	if (size == 0) return -1;
	const uint32_t kind = from[0] & 3, format = from[0] >> 2 & 3;
	uint8_t *to = state->literals;
	uint64_t header = 0;
	for (uint64_t i = 0; i < 5 && i < size; i++) header |= (uint64_t)from[i] << 8 * i;
	if (kind < 2) { /* Raw_Literals_Block, RLE_Literals_Block */
		static const uint8_t sizes[] = { 1, 2, 1, 3 }, shifts[] = { 3, 4, 3, 4 };
		const uint64_t taken = sizes[format];
		*count = (header & ((1ul << 8 * taken) - 1)) >> shifts[format];
		if (taken > size || *count > BLOCK_LIMIT || (kind ? 1 : *count) > size - taken) return -1;
		*literals = to;
		if (kind) {
			for (uint64_t i = 0; i < *count; i++) to[i] = from[taken];
			return (int64_t)taken + 1;
		}
		if (size - taken - *count >= WILD) *literals = from + taken;
		else __builtin_memcpy(to, from + taken, *count);
		return (int64_t)(taken + *count);
	}
	static const uint8_t sizes[] = { 3, 3, 4, 5 }, widths[] = { 10, 10, 14, 18 };
	const uint64_t mask = (1ul << widths[format]) - 1;
	uint64_t taken = sizes[format], compressed = header >> (4 + widths[format]) & mask;
	*count = header >> 4 & mask;
	if (taken > size || *count > BLOCK_LIMIT || compressed > size - taken) return -1;
	const uint8_t *at = from + taken;
	taken += compressed;
	if (kind == 2) { /* Compressed_Literals_Block */
		const int64_t tree = read_huffman_table(state->huffman, at, compressed);
		if (tree < 0) return -1;
		state->has_huffman = 1;
		at += tree;
		compressed -= (uint64_t)tree;
	}
	struct bits bits;
	if (!state->has_huffman) return -1;
	const int is_right = format ? decode_four(state->huffman, at, compressed, to, *count)
				    : bits_begin(&bits, at, compressed) && decode_carefully(state->huffman, &bits, to, to + *count);
	*literals = to;
	return is_right ? (int64_t)taken : -1;
}
