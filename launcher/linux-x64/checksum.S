/* uint64_t checksum(const void *bytes, uint64_t size): checksum.c's, with all vector registers that it uses (build.sh) as they were. */
	.text
	.globl checksum
checksum:
	push %rbp
	mov %rsp, %rbp
	and $-16, %rsp
	sub $144, %rsp
	.irp i, 0,1,2,3,4,5,6,7,8
	movaps %xmm\i, 16*\i(%rsp)
	.endr
	call checksum_by_vectors
	.irp i, 0,1,2,3,4,5,6,7,8
	movaps 16*\i(%rsp), %xmm\i
	.endr
	leave
	ret
	.section .note.GNU-stack, "", @progbits
