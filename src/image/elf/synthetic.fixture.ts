// For tests only: the smallest files that the linker accepts, made here so that golden values
// depend on no download: a node, an ld.so, a launcher and a single-executable blob.

import { viewOf } from '../../base/bytes.ts'
import {
  DT_STRTAB,
  DT_SYMTAB,
  EM_X86_64,
  ET_DYN,
  ET_EXEC,
  PF_R,
  PF_W,
  PF_X,
  PT_GNU_STACK,
  PT_INTERP,
  PT_LOAD,
  PT_PHDR,
} from './constants.ts'
import { LAUNCHER_DATA, LAUNCHER_TEXT, LAYOUT_VERSION } from './layout.ts'
import { DynamicEntry, Symbol as ElfSymbol, FileHeader, IDENT_SIZE, ProgramHeader } from './structs.ts'

/** Offset of the first program header in every file made here. */
export const TABLE_OFFSET = IDENT_SIZE + FileHeader.size

export const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:0'

/** What the synthetic node has behind its last segment. */
export const SYMBOLS = 'symbols and debug information'

type SegmentFields = Partial<ProgramHeader> & {
  readonly fileOffset: number
  readonly fileSize: number
}

export interface ElfFields {
  readonly type?: number
  readonly entry?: number
  readonly segments: readonly SegmentFields[]
  /** Of the whole file, in bytes. */
  readonly size: number
  /** Written at their offsets. */
  readonly content?: Readonly<Record<number, Uint8Array>>
}

/** An ELF file with exactly these program headers; what no content covers is a pattern, never zeros. */
export function makeElf({ type = ET_EXEC, entry = 0, segments, size, content = {} }: ElfFields): Buffer {
  const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 0xff))
  const view = viewOf(bytes)
  bytes.fill(0, 0, TABLE_OFFSET)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  FileHeader.write(view, IDENT_SIZE, {
    type,
    machine: EM_X86_64,
    version: 1,
    entry,
    programHeaderOffset: TABLE_OFFSET,
    sectionHeaderOffset: size - 64,
    flags: 0,
    headerSize: TABLE_OFFSET,
    programHeaderSize: ProgramHeader.size,
    programHeaderCount: segments.length,
    sectionHeaderSize: 64,
    sectionHeaderCount: 1,
    sectionNameIndex: 0,
  })
  segments.forEach((segment, i) => {
    const { virtualAddress = segment.fileOffset, fileSize } = segment
    const defaults = {
      type: PT_LOAD,
      flags: PF_R,
      physicalAddress: virtualAddress,
      memorySize: fileSize,
      alignment: 0x1000,
    }
    ProgramHeader.write(view, TABLE_OFFSET + i * ProgramHeader.size, {
      ...defaults,
      virtualAddress,
      ...segment,
    })
  })
  for (const [offset, part] of Object.entries(content)) bytes.set(part, Number(offset))
  return bytes
}

/** What the linker looks for in node, and where the synthetic one has it. */
const NODE_SYMBOLS = [
  { name: 'environ', value: 0x405800 },
  { name: 'openssl_get_fork_id', value: 0x402800 },
  { name: '_ZN2v829TryHandleWebAssemblyTrapPosixEiP9siginfo_tPv', value: 0x402a80 },
  { name: 'uv_os_getenv', value: 0x402900 },
  { name: '_ZNK4node12RealEnvStore3GetB5cxx11EPKc', value: 0x402980 },
  {
    name: '_ZNK4node12RealEnvStore3GetEPN2v87IsolateENS1_5LocalINS1_6StringEEE',
    value: 0x4029c0,
  },
  { name: '_ZNK4node12RealEnvStore9EnumerateEPN2v87IsolateE', value: 0x402a00 },
]
const SYMBOLS_SIZE = (1 + NODE_SYMBOLS.length) * ElfSymbol.size

/** The empty symbol, then the named ones, with their names behind them. */
function makeSymbols(): Buffer {
  const table = Buffer.alloc(SYMBOLS_SIZE)
  let names = '\0'
  NODE_SYMBOLS.forEach(({ name, value }, i) => {
    const at = (1 + i) * ElfSymbol.size
    ElfSymbol.write(viewOf(table), at, {
      name: names.length,
      info: 0x12,
      other: 0,
      section: 14,
      value,
      size: 16,
    })
    names += `${name}\0`
  })
  return Buffer.concat([table, Buffer.from(names)])
}

