/* Paths and strings without a libc. */
#pragma once
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PATH_LIMIT 4096

/* Below a file, so it can never be a real directory. src/format/archive.ts says the same. */
#define VIRTUAL_ROOT "/dev/null/app"
/* Paths that are messages to the launcher (control.c). */
#define CONTROL_ROOT "/dev/null/ingot/"
/* By which a compressed executable (unpack/) tells what it makes of itself the path of the file. */
#define PACKED_VARIABLE "\1INGOT_FILE="

uint64_t length_of(const char *text);
int number_of(const char *text);
/* Its end; there is no terminator. */
char *append_number(char *to, uint64_t number);
int starts_with(const char *text, const char *prefix);
int same_text(const char *a, const char *b);
void *memcpy(void *restrict to, const void *restrict from, uint64_t size);

/* Resolves "." and ".." without looking at any file, as $ORIGIN/../.. RPATHs need. The length of the
   result, which has no slash at its end; 0 for the root directory and for what is too long. */
uint64_t normalize_path(const char *path, char out[PATH_LIMIT]);
