#include "verify.h"
#include "archive.h"
#include "frozen.h"
#include "launcher.h"
#include "paths.h"

/* In the order of src/format/seal.ts. */
const char *const PART_NAMES[] = { "runtime", "launcher", "launch table", "loader", "libraries", "bootstrap", "program", "frozen process" };

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

void damaged(const char *executable, const char *what, uint64_t offset)
{
	char text[PATH_LIMIT + 256], *at = append(text, "error EXECUTABLE_DAMAGED ");
	if (length_of(executable) < PATH_LIMIT) at = append(at, executable);
	at = append_hexadecimal(append(at, " at byte 0x"), offset);
	at = append(append(append(at, "  its "), what), " is damaged\n  help: copy the file again, or build it again; \"ingot verify\" looks at all of it\n");
	write_all(2, text, (uint64_t)(at - text));
	syscall1(SYS_exit_group, EXIT_DAMAGED);
	__builtin_unreachable();
}

static int is_sealed(void)
{
	return TABLE->seal.size && !TABLE->may_freeze;
}

/* Elf64_Phdr */
struct segment {
	uint32_t type, flags;
	uint64_t offset, address, physical, file_size, memory_size, alignment;
};

/* Where the file's first byte is mapped. */
static const char *first_address(void)
{
	const struct segment *segments = (const void *)TABLE->program_header;
	for (uint64_t i = 0; i < TABLE->program_header_count; i++)
		if (segments[i].type == 1 /* PT_LOAD */ && segments[i].offset == 0) return (const char *)segments[i].address;
	return 0;
}

static const struct part *part_named(uint32_t name)
{
	for (uint32_t i = 0; i < seal()->part_count; i++)
		if (seal()->parts[i].name == name) return &seal()->parts[i];
	return 0;
}

/* Clusters of a part, which lies in memory as in the file. */
static void verify_clusters(const char *executable, const struct part *part, const void *memory, uint64_t from, uint64_t to)
{
	const uint64_t *checksums = (const uint64_t *)((const char *)seal() + seal()->checksums) + part->first_cluster;
	const uint64_t cluster = seal()->cluster_size;
	for (uint64_t i = from / cluster; i * cluster < to && i * cluster < part->size; i++) {
		const uint64_t left = part->size - i * cluster, size = left < cluster ? left : cluster;
		if (checksum((const char *)memory + i * cluster, size) != checksums[i])
			damaged(executable, PART_NAMES[part->name], part->offset + i * cluster);
	}
}

void clear_root(struct launch_table *table)
{
	for (unsigned i = 0; i < sizeof table->root; i++) table->root[i] = 0;
	table->seal_checksum = 0;
}

static void verify_table(const char *executable, const struct part *part)
{
	uint64_t copy[TABLE_SIZE / 8];
	const uint64_t *checksums = (const uint64_t *)((const char *)seal() + seal()->checksums) + part->first_cluster;
	memcpy(copy, TABLE, sizeof copy);
	clear_root((struct launch_table *)copy);
	if (part->size != sizeof copy || checksum(copy, sizeof copy) != *checksums) damaged(executable, PART_NAMES[part->name], part->offset);
}

void verify_start(const char *executable)
{
	if (!is_sealed()) return;
	watch_first_crash();
	if (checksum(seal(), TABLE->seal.size) != TABLE->seal_checksum)
		damaged(executable, "seal", TABLE->seal.file_offset);
	/* First who looks. */
	verify_clusters(executable, part_named(LAUNCHER), (const void *)LAUNCHER_TEXT, 0, ~0ul);
	verify_table(executable, part_named(LAUNCH_TABLE_PART));
	/* The ELF header is in the first cluster. */
	verify_clusters(executable, part_named(RUNTIME), first_address(), 0, 1);
}

static void verify_part(enum part_name name, const void *memory, uint64_t size)
{
	if (!is_sealed()) return;
	verify_clusters(executable_path, part_named(name), memory, 0, size);
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
	verify_clusters(executable_path, part_named(archive == &TABLE->system ? LIBRARIES : PROGRAM), (const void *)archive->address, offset, offset + size);
}

void verify_index(const struct region *archive)
{
	static int is_sound[2];
	if (!is_sealed() || is_sound[archive == &TABLE->system]) return;
	verify_archive(archive, 0, size_of_index(archive));
	is_sound[archive == &TABLE->system] = 1;
}

uint64_t file_offset_of(uint64_t address)
{
	/* The kernel's program headers follow those for node, in the page of the launch table; and what the kernel has mapped of
	   the runtime's file follows them. */
	const struct segment *segment = (const struct segment *)TABLE->program_header + TABLE->program_header_count;
	for (; segment + 1 <= (const struct segment *)(LAUNCH_TABLE + 4096); segment++)
		if (segment->type == 1 && address - segment->address < segment->file_size)
			return segment->offset + address - segment->address;
	return 0;
}

/* Of memory that is the file's, where the kernel has mapped it, before a thaw has moved it. */
static uint64_t first_address_of(uint64_t address)
{
	const struct thaw_table *table = (const void *)TABLE->thaw;
	const struct thaw_operation *operations = table ? (const void *)table->operations : 0;
	for (uint64_t i = 0; table && i < table->operation_count; i++) {
		const struct thaw_operation *one = &operations[i];
		if (one->source && address - one->address < one->size) return address + one->source - one->address;
	}
	return address;
}

__attribute__((noreturn)) static void memory_is_damaged(uint64_t address)
{
	const uint64_t offset = file_offset_of(first_address_of(address));
	const struct part *part = seal()->parts;
	while (offset - part->offset >= part->size) part++;
	damaged(executable_path, PART_NAMES[part->name], offset);
}

/* Asks for the first page of a run, which the processor cannot know to be next. It is mapped first: what is asked for
   ahead does not fault. */
static void fetch(const struct verified_run *run)
{
	const char *page = (const char *)run->address;
	(void)*(const volatile char *)page;
	for (unsigned i = 0; i < 4096; i += 64) __builtin_prefetch(page + i);
}

static void verify_runs(const struct verified_run *runs, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		if (i + 1 < count) fetch(&runs[i + 1]);
		if (checksum((const void *)runs[i].address, runs[i].size) != runs[i].checksum) memory_is_damaged(runs[i].address);
	}
}

void verify_cold_start(void)
{
	static const char name[] = "verified-at-start";
	if (!is_sealed()) return;
	verify_part(LOADER, (const void *)TABLE->loader_base, ~0ul);
	verify_bootstrap();
	verify_index(&TABLE->system);
	const struct archive_entry *entry = archive_find(&TABLE->system, name, sizeof name - 1);
	if (!entry) return;
	verify_archive(&TABLE->system, entry->data, entry->size);
	verify_runs((const void *)archive_data(&TABLE->system, entry), entry->size / sizeof(struct verified_run));
}

void verify_thaw_table(void)
{
	const struct thaw_table *table = (const void *)TABLE->thaw;
	verify_part(FROZEN, table, sizeof *table);
	verify_part(FROZEN, table, table->size);
}

void verify_thawed_memory(void)
{
	const struct thaw_table *table = (const void *)TABLE->thaw;
	if (is_sealed()) verify_runs((const void *)table->verified, table->verified_count);
}