function makeDynamic(entries: readonly (readonly [tag: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc((entries.length + 1) * DynamicEntry.size)
  entries.forEach(([tag, value], i) =>
    DynamicEntry.write(viewOf(bytes), i * DynamicEntry.size, { tag, value }),
  )
  return bytes
}

/** Laid out as the official node: four PT_LOADs from 0x400000, not PIE, symbols behind the last. */
export function makeNode(): Buffer {
  const interpreter = Buffer.from('/lib64/ld-linux-x86-64.so.2\0')
  return makeElf({
    entry: 0x402040,
    size: 0x5400,
    segments: [
      {
        type: PT_PHDR,
        fileOffset: TABLE_OFFSET,
        virtualAddress: 0x400000 + TABLE_OFFSET,
        fileSize: 8 * 56,
        alignment: 8,
      },
      {
        type: PT_INTERP,
        fileOffset: 0x300,
        virtualAddress: 0x400300,
        fileSize: interpreter.length,
        alignment: 1,
      },
      { fileOffset: 0, virtualAddress: 0x400000, fileSize: 0x1234 },
      { flags: PF_R | PF_X, fileOffset: 0x2000, virtualAddress: 0x402000, fileSize: 0xabc },
      { fileOffset: 0x3000, virtualAddress: 0x403000, fileSize: 0x800 },
      {
        flags: PF_R | PF_W,
        fileOffset: 0x3a10,
        virtualAddress: 0x404a10,
        fileSize: 0x9f0,
        memorySize: 0x2000,
      },
      {
        type: 2 /* PT_DYNAMIC */,
        flags: PF_R | PF_W,
        fileOffset: 0x3b00,
        virtualAddress: 0x404b00,
        fileSize: 0x40,
        alignment: 8,
      },
      {
        type: PT_GNU_STACK,
        flags: PF_R | PF_W,
        fileOffset: 0,
        virtualAddress: 0,
        fileSize: 0,
        alignment: 16,
      },
    ],
    content: {
      0x300: interpreter,
      // push %rbp; mov %rsp,%rbp
      0x2900: Buffer.from('554889e5', 'hex'),
      0x2980: Buffer.from('554889e5', 'hex'),
      0x3100: Buffer.from(FUSE),
      0x3200: makeSymbols(),
      0x3b00: makeDynamic([
        [DT_SYMTAB, 0x403200],
        [DT_STRTAB, 0x403200 + SYMBOLS_SIZE],
      ]),
      0x5000: Buffer.from(SYMBOLS),
    },
  })
}

/** Where each function of the synthetic ld.so begins in its file. */
export const LOADER_FUNCTIONS = {
  open: 0x1010,
  read: 0x1060,
  pread: 0x10a0,
  fstatat: 0x10d0,
  mmap: 0x1100,
  close: 0x1140,
  access: 0x1180,
} as const
/** rtld_errno of the synthetic ld.so, relative to its base: in its .bss. */
export const LOADER_ERRNO = 0x3900

/** As Debian 12 compiles them. */
const FUNCTION_BYTES = {
  open: '4189f2488954 24e04183e240752c89f02500004100 3d00004100 741d89f2b801010000',
  read: '31c00f05483d00f0ffff7704c30f1f00f7d88905 00000000',
  pread: '4989cab8110000000f05483d00f0ffff7706c3',
  fstatat: '4189cab8060100000f053d00f0ffff770731c0c3',
  mmap: '4189ca41f7c1ff0f00007512b8090000000f05',
  close: 'b8030000000f05483d00f0ffff7701c3',
  access: 'b8150000000f05483d00f0ffff7701c3',
}

/** Laid out as ld.so: position independent, four PT_LOADs, .bss at the end of the last. */
export function makeLoader(): Buffer {
  const content: Record<number, Uint8Array> = { 0x1000: Buffer.alloc(0x200, 0x90) }
  for (const [name, offset] of Object.entries(LOADER_FUNCTIONS)) {
    const hex = FUNCTION_BYTES[name as keyof typeof FUNCTION_BYTES].replaceAll(' ', '')
    content[offset] = Buffer.from(hex, 'hex')
  }
  const read = Buffer.from(content[LOADER_FUNCTIONS.read]!)
  read.writeInt32LE(LOADER_ERRNO - (LOADER_FUNCTIONS.read + read.length), read.length - 4)
  content[LOADER_FUNCTIONS.read] = read
  return makeElf({
    type: ET_DYN,
    entry: 0x1000,
    size: 0x3000,
    segments: [
      { fileOffset: 0, fileSize: 0x400 },
      { flags: PF_R | PF_X, fileOffset: 0x1000, fileSize: 0x200 },
      { fileOffset: 0x2000, fileSize: 0x100 },
      { flags: PF_R | PF_W, fileOffset: 0x2800, virtualAddress: 0x3800, fileSize: 0x80, memorySize: 0x1a0 },
    ],
    content,
  })
}

/** The launcher's header with plausible addresses, and a little text. */
export function makeLauncher(): Buffer {
  const bytes = Buffer.alloc(0x200, 0xcc)
  bytes.write('INGOTLCH', 'latin1')
  const address = (i: number) => LAUNCHER_TEXT + 0x100 + 16 * i
  const fields = [
    LAYOUT_VERSION,
    ...Array.from({ length: 14 }, (_, i) => address(i)),
    LAUNCHER_DATA + 0x100,
    0x1800,
  ]
  fields.forEach((value, i) => bytes.writeBigUInt64LE(BigInt(value), 8 + 8 * i))
  return bytes
}

export interface BlobFields {
  readonly flags?: number
  readonly codeCache?: string
  readonly assets?: Readonly<Record<string, string>>
  readonly execArgv?: readonly string[]
}

/** As node's SeaSerializer writes it. */
export function makeBlob({
  flags = 0b11101,
  codeCache = 'the code cache',
  assets = { payload: '' },
  execArgv = ['--expose-internals'],
}: BlobFields = {}): Buffer {
  const start = Buffer.alloc(10)
  start.writeUInt32LE(0x143da20)
  start.writeUInt32LE(flags, 4)
  const u64 = (value: number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(value))
    return bytes
  }
  const text = (value: string) => [u64(Buffer.byteLength(value)), Buffer.from(value)]
  return Buffer.concat([
    start,
    ...text('/main.js'),
    ...text('run()'),
    ...(flags & 0b100 ? text(codeCache) : []),
    u64(Object.keys(assets).length),
    ...Object.entries(assets).flatMap(([name, content]) => [...text(name), ...text(content)]),
    u64(execArgv.length),
    ...execArgv.flatMap(text),
  ])
}
