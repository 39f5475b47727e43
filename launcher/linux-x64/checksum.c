/* src/format/checksum.ts says what it is. The only file that may use vector registers, with which it is twice as fast;
   checksum.S saves them, as the launcher is called where nobody expects a call. */
#include <emmintrin.h>
#include <stdint.h>

uint64_t checksum_by_vectors(const void *bytes, uint64_t size)
{
	static const uint64_t odd = 0x9e3779b97f4a7c15;
	__m128i a[4] = { 0 }, b[4] = { 0 };
	const __m128i *at = bytes;
	for (uint64_t i = size / 64; i; i--, at += 4)
		for (int k = 0; k < 4; k++) {
			a[k] = _mm_add_epi64(a[k], _mm_loadu_si128(at + k));
			b[k] = _mm_add_epi64(b[k], a[k]);
		}
	uint64_t sum = 0, sums = 0;
	for (int k = 0; k < 4; k++) {
		const uint64_t low = (uint64_t)_mm_cvtsi128_si64(a[k]), high = (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(a[k], a[k]));
		sum += (uint64_t)(4 * k + 1) * low + (uint64_t)(4 * k + 3) * high;
		sums += (uint64_t)_mm_cvtsi128_si64(b[k]) + (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(b[k], b[k]));
	}
	return odd * sum + 2 * sums;
}
