/* src/format/checksum.ts says what it is. The only file that may use vector registers, with which it is twice as fast;
   checksum.S saves them, as the launcher is called where nobody expects a call. */
#include <emmintrin.h>
#include <stdint.h>

#include "mix.h"

uint64_t checksum_by_vectors(const void *bytes, uint64_t size)
{
	__m128i a[4] = { 0 }, b[4] = { 0 };
	/* Unrolled, all of both stay in registers: four times as fast. The processor does not look beyond a page by itself; what is
	   behind the end is not asked for, as it is seldom what comes next (verify.c). */
	const char *const end = (const char *)bytes + size / 64 * 64;
	for (const char *at = bytes; at != end; at += 64) {
		_mm_prefetch(end - at > 4096 ? at + 4096 : at, _MM_HINT_T0);
#pragma GCC unroll 4
		for (int k = 0; k < 4; k++) {
			a[k] = _mm_shuffle_epi32(a[k], _MM_SHUFFLE(2, 3, 0, 1));
			a[k] = _mm_add_epi64(a[k], _mm_loadu_si128((const __m128i *)at + k));
			b[k] = _mm_add_epi64(b[k], a[k]);
		}
	}
	uint64_t sums[16];
#pragma GCC unroll 4
	for (int k = 0; k < 4; k++) {
		_mm_storeu_si128((__m128i *)sums + k, a[k]);
		_mm_storeu_si128((__m128i *)sums + 4 + k, b[k]);
	}
	return mix(sums);
}
