#include "paths.h"
#include "machine.h"

uint64_t length_of(const char *text)
{
	uint64_t length = 0;
	while (text[length]) length++;
	return length;
}

int starts_with(const char *text, const char *prefix)
{
	while (*prefix)
		if (*text++ != *prefix++) return 0;
	return 1;
}

int same_text(const char *a, const char *b)
{
	while (*a && *a == *b) a++, b++;
	return *a == *b;
}

void *memcpy(void *restrict to, const void *restrict from, uint64_t size)
{
	copy_bytes(to, from, size);
	return to;
}

uint64_t normalize_path(const char *path, char out[PATH_LIMIT])
{
	uint64_t length = 0;
	while (*path) {
		while (*path == '/') path++;
		const char *end = path;
		while (*end && *end != '/') end++;
		uint64_t size = (uint64_t)(end - path);
		if (size == 2 && path[0] == '.' && path[1] == '.') {
			while (length && out[--length] != '/') {}
		} else if (size && !(size == 1 && *path == '.')) {
			if (length + size + 2 > PATH_LIMIT) return 0;
			out[length++] = '/';
			memcpy(out + length, path, size);
			length += size;
		}
		path = end;
	}
	out[length] = 0;
	return length;
}

int number_of(const char *text)
{
	int number = 0;
	for (; *text >= '0' && *text <= '9'; text++) number = 10 * number + (*text - '0');
	return number;
}

char *append_number(char *to, uint64_t number)
{
	uint64_t power = 1;
	while (number / power >= 10) power *= 10;
	for (; power; power /= 10) *to++ = (char)('0' + number / power % 10);
	return to;
}
