/* V8 has set the limits of its heap by the memory that the build had. A start that has other memory sets them as
   V8 would have (src/freeze/heap-limits.ts finds them); and the young generation is as large under load as plain node's. */
#include "frozen.h"

#define MEBIBYTE (1ul << 20)
#define HEAP_PAGE (1ul << 18)
/* Below, V8 has other rules, and a process has other troubles than its start. */
#define LEAST_MEMORY (512 * MEBIBYTE)
/* Where the least and the most that it may have lie, in words from the size of the young generation. */
enum { YOUNG_LEAST = -3, YOUNG_MOST = -2 };

static uint64_t limit_of(uint64_t kind, uint64_t memory)
{
	uint64_t most = memory >= 15ul << 30 ? 4096 * MEBIBYTE : 2048 * MEBIBYTE;
	uint64_t half = (memory / 2 + HEAP_PAGE - 1) & ~(HEAP_PAGE - 1);
	uint64_t old = half < 256 * MEBIBYTE ? 256 * MEBIBYTE : half > most ? most : half;
	uint64_t semi_space = 1;
	while (semi_space < half / 64 && semi_space < 32 * MEBIBYTE) semi_space *= 2;
	switch (kind) {
	case HEAP_OLD: return old;
	case HEAP_INITIAL: return old / 2 < 512 * MEBIBYTE ? old / 2 : 512 * MEBIBYTE;
	case HEAP_GLOBAL: return 2 * old;
	case HEAP_SEMI_SPACE: return semi_space;
	case HEAP_CAPACITY: return old + 3 * semi_space;
	case HEAP_YOUNG: return semi_space < 8 * MEBIBYTE ? semi_space : 8 * MEBIBYTE;
	default: return memory;
	}
}

static struct young {
	uint64_t *size, grown;
} young;

int can_have_heap(const struct thaw_table *table, uint64_t built, uint64_t memory)
{
	if (memory < LEAST_MEMORY) return 0;
	if (table->heap_limit_count) return 1;
	/* A heap with other limits is one of another machine. */
	uint64_t enough = 15ul << 30, difference = memory > built ? memory - built : built - memory;
	return (memory >= enough && built >= enough) || difference <= built / 16;
}

void set_heap_limits(const struct thaw_table *table, uint64_t memory)
{
	const struct heap_limit *limits = (const void *)table->heap_limits;
	for (uint64_t i = 0; i < table->heap_limit_count; i++) {
		uint64_t *word = (uint64_t *)limits[i].address, value = limit_of(limits[i].kind, memory);
		if (limits[i].kind == HEAP_YOUNG) {
			young = (struct young){ word, value };
			continue;
		}
		const int is_lowered = limits[i].kind == HEAP_INITIAL && *word < value; /* by a collection */
		if (*word != value && !is_lowered) *word = value; /* a page that is only read stays the file's */
	}
}

int may_grow_young_generation(void)
{
	return young.size != 0;
}

/* What survives a program's start makes V8 grow the young generation to 8 MB. Of that nothing is left to survive in a
   thawed process, whose generation would stay at half, and be collected more often under load. While it is small a
   program's first garbage is used again and again, so this waits until the process is a busy one. Its pages V8 takes
   when it needs them. */
void grow_young_generation(void)
{
	/* V8's heap may have gone with its isolate. */
	if (young.size[YOUNG_LEAST] != MEBIBYTE) return;
	const uint64_t most = young.size[YOUNG_MOST], size = young.grown < most ? young.grown : most;
	if (*young.size < size) *young.size = size;
}
