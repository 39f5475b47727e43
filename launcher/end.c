/* The end of a process with something inside that has work to do at its end: an addon, a worker, a database. When node's
   environment has let them do it, node takes V8's heap apart, page by page, which goes with the process anyway. So there
   the process ends as process.exit() ends one, with what libc and C++ do at an exit. */
#include "launcher.h"

static int is_ending, exit_code;

static void end(void *environment)
{
	void (*exit_handler)(void *, int) = (void (*)(void *, int))TABLE->end.exit_handler;
	if (is_ending) exit_handler(environment, exit_code);
}

int watch_end(void)
{
	if (!TABLE->end.exit_handler) return 0;
	void *(*isolate)(void) = (void *(*)(void))TABLE->end.current_isolate;
	void *(*context_of)(void *) = (void *(*)(void *))TABLE->end.current_context;
	void *(*environment_of)(void *) = (void *(*)(void *))TABLE->end.environment_of;
	void (*at_exit)(void *, void (*)(void *), void *) = (void (*)(void *, void (*)(void *), void *))TABLE->end.at_exit;
	void *environment = environment_of(context_of(isolate()));
	/* The first that is asked for is called last. */
	at_exit(environment, end, environment);
	return 1;
}

void end_with(int code)
{
	is_ending = 1;
	exit_code = code;
}
