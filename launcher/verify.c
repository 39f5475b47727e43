#include "verify.h"
#include "archive.h"
#include "frozen.h"
#include "launcher.h"
#include "paths.h"

enum part_name { RUNTIME, LAUNCHER, LAUNCH_TABLE_PART, LOADER, LIBRARIES, BOOTSTRAP, PROGRAM, FROZEN };
/* In the order of src/format/seal.ts. */
static const char *const NAMES[] = { "runtime", "launcher", "launch table", "loader", "libraries", "bootstrap", "program", "frozen process" };

struct seal {
	uint32_t magic[2], part_count, block_size, cluster_size, reserved;
	uint64_t hashes, checksums; /* offsets from the seal's start */
	struct part {
		uint32_t name, first_block, first_cluster, reserved;
		uint64_t offset, size;
	} parts[];
};
#define SEAL_MAGIC_LOW 0x45534e49
#define SEAL_MAGIC_HIGH 0x31304c41
/* sysexits.h, EX_IOERR */
#define EXIT_DAMAGED 74

static const struct seal *seal(void)
{
	return (const struct seal *)TABLE->seal.address;
}

static char *append(char *to, const char *text)
{
	uint64_t length = length_of(text);
	memcpy(to, text, length);
	return to + length;
}

static char *append_hexadecimal(char *to, uint64_t number)
{
	int digits = 1;
	while (number >> 4 * digits) digits++;
	while (digits-- > 0) *to++ = "0123456789abcdef"[number >> 4 * digits & 15];
	return to;
}

__attribute__((noreturn)) static void damaged(const char *executable, const char *what, uint64_t offset)
{
	char text[PATH_LIMIT + 256], *at = append(text, "error EXECUTABLE_DAMAGED ");
	if (length_of(executable) < PATH_LIMIT) at = append(at, executable);
	at = append_hexadecimal(append(at, " at byte 0x"), offset);
	at = append(append(append(at, "  its "), what), " is damaged\n  help: copy the file again, or build it again; \"ingot verify\" looks at all of it\n");
	write_all(2, text, (uint64_t)(at - text));
	syscall1(SYS_exit_group, EXIT_DAMAGED);
	__builtin_unreachable();
}

/* Whether the processor can do what crc.c does with it. */
static int can_fold(void)
{
	const uint32_t needed = 1u << 1 /* PCLMULQDQ */ | 1u << 19 /* SSE4.1 */;
	uint32_t a, b, c, d;
	__asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(1), "c"(0));
	return (c & needed) == needed;
}

static int folds;

static int is_sealed(void)
{
	return TABLE->seal.size && !TABLE->may_freeze;
}

/* Where the file's first byte is mapped. */
static const void *first_address(void)
{
	/* Elf64_Phdr */
	const struct header {
		uint32_t type, flags;
		uint64_t offset, address, physical, file_size, memory_size, alignment;
	} *headers = (const void *)TABLE->program_header;
	for (uint64_t i = 0; i < TABLE->program_header_count; i++)
		if (headers[i].type == 1 /* PT_LOAD */ && headers[i].offset == 0) return (const void *)headers[i].address;
	return 0;
}

static const struct part *part_named(uint32_t name)
{
	for (uint32_t i = 0; i < seal()->part_count; i++)
		if (seal()->parts[i].name == name) return &seal()->parts[i];
	return 0;
}

/* Who looks, and how: nothing can be remembered before the first look. */
struct look {
	const char *executable;
	int folds;
};

/* Clusters of a part, which lies in memory as in the file. */
static void verify_clusters(struct look look, const struct part *part, const void *memory, uint64_t from, uint64_t to)
{
	const uint32_t *checksums = (const uint32_t *)((const char *)seal() + seal()->checksums) + part->first_cluster;
	const uint64_t cluster = seal()->cluster_size;
	for (uint64_t i = from / cluster; i * cluster < to && i * cluster < part->size; i++) {
		const uint64_t left = part->size - i * cluster, size = left < cluster ? left : cluster;
		if (crc32(0, (const char *)memory + i * cluster, size, look.folds) != checksums[i])
			damaged(look.executable, NAMES[part->name], part->offset + i * cluster);
	}
}

/* The root is zero where it is hashed. */
static void verify_table(struct look look, const struct part *part)
{
	struct launch_table table = *TABLE;
	for (unsigned i = 0; i < sizeof table.root; i++) table.root[i] = 0;
	const uint32_t *checksums = (const uint32_t *)((const char *)seal() + seal()->checksums) + part->first_cluster;
	uint32_t crc = crc32(0, &table, sizeof table, look.folds);
	crc = crc32(crc, TABLE + 1, part->size - sizeof table, look.folds);
	if (crc != *checksums) damaged(look.executable, NAMES[part->name], part->offset);
}

void verify_start(const char *executable)
{
	if (!is_sealed()) return;
	const struct look look = { executable, can_fold() };
	if (seal()->magic[0] != SEAL_MAGIC_LOW || seal()->magic[1] != SEAL_MAGIC_HIGH || seal()->part_count <= PROGRAM)
		damaged(executable, "seal", TABLE->seal.file_offset);
	verify_table(look, part_named(LAUNCH_TABLE_PART));
	/* The ELF header is in the first cluster. */
	verify_clusters(look, part_named(RUNTIME), first_address(), 0, 1);
	const struct part *launcher = part_named(LAUNCHER), *data = launcher + 1;
	verify_clusters(look, launcher, (const void *)LAUNCHER_TEXT, 0, launcher->size);
	verify_clusters(look, data, (const void *)LAUNCHER_DATA, 0, data->size);
	folds = look.folds;
}

static void verify_part(enum part_name name, const void *memory, uint64_t size)
{
	if (!is_sealed()) return;
	const struct look look = { executable_path, folds };
	verify_clusters(look, part_named(name), memory, 0, size);
}

void verify_bootstrap(void)
{
	verify_part(BOOTSTRAP, (const void *)PAYLOAD_BASE, ~0ul);
}

static uint64_t size_of_index(const struct region *archive)
{
	const struct archive_header *header = (const void *)archive->address;
	verify_archive(archive, 0, sizeof *header);
	return header->manifest;
}

void verify_archive(const struct region *archive, uint64_t offset, uint64_t size)
{
	if (!is_sealed()) return;
	const struct look look = { executable_path, folds };
	verify_clusters(look, part_named(archive == &TABLE->system ? LIBRARIES : PROGRAM), (const void *)archive->address, offset, offset + size);
}

void program_is_damaged(uint64_t offset)
{
	damaged(executable_path, NAMES[PROGRAM], payload()->file_offset + offset);
}

void verify_index(const struct region *archive)
{
	static int is_sound[2];
	if (!is_sealed() || is_sound[archive == &TABLE->system]) return;
	verify_archive(archive, 0, size_of_index(archive));
	is_sound[archive == &TABLE->system] = 1;
}

void verify_cold_start(void)
{
	verify_part(LOADER, (const void *)TABLE->loader_base, ~0ul);
	verify_bootstrap();
}

void verify_thaw_table(void)
{
	const struct thaw_table *table = (const void *)TABLE->thaw;
	verify_part(FROZEN, table, sizeof *table);
	verify_part(FROZEN, table, table->size);
}
