/* A vDSO of our own, for libc to find clocks in (clock.c): a shared object's headers and symbols, whose
   values lead into the launcher. ld.so looks names up by DT_HASH; one bucket is enough for three. */
	.section .rodata
	.balign 64
	.globl own_vdso
own_vdso:
	.byte 0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
	.short 3, 62		/* ET_DYN, EM_X86_64 */
	.long 1
	.quad 0, 64, 0		/* entry, program headers, section headers */
	.long 0
	.short 64, 56, 2, 64, 0, 0
	/* PT_LOAD, PT_DYNAMIC */
	.long 1, 5
	.quad 0, 0, 0, end - own_vdso, end - own_vdso, 4096
	.long 2, 4
	.quad dynamic - own_vdso, dynamic - own_vdso, dynamic - own_vdso, end_of_dynamic - dynamic, end_of_dynamic - dynamic, 8
	.balign 8
dynamic:
	.quad 4, hash - own_vdso	/* DT_HASH */
	.quad 5, names - own_vdso	/* DT_STRTAB */
	.quad 6, symbols - own_vdso	/* DT_SYMTAB */
	.quad 10, end_of_names - names	/* DT_STRSZ */
	.quad 11, 24			/* DT_SYMENT */
	.quad 14, soname - names	/* DT_SONAME */
	.quad 0, 0
end_of_dynamic:
hash:
	.long 1, 4, 1, 0, 2, 3, 0	/* buckets, symbols; the bucket; the chain */
	.balign 8
symbols:
	.quad 0, 0, 0
	.macro function name, target
	.long \name - names
	.byte 0x12, 0			/* STB_GLOBAL STT_FUNC */
	.short 1			/* any section: defined */
	.quad \target - own_vdso, 1
	.endm
	function clock_gettime_name, hook_clock_gettime
	function gettimeofday_name, vdso_gettimeofday
	function time_name, vdso_time
names:
	.byte 0
soname: .asciz "linux-vdso.so.1"
clock_gettime_name: .asciz "__vdso_clock_gettime"
gettimeofday_name: .asciz "__vdso_gettimeofday"
time_name: .asciz "__vdso_time"
end_of_names:
end:
	.section .note.GNU-stack, "", @progbits
