/* Where things lie in an executable's address space, and the table through which the image
   writer tells the launcher about them. src/image/elf/layout.ts mirrors this file; the writer
   checks LAYOUT_VERSION in the launcher's header, so a mismatch is a build error and not a crash. */
#pragma once
#define LAYOUT_VERSION 9

/* Free in every official node, which begins at 0x400000 and ends below 0x8000000. What depends on the program lies below
   or above all else, so that the rest can be a file of its own (src/image/elf/split.ts). */
#define LAUNCH_TABLE 0x3f0000
/* Within a rel32 jump of ld.so. */
#define LAUNCHER_TEXT 0x10000000
#define LAUNCHER_DATA 0x10010000
/* The largest page that a kernel of the machine has: each part of the file begins and ends with one. */
#ifdef __aarch64__
#define TABLE_SIZE 0x10000
#else
#define TABLE_SIZE 0x1000
#endif
/* What node is given as its single-executable blob, with the bootstrap, and the program behind it. */
#define PAYLOAD_BASE 0x200000000

#ifndef __ASSEMBLER__
#include <stdint.h>

/* A run of the executable's bytes: mapped at address, stored at file_offset. */
struct region {
	uint64_t address;
	uint64_t file_offset;
	uint64_t size;
};

struct launch_table {
	uint64_t magic;          /* LAUNCH_TABLE_MAGIC */
	uint64_t loader_base;    /* AT_BASE: where ld.so is mapped */
	uint64_t loader_entry;   /* ld.so's e_entry, absolute */
	uint64_t loader_errno;   /* address of ld.so's own errno, rtld_errno */
	uint64_t program_entry;  /* AT_ENTRY: node's e_entry */
	uint64_t program_header; /* AT_PHDR: the program header table that node is to see */
	uint64_t program_header_count;
	struct region system;    /* archive of the system's shared libraries */
	struct region payload;   /* archive of the program */
	uint64_t environ;        /* address of node's copy of libc's environ */
	uint64_t may_freeze;     /* this is the file of a build run (freeze.c) */
	uint64_t thaw;           /* address of the thaw table (frozen.h), or 0 */
	uint64_t is_development; /* this is the file of `ingot dev` (development.c) */
	uint64_t webassembly_trap; /* address of node's v8::TryHandleWebAssemblyTrapPosix */
	uint64_t fuses;          /* FUSE_…: what the environment may do; src/format/fuses.ts */
	struct region seal;      /* hashes of all the file's bytes; src/format/seal.ts */
	uint8_t root[32];        /* SHA-256 of the seal */
	uint64_t seal_checksum;  /* src/format/checksum.ts */
	uint64_t sea_switch;     /* address of node's byte that says whether there is a program inside: '0' or '1' */
	/* Addresses of node's uv_os_getenv, of its environment, which calls it, and of the part behind process.env alone. */
	uint64_t getenv_caller, environment_reader, program_environment, program_environment_end;
	uint64_t malloc_trim;    /* in libc.so.6 */
	/* Addresses of node's v8::Isolate::GetCurrent and GetCurrentContext, node::GetCurrentEnvironment, AtExit and
	   DefaultProcessExitHandler; all 0 if one of them is missing (end.c). */
	struct { uint64_t current_isolate, current_context, environment_of, at_exit, exit_handler; } end;
	/* Addresses of node's uv_os_environ, uv_get_process_title and uv_set_process_title. */
	uint64_t os_environ, get_title, set_title;
	uint64_t runtime;        /* address of the path of the file that node and the libraries are in, or 0: they are in this one */
};

/* Of a part's offset in the seal: it is not in this file but in that of the runtime, at the rest of the number. */
#define IN_RUNTIME (1ul << 40)

/* src/format/fuses.ts */
enum {
	FUSE_RUN_AS_NODE = 1, FUSE_INSPECTOR = 2, FUSE_NODE_OPTIONS = 4, FUSE_SYSTEM_CA = 8, FUSE_EXTRA_CA = 16,
	FUSE_CODE_FROM_DISK = 32, FUSE_CORE_DUMPS = 64, FUSE_COLD_START = 128, FUSE_SIGNATURE = 256,
};

#define LAUNCH_TABLE_MAGIC 0x31304c424154474e /* "NGTABL01" */
#define TABLE ((const struct launch_table *)LAUNCH_TABLE)
#endif
