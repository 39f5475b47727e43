/* Filters of system calls (seccomp): struct sock_filter and seccomp_data of linux/filter.h and linux/seccomp.h. */
#pragma once
#include "layout.h"
#include "sys.h"

struct filter_instruction {
	uint16_t code;
	uint8_t if_true, if_false;
	uint32_t operand;
};
#define LOAD(offset) { 0x20, 0, 0, offset }
#define IF_EQUAL(value, yes, no) { 0x15, yes, no, value }
#define IF_AT_LEAST(value, yes, no) { 0x35, yes, no, value }
#define IF_SET(bits, yes, no) { 0x45, yes, no, bits }
#define RETURN(action) { 0x06, 0, 0, action }
enum { NUMBER = 0, POINTER_LOW = 8, POINTER_HIGH = 12, ARGUMENT_0 = 16, ARGUMENT_1 = 24, ARGUMENT_2 = 32, ARGUMENT_3 = 40 };
enum { ALLOW = 0x7fff0000, TRAP = 0x30000, FAIL = 0x50000, SECCOMP_SET_MODE_FILTER = 1, SECCOMP_FILTER_FLAG_TSYNC = 1 };
/* A filter as an array that grows. */
#define ADD(...) filter[count++] = (struct filter_instruction)__VA_ARGS__

/* Of calls from the launcher none is stopped: it knows what it does. */
static inline uint32_t allow_launcher(struct filter_instruction *filter)
{
	uint32_t count = 0;
	ADD(LOAD(POINTER_HIGH));
	ADD(IF_EQUAL(0, 0, 4));
	ADD(LOAD(POINTER_LOW));
	ADD(IF_AT_LEAST(LAUNCHER_TEXT, 0, 2));
	ADD(IF_AT_LEAST(LAUNCHER_DATA, 1, 0));
	ADD(RETURN(ALLOW));
	return count;
}

/* For all threads of the process, and for good. */
static inline void install_filter(const struct filter_instruction *instructions, uint64_t count)
{
	const struct {
		uint64_t count;
		const struct filter_instruction *instructions;
	} program = { count, instructions };
	syscall6(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
	syscall3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}
