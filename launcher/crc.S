/* uint32_t crc32(uint32_t crc, const void *bytes, uint64_t size, int folded): crc.c's, with all vector registers as they were. */
	.text
	.globl crc32
crc32:
	test %ecx, %ecx
	jz crc32_portable
	push %rbp
	mov %rsp, %rbp
	and $-16, %rsp
	sub $256, %rsp
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movaps %xmm\i, 16*\i(%rsp)
	.endr
	call crc32_folded
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movaps 16*\i(%rsp), %xmm\i
	.endr
	leave
	ret
	.section .note.GNU-stack, "", @progbits
