// For tests only: the smallest files that the linker accepts, made here so that golden values
// depend on no download: a node, an ld.so, a launcher and a single-executable blob.

import { viewOf } from '../../base/bytes.ts'
import {
  DT_STRTAB,
  DT_SYMTAB,
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
import { ARM64 } from './arm64.ts'
import type { Machine } from './machine.ts'
import { X64 } from './x64.ts'
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
  readonly machine?: Machine
  readonly type?: number
  readonly entry?: number
  readonly segments: readonly SegmentFields[]
  /** Of the whole file, in bytes. */
  readonly size: number
  /** Written at their offsets. */
  readonly content?: Readonly<Record<number, Uint8Array>>
}

/** An ELF file with exactly these program headers; what no content covers is a pattern, never zeros. */
export function makeElf({
  machine = X64,
  type = ET_EXEC,
  entry = 0,
  segments,
  size,
  content = {},
}: ElfFields): Buffer {
  const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 0xff))
  const view = viewOf(bytes)
  bytes.fill(0, 0, TABLE_OFFSET)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  FileHeader.write(view, IDENT_SIZE, {
    type,
    machine: machine.number,
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
      alignment: machine.pageSize,
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

/** What the linker looks for in node: page of the synthetic one, and offset there. */
const NODE_SYMBOLS = [
  { name: 'environ', page: 5, offset: 0x800 },
  { name: 'openssl_get_fork_id', page: 2, offset: 0x800 },
  { name: '_ZN2v829TryHandleWebAssemblyTrapPosixEiP9siginfo_tPv', page: 2, offset: 0xa80 },
  { name: 'uv_os_getenv', page: 2, offset: 0x900 },
  { name: '_ZNK4node12RealEnvStore3GetB5cxx11EPKc', page: 2, offset: 0x980 },
  {
    name: '_ZNK4node12RealEnvStore3GetEPN2v87IsolateENS1_5LocalINS1_6StringEEE',
    page: 2,
    offset: 0x9c0,
  },
  { name: '_ZNK4node12RealEnvStore9EnumerateEPN2v87IsolateE', page: 2, offset: 0xa00 },
]
const SYMBOLS_SIZE = (1 + NODE_SYMBOLS.length) * ElfSymbol.size

/** The empty symbol, then the named ones, with their names behind them. */
function makeSymbols(pageSize: number): Buffer {
  const table = Buffer.alloc(SYMBOLS_SIZE)
  let names = '\0'
  NODE_SYMBOLS.forEach(({ name, page, offset }, i) => {
    const at = (1 + i) * ElfSymbol.size
    ElfSymbol.write(viewOf(table), at, {
      name: names.length,
      info: 0x12,
      other: 0,
      section: 14,
      value: 0x400000 + page * pageSize + offset,
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

/** push %rbp; mov %rsp, %rbp */
const PUSH_RBP = Buffer.from('554889e5', 'hex')
const MOV_X29_SP = Buffer.from('fd030091', 'hex')

/** Laid out as the official node: four PT_LOADs from 0x400000, not PIE, symbols behind the last. */
export function makeNode(machine: Machine = X64): Buffer {
  const page = machine.pageSize
  const frame = machine === X64 ? PUSH_RBP : MOV_X29_SP
  const interpreter = Buffer.from('/lib64/ld-linux-x86-64.so.2\0')
  return makeElf({
    machine,
    entry: 0x400000 + 2 * page + 0x40,
    size: 5 * page + 0x400,
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
      { flags: PF_R | PF_X, fileOffset: 2 * page, virtualAddress: 0x400000 + 2 * page, fileSize: 0xabc },
      { fileOffset: 3 * page, virtualAddress: 0x400000 + 3 * page, fileSize: 0x800 },
      {
        flags: PF_R | PF_W,
        fileOffset: 3 * page + 0xa10,
        virtualAddress: 0x400000 + 4 * page + 0xa10,
        fileSize: 0x9f0,
        memorySize: 2 * page,
      },
      {
        type: 2 /* PT_DYNAMIC */,
        flags: PF_R | PF_W,
        fileOffset: 3 * page + 0xb00,
        virtualAddress: 0x400000 + 4 * page + 0xb00,
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
      [2 * page + 0x900]: frame,
      [2 * page + 0x980]: frame,
      [3 * page + 0x100]: Buffer.from(FUSE),
      [3 * page + 0x200]: makeSymbols(page),
      [3 * page + 0xb00]: makeDynamic([
        [DT_SYMTAB, 0x400200 + 3 * page],
        [DT_STRTAB, 0x400200 + 3 * page + SYMBOLS_SIZE],
      ]),
      [5 * page]: Buffer.from(SYMBOLS),
    },
  })
}

/** Where each function of the synthetic ld.so begins, behind its first page. */
const LOADER_FUNCTIONS = {
  open: 0x10,
  read: 0x60,
  pread: 0xa0,
  fstatat: 0xd0,
  mmap: 0x100,
  close: 0x140,
  access: 0x180,
} as const
export type LoaderFunction = keyof typeof LOADER_FUNCTIONS

/** In its file. */
export function loaderFunctions({ pageSize }: Machine = X64): Record<LoaderFunction, number> {
  const offsets = Object.entries(LOADER_FUNCTIONS).map(([name, offset]) => [name, pageSize + offset])
  return Object.fromEntries(offsets) as Record<LoaderFunction, number>
}

/** rtld_errno of the synthetic ld.so, relative to its base: in its .bss. */
export function loaderErrno({ pageSize }: Machine = X64): number {
  return 3 * pageSize + 0x900
}

/** As Debian 12 compiles them. */
const FUNCTION_BYTES: Record<string, Record<LoaderFunction, string>> = {
  [X64.name]: {
    open: '4189f2488954 24e04183e240752c89f02500004100 3d00004100 741d89f2b801010000',
    read: '31c00f05483d00f0ffff7704c30f1f00f7d88905 00000000',
    pread: '4989cab8110000000f05483d00f0ffff7706c3',
    fstatat: '4189cab8060100000f053d00f0ffff770731c0c3',
    mmap: '4189ca41f7c1ff0f00007512b8090000000f05',
    close: 'b8030000000f05483d00f0ffff7701c3',
    access: 'b8150000000f05483d00f0ffff7701c3',
  },
  [ARM64.name]: {
    open: 'ffc300d1 e21700f9 227c4093 e10300aa a2013037 40201212 030080d2',
    read: '007c4093 e80780d2 010000d4 1f0440b1 48000054 c0035fd6 210100d0 e203004b 00008092 224003b9',
    pread: '007c4093 680880d2 010000d4 1f0440b1 48000054 c0035fd6',
    fstatat: '007c4093 637c4093 e80980d2 010000d4 1f044031',
    mmap: 'bf2c40f2 21010054 427c4093 637c4093 847c4093 c81b80d2 010000d4',
    close: '007c4093 280780d2 010000d4 1f0440b1',
    access: '227c4093 080680d2 e10300aa 600c8092 010000d4',
  },
}

/** Laid out as ld.so: position independent, four PT_LOADs, .bss at the end of the last. */
export function makeLoader(machine: Machine = X64): Buffer {
  const page = machine.pageSize
  const functions = loaderFunctions(machine)
  const content: Record<number, Uint8Array> = { [page]: Buffer.alloc(0x200, 0x90) }
  for (const [name, hex] of Object.entries(FUNCTION_BYTES[machine.name]!)) {
    content[functions[name as LoaderFunction]] = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  }
  const read = Buffer.from(content[functions.read]!)
  if (machine === X64) read.writeInt32LE(loaderErrno() - (functions.read + read.length), read.length - 4)
  else {
    // adrp x1, so many pages of 4 KiB further; str w2, [x1, #0x900]
    const pages = (loaderErrno(machine) - page) >> 12
    read.writeUInt32LE((0x90000001 | ((pages & 3) << 29) | ((pages >> 2) << 5)) >>> 0, 0x18)
    read.writeUInt32LE((0xb9000022 | ((0x900 / 4) << 10)) >>> 0, 0x24)
  }
  content[functions.read] = read
  return makeElf({
    machine,
    type: ET_DYN,
    entry: page,
    size: 3 * page,
    segments: [
      { fileOffset: 0, fileSize: 0x400 },
      { flags: PF_R | PF_X, fileOffset: page, fileSize: 0x200 },
      { fileOffset: 2 * page, fileSize: 0x100 },
      {
        flags: PF_R | PF_W,
        fileOffset: 2 * page + 0x800,
        virtualAddress: 3 * page + 0x800,
        fileSize: 0x80,
        memorySize: 0x1a0,
      },
    ],
    content,
  })
}

/** The launcher's header with plausible addresses, and a little text. */
export function makeLauncher(): Buffer {
  const bytes = Buffer.alloc(0x200, 0xcc)
  bytes.write('INGOTLCH', 'latin1')
  const address = (i: number) => LAUNCHER_TEXT + 0x100 + 8 * i
  const fields = [
    LAYOUT_VERSION,
    ...Array.from({ length: 17 }, (_, i) => address(i)),
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
