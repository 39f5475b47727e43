/* The flat binary begins with this header; src/image/elf/launcher.ts reads it. SYSTEM_CALL is what libc calls in place
   of the kernel. */
#include "layout.h"
	.section .header, "a"
	.ascii "INGOTLCH"
	.quad LAYOUT_VERSION
	.quad _start
	.quad hook_open, hook_read, hook_pread, hook_fstatat, hook_mmap, hook_close, hook_access
	.quad SYSTEM_CALL
	.quad hook_getenv, hook_unsetenv, hook_getpid, hook_sbrk
	.quad hook_fork_id
	.quad hook_environ, hook_get_title, hook_set_title
	.quad freeze_record
	.quad __data_size

