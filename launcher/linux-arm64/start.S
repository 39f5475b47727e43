#define SYSTEM_CALL system_call
#include "header.S"

	.text
	.globl _start
_start:
	mov x29, xzr
	mov x30, xzr
	mov x0, sp
	bl launch
	brk 0

/* In place of `svc 0` in libc (src/image/elf/arm64.ts): the number is in x8, the arguments are in x0 to x5, and x16 and
   x17 on the stack. As after the kernel's own, everything but x0 is as it was. */
system_call:
	stp x29, x30, [sp, #-160]!
	mov x29, sp
	stp x1, x2, [sp, #16]
	stp x3, x4, [sp, #32]
	stp x5, x6, [sp, #48]
	stp x7, x8, [sp, #64]
	stp x9, x10, [sp, #80]
	stp x11, x12, [sp, #96]
	stp x13, x14, [sp, #112]
	stp x15, x18, [sp, #128]
	mrs x9, nzcv
	str x9, [sp, #144]
	mov x6, x5
	mov x5, x4
	mov x4, x3
	mov x3, x2
	mov x2, x1
	mov x1, x0
	mov x0, x8
	bl hook_system_call
	ldr x9, [sp, #144]
	msr nzcv, x9
	ldp x1, x2, [sp, #16]
	ldp x3, x4, [sp, #32]
	ldp x5, x6, [sp, #48]
	ldp x7, x8, [sp, #64]
	ldp x9, x10, [sp, #80]
	ldp x11, x12, [sp, #96]
	ldp x13, x14, [sp, #112]
	ldp x15, x18, [sp, #128]
	ldp x29, x30, [sp], #160
	ldp x16, x17, [sp], #16
	ret

	.globl freeze_restorer
freeze_restorer:
	mov x8, #139 /* rt_sigreturn */
	svc 0
	.section .note.GNU-stack, "", @progbits
