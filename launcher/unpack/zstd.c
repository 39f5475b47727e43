/* Frames, blocks and sequences (RFC 8878, 3.1.1). What limits the speed is memory: a block's sequences are decoded some at
   a time, and what they copy is asked for before it is needed. */
#include "zstd.h"
#include "bits.h"
#include "literals.h"
#include "tables.h"

#define BATCH 64

struct sequence {
	uint32_t literal_length, match_length;
	uint64_t offset;
};

struct output {
	uint8_t *start, *at, *end;
};

static inline void copy16(uint8_t *to, const uint8_t *from)
{
	typedef uint64_t pair __attribute__((vector_size(16), aligned(1), may_alias));
	*(pair *)to = *(const pair *)from;
}

static inline void copy8(uint8_t *to, const uint8_t *from)
{
	__builtin_memcpy(to, from, 8);
}

static void copy_carefully(uint8_t *to, const uint8_t *from, uint64_t count)
{
	while (count-- > 0) *to++ = *from++;
}

static inline void copy_match(uint8_t *to, uint64_t offset, uint64_t length)
{
	uint8_t *const end = to + length;
	const uint8_t *from = to - offset;
	if (__builtin_expect(offset >= 16, 1)) {
		/* Most are within these: no branch that is guessed wrong. */
		copy16(to, from);
		copy16(to + 16, from + 16);
		for (to += 32, from += 32; to < end; to += 16, from += 16) copy16(to, from);
		return;
	}
	if (offset < 8) {
		/* What repeats is laid out until eight bytes at a time are behind each other. */
		for (int i = 0; i < 8; i++) to[i] = from[i];
		const uint64_t period = offset * ((8 + offset - 1) / offset);
		to += 8;
		from = to - period;
	}
	while (to < end) {
		copy8(to, from);
		to += 8, from += 8;
	}
}

/* Offsets of before, the last one first. */
struct repeated {
	uint64_t first, second, third;
};

/* 3.1.1.5: 1 to 3 stand for one of them, one further where there are no literals. */
static inline uint64_t offset_of(struct repeated *repeated, uint64_t value, int has_literals)
{
	uint64_t offset = value - 3;
	if (value <= 3) {
		const uint64_t index = value - (has_literals != 0);
		if (index == 0) return repeated->first;
		offset = index == 1 ? repeated->second : index == 2 ? repeated->third : repeated->first - 1;
		if (index == 1) repeated->second = repeated->third;
	}
	repeated->third = repeated->second;
	repeated->second = repeated->first;
	return repeated->first = offset;
}

static int run_sequences(struct zstd *state, const uint8_t *from, uint64_t size, uint32_t count, const uint8_t *literals, uint64_t literal_count, struct output *output)
{
	const struct sequence_state *const literal_lengths = state->literal_length, *const offsets = state->offset, *const match_lengths = state->match_length;
	const uint8_t *const literals_end = literals + literal_count;
	struct repeated repeated = { state->repeated[0], state->repeated[1], state->repeated[2] };
	uint8_t *to = output->at, *const start = output->start, *const end = output->end;
	struct bits bits;
	if (!bits_begin(&bits, from, size)) return 0;
	bits_refill(&bits);
	uint32_t literal_state = (uint32_t)bits_read(&bits, state->tables[LITERAL_LENGTHS].log);
	uint32_t offset_state = (uint32_t)bits_read(&bits, state->tables[OFFSETS].log);
	uint32_t match_state = (uint32_t)bits_read(&bits, state->tables[MATCH_LENGTHS].log);
	while (count > 0) {
		struct sequence batch[BATCH];
		const uint32_t batch_size = count < BATCH ? count : BATCH;
		const uint8_t *ahead = to;
		count -= batch_size;
		for (uint32_t i = 0; i < batch_size; i++) {
			const struct sequence_state *const literal = &literal_lengths[literal_state], *const offset = &offsets[offset_state], *const match = &match_lengths[match_state];
			bits_refill(&bits);
			const uint64_t value = offset->base + bits_read(&bits, offset->extra);
			const uint32_t match_length = match->base + (uint32_t)bits_read(&bits, match->extra);
			/* 57 bits are there, and the states take up to 26. */
			if (__builtin_expect(offset->extra + match->extra + literal->extra > 31, 0)) bits_refill(&bits);
			const uint32_t literal_length = literal->base + (uint32_t)bits_read(&bits, literal->extra);
			/* Behind the last sequence are no states. */
			if (__builtin_expect(count > 0 || i + 1 < batch_size, 1)) {
				literal_state = literal->next + (uint32_t)bits_read(&bits, literal->bits);
				match_state = match->next + (uint32_t)bits_read(&bits, match->bits);
				offset_state = offset->next + (uint32_t)bits_read(&bits, offset->bits);
			}
			const uint64_t distance = offset_of(&repeated, value, literal_length != 0);
			batch[i] = (struct sequence){ literal_length, match_length, distance };
			ahead += literal_length;
			__builtin_prefetch(ahead - distance);
			ahead += match_length;
		}
		if (bits_are_over(&bits)) return 0;
		for (uint32_t i = 0; i < batch_size; i++) {
			const uint64_t literal_length = batch[i].literal_length, match_length = batch[i].match_length, offset = batch[i].offset;
			if (literal_length > (uint64_t)(literals_end - literals) || literal_length + match_length > (uint64_t)(end - to)) return 0;
			if (offset > (uint64_t)(to - start) + literal_length || offset == 0) return 0;
			if (__builtin_expect((uint64_t)(end - to) >= literal_length + match_length + WILD, 1)) {
				copy16(to, literals);
				copy16(to + 16, literals + 16);
				for (uint64_t done = 32; done < literal_length; done += 16) copy16(to + done, literals + done);
				copy_match(to + literal_length, offset, match_length);
			} else {
				copy_carefully(to, literals, literal_length);
				copy_carefully(to + literal_length, to + literal_length - offset, match_length);
			}
			literals += literal_length;
			to += literal_length + match_length;
		}
	}
	if (!bits_end(&bits)) return 0;
	state->repeated[0] = repeated.first, state->repeated[1] = repeated.second, state->repeated[2] = repeated.third;
	const uint64_t rest = (uint64_t)(literals_end - literals);
	if (rest > (uint64_t)(end - to)) return 0;
	__builtin_memcpy(to, literals, rest);
	output->at = to + rest;
	return 1;
}

