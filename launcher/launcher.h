#pragma once
#include "layout.h"
#include "sys.h"

/* launch.c: called by start.S with the stack pointer that the kernel gave. */
__attribute__((noreturn)) void launch(uint64_t *stack);

/* launch.c: first argument and variable by which the launcher asks itself for become_helper. */
extern const char RUN_EXECUTABLE[], CHILD_VARIABLE[];
#define HIDDEN '\1'

/* execute.c: execve of an embedded file; a negative errno if it returns. */
struct archive_entry;
long execute_entry(const struct archive_entry *entry, char **arguments, char **environment);

/* execute.c: makes of a start with RUN_EXECUTABLE's arguments one of ld.so as a program. */
void become_helper(char **arguments, char **environment);

/* execute.c: the embedded executable that this process is, or an empty text. */
extern char helper_path[];

/* execute.c: what ld.so would read of the environment, until it opens the first file. */
void hide_from_loader(char **environment);
void restore_environment_of_loader(void);

/* packed.c: the name of the file that was started, if this is what a compressed one has become; else `executable`. */
const char *take_packed(char **environment, uint64_t *count, const char *executable);
int is_packed(void);

/* packed.c: execve of the own name then. */
long execute_packed(char **arguments, char **environment);

/* posix_spawn(3) calls from a stack of 32 KiB. Beyond this lists go elsewhere; a parent that shares
   its memory with the child then keeps the pages. */
#define STACK_LIMIT 8192
#define SPACE_FOR_LISTS(size) \
	((size) > STACK_LIMIT ? syscall6(SYS_mmap, 0, (long)(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : (long)__builtin_alloca(size))

/* execute.c: of arguments or variables, which may be no list at all; and all variables with one more. */
uint64_t count_of(char **list);
void copy_variables(const char **to, char **environment, const char *more);

/* loader.c: a descriptor of the file that is running, or a negative errno. */
long open_own_file(void);

/* loader.c: the same, but not by its path, at which there may be another one by now: below 0 where there is no /proc. */
long open_this_very_file(void);

/* loader.c: a name of the file that is running. */
const char *own_executable(void);

/* loader.c: the file that is running, where there is /proc. */
extern const char OWN_EXECUTABLE[];

/* loader.c: AT_EXECFN, absolute. */
extern char executable_path[];

/* development.c: the program's archive. */
const struct region *payload(void);

/* development.c: where it lies while it is developed. */
const char *development_payload(char path[]);

/* development.c: maps it; 1 if it was there, and not only something to prepare for it. */
int map_development_payload(void);

/* loader.c: keeps AT_EXECFN, absolute, for when there is no /proc. */
void remember_executable(const char *name);

/* loader.c: what ld.so's functions of the same names are replaced with. */
long hook_open(const char *path, int flags, int mode);
long hook_read(int descriptor, void *to, uint64_t size);
long hook_pread(int descriptor, void *to, uint64_t size, int64_t position);
int hook_fstatat(int descriptor, const char *path, struct kernel_stat *stat, int flags);
void *hook_mmap(char *address, uint64_t size, int protection, int flags, int descriptor, int64_t offset);
int hook_close(int descriptor);
int hook_access(const char *path, int mode);

/* native.c: in place of a system call of libc. */
long hook_system_call(long number, long a, long b, long c, long d, long e, long f);

/* sealed.c: this process is a helper, or node (FUSE_RUN_AS_NODE): the environment is its own affair. */
extern int is_unsealed;
int is_open(uint64_t fuse);

/* sealed.c: whether a variable of this name is hidden from libc, OpenSSL and node. */
int is_sealed_name(const char *name);

/* sealed.c: hides it until restore_variables, if it is sealed. */
void seal_variable(char *variable, int is_supervised);
void restore_variables(void);

/* sealed.c: whether it is set and sealed, and not by the program itself. */
int is_sealed_from_outside(const char *name);

/* sealed.c: takes out what only node would look at, and a child has from its parent. How many variables are left. */
uint64_t remove_variables_of_node(char **environment, uint64_t count, int is_child);
void forbid_core_dumps(void);

/* node-options.c: the argument with what node is to be told, or 0; what it was made of is no argument any more. */
struct machine;
char *take_node_options(struct machine *machine, int is_child);

/* node-options.c: whether the environment says something that node hears only when it starts. */
int needs_cold_start(const struct machine *machine);

/* node-options.c: of this process nothing but node. */
void become_node(char **environment, uint64_t page_size);

/* control.c: 1 and the result if the path is a message to the launcher. */
int control(const char *path, long *result);

/* end.c: from the first moments of node's environment on; 0 if its functions are not known. With what code it ends then. */
int watch_end(void);
void end_with(int code);

/* maps.c: a descriptor of /proc/self/maps with the names of what is embedded. */
long open_maps(void);

/* environment.c: what libc's functions of these names are replaced with. */
extern int has_bootstrap_begun;
char *value_if(char *variable, const char *name, uint64_t length);
char *hook_getenv(const char *name);
int hook_unsetenv(const char *name);
int hook_getpid(void);
int hook_fork_id(void); /* node's */
int hook_get_title(char *to, uint64_t size); /* and uv_get_process_title */
int hook_set_title(const char *title);
int hook_environ(void *items, int *count); /* libuv's uv_os_environ */
uint64_t hook_sbrk(int64_t increment);
