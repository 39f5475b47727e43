/* src/format/checksum.ts says what it is. In general registers, of which there are enough: who calls the launcher in place
   of the kernel expects its vector registers unchanged. */
#include "mix.h"
#include "verify.h"

uint64_t checksum(const void *bytes, uint64_t size)
{
	uint64_t a[8] = { 0 }, b[8] = { 0 }, sums[16];
	const uint64_t *at = bytes;
	for (uint64_t i = size / 64; i; i--, at += 8)
#pragma GCC unroll 8
		for (int k = 0; k < 8; k++) {
			a[k] = (a[k] << 32 | a[k] >> 32) + at[k];
			b[k] += a[k];
		}
#pragma GCC unroll 8
	for (int k = 0; k < 8; k++) {
		sums[k] = a[k];
		sums[8 + k] = b[k];
	}
	return mix(sums);
}
