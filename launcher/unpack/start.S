/* Where the kernel begins, a thread does, and a signal handler ends. */
	.globl _start, start_thread, restore_signal
	.section .start, "ax"
_start:
	xor %ebp, %ebp
	mov %rsp, %rdi
	and $-16, %rsp
	call unpack
	ud2

	.text
/* long start_thread(void *stack_end, uint64_t flags): a thread in run_thread(stack_end). Its number, or a negative errno. */
start_thread:
	mov %rdi, %r9
	xchg %rdi, %rsi
	xor %edx, %edx
	xor %r10d, %r10d
	xor %r8d, %r8d
	mov $56, %eax /* SYS_clone */
	syscall
	test %rax, %rax
	jnz 1f
	xor %ebp, %ebp
	mov %r9, %rdi
	call run_thread
	xor %edi, %edi
	mov $60, %eax /* SYS_exit */
	syscall
1:	ret

restore_signal:
	mov $15, %eax /* SYS_rt_sigreturn */
	syscall

	.globl memset
memset:
	mov %rdi, %r8
	mov %esi, %eax
	mov %rdx, %rcx
	rep stosb
	mov %r8, %rax
	ret
	.section .note.GNU-stack, "", @progbits