/* 3.1.1.3 */
static int decode_block(struct zstd *state, const uint8_t *from, uint64_t size, struct output *output)
{
	const uint8_t *literals;
	uint64_t literal_count;
	const int64_t section = read_literals(state, from, size, &literals, &literal_count);
	if (section < 0 || (uint64_t)section >= size) return 0;
	from += section;
	size -= (uint64_t)section;
	uint32_t count = *from++;
	size--;
	if (count >= 128) {
		const uint64_t more = count == 255 ? 2 : 1;
		if (size < more) return 0;
		count = count == 255 ? 0x7f00u + from[0] + ((uint32_t)from[1] << 8) : ((count - 128) << 8) + from[0];
		from += more;
		size -= more;
	}
	if (count == 0) {
		if (size != 0 || literal_count > (uint64_t)(output->end - output->at)) return 0;
		__builtin_memcpy(output->at, literals, literal_count);
		output->at += literal_count;
		return 1;
	}
	if (size == 0 || from[0] & 3) return 0;
	const uint32_t modes = *from++;
	size--;
	for (int i = 0; i < 3; i++) {
		const int64_t taken = read_sequence_table((enum code)i, &state->tables[i], (enum table_mode)(modes >> (6 - 2 * i) & 3), from, size);
		if (taken < 0) return 0;
		from += taken;
		size -= (uint64_t)taken;
	}
	return run_sequences(state, from, size, count, literals, literal_count, output);
}

/* Magic, descriptor, window and content size (3.1.1.1); how many bytes, 0 if it is no frame of so much content. */
static uint64_t read_frame_header(const uint8_t *frame, uint64_t size, uint64_t content_size, int *has_checksum)
{
	static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd }, content_sizes[] = { 0, 2, 4, 8 };
	if (size < 6) return 0;
	for (int i = 0; i < 4; i++)
		if (frame[i] != magic[i]) return 0;
	const uint32_t descriptor = frame[4], is_single = descriptor >> 5 & 1;
	/* No dictionary, and the reserved bit is zero. */
	if (descriptor & 0xb) return 0;
	*has_checksum = descriptor >> 2 & 1;
	uint64_t width = content_sizes[descriptor >> 6], at = 5 + !is_single, said = 0;
	if (width == 0 && is_single) width = 1;
	if (size < at + width) return 0;
	for (uint64_t i = 0; i < width; i++) said |= (uint64_t)frame[at + i] << 8 * i;
	if (width == 2) said += 256;
	return width && said != content_size ? 0 : at + width;
}

int zstd_decode(struct zstd *state, const uint8_t *frame, uint64_t frame_size, uint8_t *to, uint64_t size)
{
	struct output output = { to, to, to + size };
	int has_checksum;
	uint64_t at = read_frame_header(frame, frame_size, size, &has_checksum);
	if (!at) return 0;
	struct sequence_state *const states[] = { state->literal_length, state->offset, state->match_length };
	for (int i = 0; i < 3; i++) state->tables[i] = (struct sequence_table){ .states = states[i] };
	state->has_huffman = 0;
	state->repeated[0] = 1, state->repeated[1] = 4, state->repeated[2] = 8;
	for (uint32_t is_last = 0; !is_last;) {
		if (frame_size - at < 3) return 0;
		const uint32_t header = frame[at] | (uint32_t)frame[at + 1] << 8 | (uint32_t)frame[at + 2] << 16;
		const uint64_t block_size = header >> 3, room = (uint64_t)(output.end - output.at);
		is_last = header & 1;
		at += 3;
		const uint64_t stored = (header >> 1 & 3) == 1 ? 1 : block_size;
		if (stored > frame_size - at || block_size > BLOCK_LIMIT) return 0;
		switch (header >> 1 & 3) {
		case 0: /* Raw_Block */
		case 1: /* RLE_Block */
			if (block_size > room) return 0;
			if (stored == block_size) __builtin_memcpy(output.at, frame + at, block_size);
			else __builtin_memset(output.at, frame[at], block_size);
			output.at += block_size;
			break;
		case 2:
			if (!decode_block(state, frame + at, block_size, &output)) return 0;
			break;
		default:
			return 0;
		}
		at += stored;
	}
	return output.at == output.end && frame_size - at == (has_checksum ? 4 : 0);
}
