/* process.title. libuv writes it over the command line, for all who list processes; in a frozen process that is the one of the
   build run, on a stack of our own, and the kernel shows the other. */
#include "frozen.h"
#include "launcher.h"
#include "paths.h"

#define TITLE ((char *)(MAIN_STACK + MAIN_STACK_SIZE - TITLE_SIZE))

void begin_title(char *title)
{
	for (uint64_t i = 0; i < TITLE_SIZE - 1; i++) title[i] = 'i';
}

/* Where the kernel has put the arguments, one behind the other. */
static char *area;
static uint64_t area_size;

void place_title(const struct machine *machine)
{
	if (machine->argument_count) area = machine->arguments[0];
	for (uint64_t i = 0; i < machine->argument_count && machine->arguments[i] == area + area_size; i++)
		area_size += length_of(machine->arguments[i]) + 1;
}

static void show_title(void)
{
	if (!area_size) return;
	const uint64_t length = length_of(TITLE) < area_size - 1 ? length_of(TITLE) : area_size - 1;
	memcpy(area, TITLE, length);
	for (uint64_t i = length; i < area_size; i++) area[i] = 0;
}

void thaw_title(const char *name)
{
	if (length_of(TITLE) == TITLE_SIZE - 1) memcpy(TITLE, name, length_of(name) + 1);
	else show_title();
}

int hook_get_title(char *to, uint64_t size)
{
	barrier(BARRIER_TITLE);
	return ((int (*)(char *, uint64_t))TABLE->get_title)(to, size);
}

int hook_set_title(const char *title)
{
	int result = ((int (*)(const char *))TABLE->set_title)(title);
	if (is_thawed()) show_title();
	return result;
}
