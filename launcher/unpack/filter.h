#pragma once
#include <stdint.h>

/* Code as it was: src/image/elf/call-filter.ts is the other direction. */
void restore_calls(uint8_t *code, uint64_t size);
