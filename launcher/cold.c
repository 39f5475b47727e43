/* A launcher without frozen starts: what freeze.c, rehearse.c and thaw.c say in one that has them. */
#include "frozen.h"
#include "launcher.h"

int freezing, rehearsing, date_is_free;
struct freeze_record freeze_record;

void prepare_freeze(const struct machine *machine) { (void)machine; }
uint64_t *freeze_stack(const uint64_t *vector, uint64_t words, uint64_t argument_count)
{
	(void)words, (void)argument_count;
	return (uint64_t *)vector;
}
void arm_freeze(void) {}
void remember_library(const struct archive_entry *entry, long place) { (void)entry, (void)place; }
void trim_memory(void) {}
/* Nobody calls them there (src/image/elf/calls.ts). */
int hook_get_title(char *to, uint64_t size) { return (void)to, (void)size, -1; }
int hook_set_title(const char *title) { return (void)title, -1; }
uint64_t hook_sbrk(int64_t increment) { return (void)increment, -1ul; } /* libc has its own */
void barrier(int number) { (void)number; }
void barrier_on(int number, const char *path) { (void)number, (void)path; }
void prepare_rehearsal(void) {}
void arm_rehearsal(void) {}
void end_rehearsal(void) {}
int is_out_of_reach(const char *path) { return (void)path, 0; }
void thaw(const struct machine *machine) { (void)machine; }
int image_protection(uint64_t address, uint64_t size) { return (void)address, (void)size, -1; }
long wait_until(long number, long a, long b, long c, long d, long e, long f) { return syscall6(number, a, b, c, d, e, f); }
