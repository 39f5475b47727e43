/* CRC-32 (IEEE 802.3, reflected: zlib's) by carry-less multiplication, as in Intel's paper "Fast CRC Computation for
   Generic Polynomials Using PCLMULQDQ Instruction". The only file that may use vector registers: crc.S saves them,
   as the launcher is called where nobody expects a call. */
#include <stdint.h>
#include <wmmintrin.h>
#include <smmintrin.h>

/* Four bits at a time; for what does not fill sixteen bytes, and old processors. */
uint32_t crc32_portable(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	static const uint32_t table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
					    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	crc = ~crc;
	for (uint64_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static inline __m128i fold(__m128i value, __m128i by, __m128i next)
{
	return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(value, by, 0x00), _mm_clmulepi64_si128(value, by, 0x11)), next);
}

uint32_t crc32_folded(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	if (size < 64) return crc32_portable(crc, bytes, size);
	const __m128i *at = (const __m128i *)bytes, *end = at + size / 16;
	/* x^(512+32), x^(512-32), x^(128+32), x^(128-32), x^64 modulo P; P and its Barrett constant. All reflected. */
	const __m128i by_512 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4), by_128 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
	const __m128i by_64 = _mm_set_epi64x(0, 0x163cd6124), barrett = _mm_set_epi64x(0x1f7011641, 0x1db710641);
	__m128i a = _mm_xor_si128(_mm_loadu_si128(at), _mm_cvtsi32_si128((int)~crc));
	__m128i b = _mm_loadu_si128(at + 1), c = _mm_loadu_si128(at + 2), d = _mm_loadu_si128(at + 3);
	for (at += 4; end - at >= 4; at += 4) {
		a = fold(a, by_512, _mm_loadu_si128(at));
		b = fold(b, by_512, _mm_loadu_si128(at + 1));
		c = fold(c, by_512, _mm_loadu_si128(at + 2));
		d = fold(d, by_512, _mm_loadu_si128(at + 3));
	}
	a = fold(fold(fold(a, by_128, b), by_128, c), by_128, d);
	for (; at < end; at++) a = fold(a, by_128, _mm_loadu_si128(at));
	/* 128 bits to 64, to 32. */
	const __m128i low = _mm_set_epi32(0, -1, 0, -1);
	a = _mm_xor_si128(_mm_clmulepi64_si128(a, by_128, 0x10), _mm_srli_si128(a, 8));
	a = _mm_xor_si128(_mm_clmulepi64_si128(_mm_and_si128(a, low), by_64, 0x00), _mm_srli_si128(a, 4));
	__m128i q = _mm_clmulepi64_si128(_mm_and_si128(a, low), barrett, 0x10);
	q = _mm_clmulepi64_si128(_mm_and_si128(q, low), barrett, 0x00);
	crc = ~(uint32_t)_mm_extract_epi32(_mm_xor_si128(a, q), 1);
	return crc32_portable(crc, (const uint8_t *)end, size % 16);
}
