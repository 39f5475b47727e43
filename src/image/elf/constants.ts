// Names and values of the ELF gABI (elf.h), as far as they are used here.

/** e_ident[EI_CLASS], e_ident[EI_DATA] */
export const ELFCLASS64 = 2
export const ELFDATA2LSB = 1
/** e_type */
export const ET_EXEC = 2
export const ET_DYN = 3
/** e_machine */
export const EM_X86_64 = 62
export const EM_AARCH64 = 183
/** p_type */
export const PT_NULL = 0
export const PT_LOAD = 1
export const PT_INTERP = 3
export const PT_NOTE = 4
export const PT_PHDR = 6
export const PT_GNU_EH_FRAME = 0x6474e550
export const PT_GNU_STACK = 0x6474e551
/** p_flags */
export const PF_X = 1
export const PF_W = 2
export const PF_R = 4
/** mmap(2) */
export const PROT_NONE = 0
export const PROT_READ = 1
export const PROT_WRITE = 2
export const PROT_EXEC = 4
export const PT_DYNAMIC = 2
/** d_tag */
export const DT_NULL = 0
export const DT_NEEDED = 1
export const DT_PLTRELSZ = 2
export const DT_HASH = 4
export const DT_STRTAB = 5
export const DT_SYMTAB = 6
export const DT_RELA = 7
export const DT_RELASZ = 8
export const DT_STRSZ = 10
export const DT_SONAME = 14
export const DT_RPATH = 15
export const DT_JMPREL = 23
export const DT_RUNPATH = 29
/** Of GNU, as what follows. */
export const DT_GNU_HASH = 0x6ffffef5
export const DT_VERSYM = 0x6ffffff0
export const DT_VERDEF = 0x6ffffffc
export const DT_VERDEFNUM = 0x6ffffffd
export const DT_VERNEED = 0x6ffffffe
export const DT_VERNEEDNUM = 0x6fffffff
/** vna_flags */
export const VER_FLG_WEAK = 2
