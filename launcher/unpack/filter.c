/* A call says how far it is to where it leads, so calls of the same function are all different. In a frame of code they say
   where they lead instead, which compresses better. It is the four bytes behind each E8 or E9, whether that is an instruction
   or not: where the number is small enough to be a distance in the file, it is one. The highest byte, by which that is told,
   stays where it is and in its range; and where it is no distance, that byte is not changed as part of another one. So both
   directions see the same. */
#include "filter.h"
#include <emmintrin.h>

/* Distances from -2^26 up to 2^26, and places modulo 2^27. */
static inline int is_near(uint8_t highest)
{
	return (uint8_t)(highest + 4) < 8;
}

/* Which of the next 16 bytes are opcodes of a call or jump. */
static inline uint32_t opcodes(const uint8_t *at)
{
	const __m128i bytes = _mm_or_si128(_mm_loadu_si128((const __m128i *)at), _mm_set1_epi8(1));
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)0xe9)));
}

static inline int restore(uint8_t *code, uint64_t at)
{
	uint8_t *const operand = code + at + 1;
	if (!is_near(operand[3])) return 0;
	const uint32_t place = (uint32_t)operand[0] << 16 | (uint32_t)operand[1] << 8 | operand[2] | (uint32_t)operand[3] << 24;
	const int32_t distance = (int32_t)((place - (uint32_t)at) << 5) >> 5;
	__builtin_memcpy(operand, &distance, 4);
	return 1;
}

void restore_calls(uint8_t *code, uint64_t size)
{
	uint64_t at = 0;
	while (at + 16 + 5 <= size) {
		const uint32_t found = opcodes(code + at);
		if (!found) {
			at += 16;
			continue;
		}
		at += (uint64_t)__builtin_ctz(found);
		at += restore(code, at) ? 5 : 4;
	}
	while (at + 5 <= size) at += (code[at] & 0xfe) != 0xe8 ? 1 : restore(code, at) ? 5 : 4;
}
