/* src/format/checksum.ts says what it is. The only file that may use vector registers, with which it is twice as fast;
   checksum.S saves them, as the launcher is called where nobody expects a call. */
#include <emmintrin.h>
#include <stdint.h>

uint64_t checksum_by_vectors(const void *bytes, uint64_t size)
{
	static const uint64_t odd = 0x9e3779b97f4a7c15;
	__m128i a[4] = { 0 }, b[4] = { 0 };
	/* Unrolled, all of both stay in registers: four times as fast. The processor does not look beyond a page by itself. */
	for (const char *at = bytes, *end = at + size / 64 * 64; at != end; at += 64) {
		_mm_prefetch(at + 4096, _MM_HINT_T0);
#pragma GCC unroll 4
		for (int k = 0; k < 4; k++) {
			a[k] = _mm_add_epi64(a[k], _mm_loadu_si128((const __m128i *)at + k));
			b[k] = _mm_add_epi64(b[k], a[k]);
		}
	}
	uint64_t sum = 0, sums = 0, as[8], bs[8];
#pragma GCC unroll 4
	for (int k = 0; k < 4; k++) {
		_mm_storeu_si128((__m128i *)as + k, a[k]);
		_mm_storeu_si128((__m128i *)bs + k, b[k]);
	}
	for (unsigned i = 0; i < 8; i++) {
		sum += (2 * i + 1) * as[i];
		sums += bs[i];
	}
	return odd * sum + 2 * sums;
}
