/* The flat binary begins with this header; src/image/elf/launcher.ts reads it. */
#include "layout.h"
	.section .header, "a"
	.ascii "INGOTLCH"
	.quad LAYOUT_VERSION
	.quad _start
	.quad hook_open, hook_read, hook_pread, hook_fstatat, hook_mmap, hook_close, hook_access
	.quad hook_system_call
	.quad hook_getenv, hook_unsetenv, hook_getpid, hook_brk
	.quad hook_fork_id
	.quad freeze_record
	.quad __data_size

	.text
	.globl _start
_start:
	xor %ebp, %ebp
	mov %rsp, %rdi
	and $-16, %rsp
	call launch
	ud2
	.section .note.GNU-stack, "", @progbits
