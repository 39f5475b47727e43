/* What the codes of a block mean: FSE distributions (RFC 8878, 4.1.1) and Huffman trees (4.2.1). */
#include "tables.h"
#include "bits.h"

/* 3.1.1.3.2.1.1: base values of codes, and how many bits are added to them. */
static const uint32_t LITERAL_LENGTH_BASE[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536 };
static const uint8_t LITERAL_LENGTH_EXTRA[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
static const uint32_t MATCH_LENGTH_BASE[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539 };
static const uint8_t MATCH_LENGTH_EXTRA[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

/* 3.1.1.3.2.2: distributions that need not be sent. */
static const int16_t LITERAL_LENGTH_DEFAULT[] = { 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1 };
static const int16_t MATCH_LENGTH_DEFAULT[] = { 1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1 };
static const int16_t OFFSET_DEFAULT[] = { 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1 };

#define SYMBOL_LIMIT 64
#define WEIGHT_LOG 6

static const struct {
	const uint32_t *bases; /* none: the powers of two */
	const uint8_t *extras;
	const int16_t *defaults;
	uint32_t count, default_count, default_log, log_limit;
} CODES[] = {
	[LITERAL_LENGTHS] = { LITERAL_LENGTH_BASE, LITERAL_LENGTH_EXTRA, LITERAL_LENGTH_DEFAULT, 36, 36, 6, LITERAL_LENGTH_LOG },
	[OFFSETS] = { 0, 0, OFFSET_DEFAULT, 32, 29, 5, OFFSET_LOG },
	[MATCH_LENGTHS] = { MATCH_LENGTH_BASE, MATCH_LENGTH_EXTRA, MATCH_LENGTH_DEFAULT, 53, 53, 6, MATCH_LENGTH_LOG },
};

/* Bits that are read forwards; zeros behind the end. */
static uint32_t peek(const uint8_t *from, uint64_t size, uint64_t position)
{
	uint64_t value = 0;
	for (uint64_t i = 0; i < 4 && position / 8 + i < size; i++) value |= (uint64_t)from[position / 8 + i] << 8 * i;
	return (uint32_t)(value >> position % 8);
}

/* How many bytes the distribution takes; 0 if it is none. */
static uint64_t read_distribution(const uint8_t *from, uint64_t size, int16_t *probabilities, uint32_t *count, uint32_t limit, uint32_t *log, uint32_t log_limit)
{
	uint64_t position = 4;
	*log = 5 + (peek(from, size, 0) & 15);
	if (size == 0 || *log > log_limit) return 0;
	int32_t left = 1 << *log;
	uint32_t symbol = 0;
	while (left > 0) {
		if (symbol >= limit) return 0;
		const uint32_t bits = highest_bit((uint32_t)left + 1) + 1, short_values = (1u << bits) - 2 - (uint32_t)left;
		const uint32_t seen = peek(from, size, position);
		uint32_t value = seen & ((1u << (bits - 1)) - 1);
		if (value < short_values) {
			position += bits - 1;
		} else {
			value = seen & ((1u << bits) - 1);
			if (value >= 1u << (bits - 1)) value -= short_values;
			position += bits;
		}
		const int16_t probability = (int16_t)((int32_t)value - 1);
		probabilities[symbol++] = probability;
		left -= probability < 0 ? 1 : probability;
		for (uint32_t more = probability == 0 ? 3 : 0; more == 3; position += 2) {
			more = peek(from, size, position) & 3;
			if (symbol + more > limit) return 0;
			for (uint32_t i = 0; i < more; i++) probabilities[symbol++] = 0;
		}
	}
	*count = symbol;
	const uint64_t bytes = (position + 7) / 8;
	return left == 0 && bytes <= size ? bytes : 0;
}

struct cell {
	uint16_t next;
	uint8_t bits, symbol;
};

/* 4.1.1, "From normalized distribution to decoding tables" */
static void spread(const int16_t *probabilities, uint32_t count, uint32_t log, struct cell *cells)
{
	const uint32_t size = 1u << log, step = (size >> 1) + (size >> 3) + 3;
	uint16_t next[SYMBOL_LIMIT];
	uint32_t end = size, at = 0;
	for (uint32_t symbol = 0; symbol < count; symbol++) {
		if (probabilities[symbol] < 0) cells[--end].symbol = (uint8_t)symbol;
		next[symbol] = (uint16_t)(probabilities[symbol] < 0 ? 1 : probabilities[symbol]);
	}
	for (uint32_t symbol = 0; symbol < count; symbol++)
		for (int16_t i = 0; i < probabilities[symbol]; i++) {
			cells[at].symbol = (uint8_t)symbol;
			do at = (at + step) & (size - 1);
			while (at >= end);
		}
	for (uint32_t i = 0; i < size; i++) {
		const uint32_t state = next[cells[i].symbol]++;
		cells[i].bits = (uint8_t)(log - highest_bit(state));
		cells[i].next = (uint16_t)((state << cells[i].bits) - size);
	}
}

static struct sequence_state state_of(enum code code, struct cell cell)
{
	const uint8_t symbol = cell.symbol;
	const uint32_t *bases = CODES[code].bases;
	return (struct sequence_state){ .base = bases ? bases[symbol] : 1u << symbol, .next = cell.next, .bits = cell.bits,
					.extra = bases ? CODES[code].extras[symbol] : symbol };
}

static void fill_sequence_table(enum code code, struct sequence_table *table, const int16_t *probabilities, uint32_t count, uint32_t log)
{
	struct cell cells[1 << LITERAL_LENGTH_LOG];
	spread(probabilities, count, log, cells);
	for (uint32_t i = 0; i < 1u << log; i++) table->states[i] = state_of(code, cells[i]);
	table->log = log;
	table->is_set = 1;
}

/* 3.1.1.3.2.1: a table as one of the four modes says; how many bytes it takes, negative if that is not possible. */
int64_t read_sequence_table(enum code code, struct sequence_table *table, enum table_mode mode, const uint8_t *from, uint64_t size)
{
	int16_t probabilities[SYMBOL_LIMIT];
	uint32_t count, log;
	switch (mode) {
	case PREDEFINED:
		fill_sequence_table(code, table, CODES[code].defaults, CODES[code].default_count, CODES[code].default_log);
		return 0;
	case RLE:
		if (size == 0 || from[0] >= CODES[code].count) return -1;
		table->states[0] = state_of(code, (struct cell){ .symbol = from[0] });
		table->log = 0;
		table->is_set = 1;
		return 1;
	case REPEAT:
		return table->is_set ? 0 : -1;
	default:
		break;
	}
	const uint64_t taken = read_distribution(from, size, probabilities, &count, CODES[code].count, &log, CODES[code].log_limit);
	if (!taken) return -1;
	fill_sequence_table(code, table, probabilities, count, log);
	return (int64_t)taken;
}

/* 4.2.1.2: weights that are compressed by FSE, two states in turn; how many. */
static uint32_t read_weights(const uint8_t *from, uint64_t size, uint8_t *weights)
{
	int16_t probabilities[SYMBOL_LIMIT];
	struct cell cells[1 << WEIGHT_LOG];
	uint32_t count, log, weight_count = 0;
	struct bits bits;
	const uint64_t taken = read_distribution(from, size, probabilities, &count, HUFFMAN_LOG + 2, &log, WEIGHT_LOG);
	if (!taken || !bits_begin(&bits, from + taken, size - taken)) return 0;
	spread(probabilities, count, log, cells);
	uint32_t states[2];
	for (int i = 0; i < 2; i++) states[i] = (uint32_t)bits_read(&bits, log);
	bits_refill(&bits);
	if (bits_are_over(&bits)) return 0;
	for (int turn = 0;; turn ^= 1) {
		const struct cell cell = cells[states[turn]];
		if (weight_count >= 254) return 0;
		weights[weight_count++] = cell.symbol;
		states[turn] = cell.next + (uint32_t)bits_read(&bits, cell.bits);
		bits_refill(&bits);
		if (!bits_are_over(&bits)) continue;
		weights[weight_count++] = cells[states[turn ^ 1]].symbol;
		return weight_count;
	}
}

int64_t read_huffman_table(uint16_t *table, const uint8_t *from, uint64_t size)
{
	uint8_t weights[256];
	uint32_t count, positions[HUFFMAN_LOG + 3] = { 0 };
	if (size == 0) return -1;
	uint64_t taken = from[0];
	if (taken < 128) {
		if (++taken > size) return -1;
		count = read_weights(from + 1, taken - 1, weights);
		if (count == 0) return -1;
	} else {
		count = (uint32_t)taken - 127;
		taken = 1 + (count + 1) / 2;
		if (taken > size) return -1;
		for (uint32_t i = 0; i < count; i++) weights[i] = from[1 + i / 2] >> (i % 2 ? 0 : 4) & 15;
	}
	/* The last weight is what makes a whole tree of it. */
	uint32_t sum = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (weights[i] > HUFFMAN_LOG + 1) return -1;
		sum += 1u << weights[i] >> 1;
	}
	if (sum == 0) return -1;
	const uint32_t log = highest_bit(sum) + 1, left = (1u << log) - sum;
	if (log > HUFFMAN_LOG || left & (left - 1)) return -1;
	weights[count++] = (uint8_t)(highest_bit(left) + 1);
	/* The longest codes first; each is entered for whatever follows it in as many bits as the longest may have. */
	for (uint32_t i = 0; i < count; i++)
		if (weights[i]) positions[weights[i] + 1] += 1u << (weights[i] - 1) << (HUFFMAN_LOG - log);
	for (uint32_t weight = 1; weight < HUFFMAN_LOG + 3; weight++) positions[weight] += positions[weight - 1];
	for (uint32_t symbol = 0; symbol < count; symbol++) {
		const uint32_t weight = weights[symbol];
		if (!weight) continue;
		const uint32_t copies = 1u << (weight - 1) << (HUFFMAN_LOG - log);
		const uint16_t entry = (uint16_t)(symbol << 8 | (log + 1 - weight));
		uint16_t *at = table + positions[weight];
		for (uint32_t i = 0; i < copies; i++) at[i] = entry;
		positions[weight] += copies;
	}
	return (int64_t)taken;
}
