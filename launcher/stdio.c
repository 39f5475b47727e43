/* The standard streams may be shared with a shell: what node changes about them, it changes back when it
   takes itself apart (ResetStdio in src/node.cc). A process that ends without that does it here. */
#include "frozen.h"
#include "paths.h"

enum { TCGETS = 0x5401, TCSETS = 0x5402 };

/* struct termios of asm/termbits.h */
struct terminal {
	uint32_t modes[4];
	uint8_t line, characters[19];
};
static struct stream {
	int32_t flags, is_terminal;
	struct terminal terminal;
} streams[3];

void remember_stdio(void)
{
	for (int descriptor = 0; descriptor < 3; descriptor++) {
		struct stream *stream = &streams[descriptor];
		stream->flags = (int32_t)syscall3(SYS_fcntl, descriptor, F_GETFL, 0);
		stream->is_terminal = syscall3(SYS_ioctl, descriptor, TCGETS, &stream->terminal) == 0;
	}
}

void restore_stdio(void)
{
	for (int descriptor = 0; descriptor < 3; descriptor++) {
		const struct stream *stream = &streams[descriptor];
		if (stream->flags >= 0 && syscall3(SYS_fcntl, descriptor, F_GETFL, 0) != stream->flags)
			syscall3(SYS_fcntl, descriptor, F_SETFL, stream->flags);
		struct terminal now;
		if (!stream->is_terminal || syscall3(SYS_ioctl, descriptor, TCGETS, &now) < 0) continue;
		int is_changed = 0;
		for (unsigned i = 0; i < sizeof now; i++)
			is_changed |= ((const char *)&now)[i] != ((const char *)&stream->terminal)[i];
		/* In the background this would stop the process. */
		const uint64_t terminal_output = 1ul << (22 - 1); /* SIGTTOU */
		if (!is_changed) continue;
		syscall4(SYS_rt_sigprocmask, 0 /* SIG_BLOCK */, &terminal_output, 0, 8);
		syscall3(SYS_ioctl, descriptor, TCSETS, &stream->terminal);
	}
}
