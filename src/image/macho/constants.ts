// Names and values of mach-o/loader.h, mach-o/nlist.h and kern/cs_blobs.h, as far as they are used here.

export const MH_MAGIC_64 = 0xfeedfacf
/** 32 bits, and what a universal file begins with (big-endian). */
export const MH_MAGIC = 0xfeedface
export const FAT_MAGIC = 0xcafebabe
export const FAT_MAGIC_64 = 0xcafebabf
/** cputype */
export const CPU_TYPE_X86_64 = 0x01000007
export const CPU_TYPE_ARM64 = 0x0100000c
/** filetype */
export const MH_EXECUTE = 2
export const MH_DYLIB = 6
export const MH_BUNDLE = 8

/** cmd */
export const LC_SEGMENT = 0x1
export const LC_SYMTAB = 0x2
export const LC_DYSYMTAB = 0xb
export const LC_LOAD_DYLIB = 0xc
export const LC_LOAD_DYLINKER = 0xe
export const LC_LOAD_WEAK_DYLIB = 0x80000018
export const LC_SEGMENT_64 = 0x19
export const LC_UUID = 0x1b
export const LC_RPATH = 0x8000001c
export const LC_CODE_SIGNATURE = 0x1d
export const LC_SEGMENT_SPLIT_INFO = 0x1e
export const LC_REEXPORT_DYLIB = 0x8000001f
export const LC_DYLD_INFO = 0x22
export const LC_DYLD_INFO_ONLY = 0x80000022
export const LC_LOAD_UPWARD_DYLIB = 0x80000023
export const LC_VERSION_MIN_MACOSX = 0x24
export const LC_FUNCTION_STARTS = 0x26
export const LC_MAIN = 0x80000028
export const LC_DATA_IN_CODE = 0x29
export const LC_SOURCE_VERSION = 0x2a
export const LC_DYLIB_CODE_SIGN_DRS = 0x2b
export const LC_LINKER_OPTIMIZATION_HINT = 0x2e
export const LC_BUILD_VERSION = 0x32
export const LC_DYLD_EXPORTS_TRIE = 0x80000033
export const LC_DYLD_CHAINED_FIXUPS = 0x80000034

/** maxprot, initprot */
export const VM_PROT_READ = 1
/** The type in a section's flags: those that take no room in the file. */
export const SECTION_TYPE = 0xff
export const S_ZEROFILL = 0x1
export const S_GB_ZEROFILL = 0xc
export const S_THREAD_LOCAL_ZEROFILL = 0x12

/** In the table of indirect symbols, instead of an index. */
export const INDIRECT_SYMBOL_LOCAL = 0x80000000
export const INDIRECT_SYMBOL_ABS = 0x40000000

/** Magic numbers of a signature's blobs. */
export const CSMAGIC_REQUIREMENTS = 0xfade0c01
export const CSMAGIC_CODEDIRECTORY = 0xfade0c02
export const CSMAGIC_EMBEDDED_SIGNATURE = 0xfade0cc0
export const CSMAGIC_BLOBWRAPPER = 0xfade0b01
export const CSMAGIC_EMBEDDED_ENTITLEMENTS = 0xfade7171
export const CSMAGIC_EMBEDDED_DER_ENTITLEMENTS = 0xfade7172
/** Slots: an index of the signature's blobs, and, negated, of the CodeDirectory's hashes. */
export const CSSLOT_CODEDIRECTORY = 0
export const CSSLOT_INFOSLOT = 1
export const CSSLOT_REQUIREMENTS = 2
export const CSSLOT_ENTITLEMENTS = 5
export const CSSLOT_DER_ENTITLEMENTS = 7
export const CSSLOT_SIGNATURESLOT = 0x10000
/** A CodeDirectory's flags: signed by nobody; with the hardened runtime. */
export const CS_ADHOC = 0x2
export const CS_RUNTIME = 0x10000
/** Its version, since which it says which runtime. */
export const CS_SUPPORTSRUNTIME = 0x20500
export const CS_HASHTYPE_SHA256 = 2
export const CS_EXECSEG_MAIN_BINARY = 1
