/* Memory at addresses of our own choice. */
#include "frozen.h"
#include "launcher.h"

/* Above the stack of a process that can be frozen (freeze.c). */
#define HEAP_BASE 0x2a1000000000

long map_free(uint64_t address, uint64_t size, int protection)
{
	long result = syscall6(SYS_mmap, (long)address, (long)size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (failed(result) || result == (long)address) return result;
	/* A kernel before 4.17 takes the address for a wish. */
	syscall3(SYS_munmap, result, size, 0);
	return -ENOMEM;
}

void own_heap(void)
{
	freeze_record.heap_end = HEAP_BASE;
}

static uint64_t kernel_heap(int64_t increment)
{
	const long end = syscall1(SYS_brk, 0), wanted = end + increment;
	const int is_there = !failed(end) && (increment == 0 || syscall1(SYS_brk, wanted) == wanted);
	return is_there ? (uint64_t)end : -1ul;
}

/* In place of libc's sbrk. The heap that the kernel keeps behind a program has its place in each process anew, and cannot be
   frozen. With no heap at all malloc takes pieces of 160 kB, of which none can grow together with the next one: when a large
   program has been compiled there are hundreds of them, all but empty. */
uint64_t hook_sbrk(int64_t increment)
{
	const uint64_t end = freeze_record.heap_end, wanted = end + (uint64_t)increment;
	if (!end) return kernel_heap(increment);
	if (wanted < HEAP_BASE) return -1ul;
	const uint64_t from = PAGE_UP(end), to = PAGE_UP(wanted);
	if (to > from && failed(map_free(from, to - from, PROT_READ | PROT_WRITE))) return -1ul;
	if (to < from) syscall3(SYS_munmap, (long)to, (long)(from - to), 0);
	freeze_record.heap_end = wanted;
	return end;
}
