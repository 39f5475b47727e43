/* src/format/checksum.ts says what it is. In general registers, of which there are enough: who calls the launcher in place
   of the kernel expects its vector registers unchanged. */
#include "verify.h"

uint64_t checksum(const void *bytes, uint64_t size)
{
	static const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t a[8] = { 0 }, b[8] = { 0 };
	const uint64_t *at = bytes;
	for (uint64_t i = size / 64; i; i--, at += 8)
#pragma GCC unroll 8
		for (int k = 0; k < 8; k++) {
			a[k] += at[k];
			b[k] += a[k];
		}
	uint64_t sum = 0, sums = 0;
#pragma GCC unroll 8
	for (int k = 0; k < 8; k++) {
		sum += (uint64_t)(2 * k + 1) * a[k];
		sums += b[k];
	}
	return odd * sum + 2 * sums;
}
