/* The end of a checksum (src/format/checksum.ts). */
#pragma once

#include <stdint.h>

static inline uint64_t mix(const uint64_t sums[16])
{
	uint64_t result = 0;
	for (int i = 0; i < 16; i++) {
		result = (result ^ sums[i]) * 0x9e3779b97f4a7c15;
		result ^= result >> 32;
	}
	return result;
}
