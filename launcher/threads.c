/* The threads of a thawed process: the main one, those that start after its first moments, and a timer of its later life. */
#include "frozen.h"
#include "launcher.h"

static const struct freeze_record *record;

__attribute__((noreturn)) void resume(const struct frozen_thread *thread)
{
	syscall3(SYS_set_robust_list, thread->robust_list, thread->robust_list_size, 0);
	syscall3(SYS_prctl, PR_SET_NAME, thread->name, 0);
	own_locks(thread);
	__asm__ volatile("mov %0, %%rsp\n\tmov $15, %%eax\n\tsyscall" : : "r"(thread->context) : "memory");
	__builtin_unreachable();
}

/* A new thread that goes on as the frozen one: on that one's stack, below what it holds. It takes resume from rbx:
   rbp ends the chain of frames. */
static void start_thread(const struct frozen_thread *thread)
{
	uint64_t *stack = (uint64_t *)((thread->context - 512) & ~15ul);
	*--stack = (uint64_t)thread;
	register uint64_t id __asm__("r10") = thread->thread_pointer + THREAD_ID_OFFSET;
	register uint64_t pointer __asm__("r8") = thread->thread_pointer;
	long result;
	__asm__ volatile("syscall\n\ttest %%eax, %%eax\n\tjnz 1f\n\tpop %%rdi\n\txor %%ebp, %%ebp\n\tcall *%6\n\tud2\n1:"
			 : "=a"(result)
			 : "a"(SYS_clone), "D"(CLONE_THREAD_FLAGS), "S"(stack), "d"(id), "r"(id), "b"(resume), "r"(pointer)
			 : "rcx", "r11", "memory");
	if (!failed(result)) return;
	/* Who refuses clone may let clone3 pass, which libc tries first. struct clone_args of linux/sched.h */
	const struct {
		uint64_t flags, descriptor, child_id, parent_id, signal, stack, stack_size, pointer;
	} arguments = { CLONE_THREAD_FLAGS, 0, id, id, 0, (uint64_t)stack - 16, 16, pointer };
	__asm__ volatile("syscall\n\ttest %%eax, %%eax\n\tjnz 1f\n\tpop %%rdi\n\txor %%ebp, %%ebp\n\tcall *%4\n\tud2\n1:"
			 : "=a"(result)
			 : "a"(SYS_clone3), "D"(&arguments), "S"(sizeof arguments), "b"(resume)
			 : "rcx", "r11", "memory");
	if (failed(result)) syscall1(SYS_exit_group, 134);
}

static void start_threads(void)
{
	const uint64_t all_signals = ~0ul;
	uint64_t mask;
	syscall4(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &all_signals, &mask, 8);
	for (uint32_t i = 0; i < record->thread_count; i++)
		if ((int32_t)i != record->main_thread) start_thread(&record->threads[i]);
	syscall4(SYS_rt_sigprocmask, 2, &mask, 0, 8);
}

#define TICK_NS 500000
#define LAST_TICK 8
/* Of processors' time: more than most commands use, and what a server under load has soon used. */
#define BUSY_NS 500000000

static int timer, ticks;
/* glibc uses the signal, too, once a thread is cancelled. */
static struct kernel_sigaction former;

/* One at a time, by signals to the main thread. Whoever waits there in poll or nanosleep is woken up once, as those do
   not go on by themselves. */
static int make_timer(int clock, void (*on_signal)(int, const int *, char *))
{
	const struct kernel_sigaction action = { (uint64_t)on_signal, SA_RESTORER | SA_RESTART | SA_ONSTACK, (uint64_t)freeze_restorer, ~0ul };
	const int32_t main_id = *(const int32_t *)(record->threads[record->main_thread].thread_pointer + THREAD_ID_OFFSET);
	/* struct sigevent */
	const struct { uint64_t value; int32_t signal, notify, thread, rest[11]; } event = { 0, SIGFREEZE, 4 /* SIGEV_THREAD_ID */, main_id, { 0 } };
	return syscall3(SYS_timer_create, clock, &event, &timer) == 0 && syscall4(SYS_rt_sigaction, SIGFREEZE, &action, &former, 8) == 0;
}

/* Once: where a timer cannot be deleted it has to end by itself. */
static int begin_timer(long ns)
{
	const struct { struct timespec interval, value; } delay = { { 0, 0 }, { 0, ns } };
	return syscall4(SYS_timer_settime, timer, 0, &delay, 0) == 0;
}

static void end_timer(void)
{
	syscall1(SYS_timer_delete, timer);
	syscall4(SYS_rt_sigaction, SIGFREEZE, &former, 0, 8);
}

/* Whether a wait has been interrupted: it ends, or is begun again. */
static int was_waiting(const struct signal_context *context)
{
	const uint16_t *next = (const uint16_t *)context->rip, syscall = 0x050f;
	return (context->rax == SYS_futex && *next == syscall) || ((long)context->rax == -EINTR && next[-1] == syscall);
}

static void on_busy(int signal, const int *information, char *frame)
{
	(void)signal, (void)information, (void)frame;
	end_timer();
	grow_young_generation();
}

static void on_tick(int signal, const int *information, char *frame)
{
	(void)signal, (void)information;
	if (++ticks < LAST_TICK && !was_waiting((const struct signal_context *)frame) && begin_timer(TICK_NS)) return;
	end_timer();
	start_threads();
	if (may_grow_young_generation() && make_timer(CLOCK_PROCESS_CPUTIME_ID, on_busy)) begin_timer(BUSY_NS);
}

/* V8's helpers have nothing to do in the first moments, but each page that the main thread then copies would
   interrupt the processors they ran on. So they are started after some of them, or when it waits, which may be for
   them: to give away more work than there were sleepers, libc waits until those are awake. By signals to the main
   thread, and not a thread that waits: what it starts has the user and the limits that the program has by then. */
void start_threads_later(const struct freeze_record *frozen)
{
	record = frozen;
	if (!make_timer(CLOCK_MONOTONIC, on_tick) || !begin_timer(TICK_NS)) start_threads();
}
