/* Bits that are read from the last to the first, as both kinds of codes of zstd have them (RFC 8878, 4.1). */
#pragma once
#include <stdint.h>

static inline uint64_t load64(const uint8_t *at)
{
	uint64_t value;
	__builtin_memcpy(&value, at, 8);
	return value;
}

static inline uint32_t highest_bit(uint32_t value)
{
	return 31 - (uint32_t)__builtin_clz(value);
}

struct bits {
	const uint8_t *start, *at; /* eight bytes from here on are in the window */
	uint64_t window;
	uint32_t used; /* of the window, from its highest bit on; more than 64: beyond the start */
};

static inline int bits_begin(struct bits *bits, const uint8_t *start, uint64_t size)
{
	if (size == 0 || start[size - 1] == 0) return 0;
	bits->start = start;
	if (size >= 8) {
		bits->at = start + size - 8;
		bits->window = load64(bits->at);
		bits->used = 0;
	} else {
		bits->at = start;
		bits->window = 0;
		for (uint64_t i = 0; i < size; i++) bits->window |= (uint64_t)start[i] << 8 * i;
		bits->used = 64 - 8 * (uint32_t)size;
	}
	/* The highest set bit of the last byte marks the end. */
	bits->used += 8 - highest_bit(start[size - 1]);
	return 1;
}

/* At least 57 bits are in the window then, if there are as many. */
static inline void bits_refill(struct bits *bits)
{
	uint64_t bytes = bits->used >> 3;
	if (__builtin_expect((uint64_t)(bits->at - bits->start) < bytes, 0)) bytes = (uint64_t)(bits->at - bits->start);
	if (bytes == 0) return;
	bits->at -= bytes;
	bits->used -= 8 * (uint32_t)bytes;
	bits->window = load64(bits->at);
}

/* Zeros where there is nothing left, so that no damage leads outside. */
static inline uint64_t bits_read(struct bits *bits, uint32_t count)
{
	const uint64_t value = (bits->window << (bits->used & 63)) >> 1 >> (63 - count);
	bits->used += count;
	return value;
}

static inline int bits_are_over(const struct bits *bits)
{
	return bits->used > 64;
}

static inline int bits_end(const struct bits *bits)
{
	return bits->at == bits->start && bits->used == 64;
}
