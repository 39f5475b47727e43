#pragma once
#include "zstd.h"

/* How many bytes the section takes, negative if it is wrong. Behind the literals WILD bytes may be read. */
int64_t read_literals(struct zstd *state, const uint8_t *from, uint64_t size, const uint8_t **literals, uint64_t *count);
