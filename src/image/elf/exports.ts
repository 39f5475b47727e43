// Node offers 46,000 functions to addons by name, most of them V8's and its own, in C++: four megabytes that nobody reads
// where no addon can be loaded. Here the table of names is made anew without them. What stays:
//
// - what node itself needs from the libraries, and what its relocations refer to
// - every name that one of the embedded libraries offers or needs as well, which are bound to node's (operator new, …)
// - everything in C (Node-API, libuv, SQLite, OpenSSL), for what native code may load itself, as extensions of SQLite

import { alignUp, viewOf } from '../../base/bytes.ts'
import {
  DT_GNU_HASH,
  DT_HASH,
  DT_JMPREL,
  DT_NEEDED,
  DT_PLTRELSZ,
  DT_RELA,
  DT_RELASZ,
  DT_RPATH,
  DT_RUNPATH,
  DT_SONAME,
  DT_STRSZ,
  DT_STRTAB,
  DT_SYMTAB,
  DT_VERNEED,
  DT_VERNEEDNUM,
  DT_VERSYM,
  PT_DYNAMIC,
} from './constants.ts'
import { dynamicTags, offsetOf, readText } from './dynamic.ts'
import { NO_EDITS, type NodeEdits } from './edits.ts'
import { bucketCount, gnuHash, makeGnuHash } from './gnu-hash.ts'
import { machineOf } from './machine.ts'
import type { ElfFile } from './read.ts'
import { DynamicEntry, Relocation, Symbol, VersionNeed, VersionNeedAux } from './structs.ts'

/** Itanium C++ ABI, 5.1.2 */
const IN_CPP = '_Z'

/** Of the largest field in any of the tables. */
const ALIGNMENT = 8

/** Tags whose value is the place of a name. */
const NAMES: readonly number[] = [DT_NEEDED, DT_SONAME, DT_RPATH, DT_RUNPATH]

/** The names of all dynamic symbols of a shared object, its own and what it needs. */
export function dynamicNames(elf: ElfFile): string[] {
  const view = viewOf(elf.bytes)
  const tags = new Map(dynamicTags(elf, view).map(({ tag, value }) => [tag, value]))
  return readSymbols(elf, view, tags).map(({ name }) => name)
}

/**
 * Nothing, in a node whose tables lie in another order than linkers put them.
 * @param needed names that the embedded libraries have, too
 */
export function withoutExports(node: ElfFile, needed: ReadonlySet<string>): NodeEdits {
  const view = viewOf(node.bytes)
  const entries = dynamicTags(node, view)
  const tags = new Map(entries.map(({ tag, value }) => [tag, value]))
  const place = placeOf(tags)
  if (!place) return NO_EDITS

  const relocations = readRelocations(node, view, tags)
  const referred = new Set(relocations.map(({ symbol }) => symbol))
  const all = readSymbols(node, view, tags)
  const kept = all.filter(
    ({ name, isNeeded }, i) =>
      i === 0 || isNeeded || referred.has(i) || needed.has(name) || !name.startsWith(IN_CPP),
  )
  const { symbols, first } = inOrder(kept)
  const newIndex = new Map(symbols.map(({ index }, i) => [index, i]))

  const strings = new Strings()
  const dynamicPatches = renameVersions(node, view, tags, strings)
  const names = new Map(
    entries
      .filter(({ tag }) => NAMES.includes(tag))
      .map(({ value }) => [value, strings.add(readText(node, offsetOf(node, tags.get(DT_STRTAB)! + value)))]),
  )
  const symbolTable = Buffer.concat(
    symbols.map(({ bytes, name }) => {
      const copy = Buffer.from(bytes)
      copy.writeUInt32LE(strings.add(name), Symbol.offsetOf('name'))
      return copy
    }),
  )
  const versions = Buffer.alloc(2 * symbols.length)
  symbols.forEach(({ version }, i) => versions.writeUInt16LE(version, 2 * i))
  const hash = makeGnuHash(
    symbols.slice(first).map(({ name }) => gnuHash(name)),
    first,
  )

  const tables: [tag: number, bytes: Uint8Array][] = [
    [DT_GNU_HASH, hash],
    [DT_SYMTAB, symbolTable],
    [DT_STRTAB, strings.bytes()],
    [DT_VERSYM, versions],
  ]
  const moved = new Map([[DT_STRSZ, strings.bytes().length]])
  let end = place.start
  const placed = tables.map(([tag, bytes]) => {
    const address = alignUp(end, ALIGNMENT)
    moved.set(tag, address)
    end = address + bytes.length
    return { address, bytes }
  })
  const whole = alignUp(end, machineOf(node).pageSize)
  if (whole >= place.end) return NO_EDITS
  const region = new Uint8Array(whole - place.start)
  for (const { address, bytes } of placed) region.set(bytes, address - place.start)
  return {
    patches: [
      { address: place.start, bytes: region },
      { address: dynamicAddress(node), bytes: dynamicSection(entries, moved, names) },
      ...relocations.flatMap(({ address, symbol, info }) => {
        const index = newIndex.get(symbol)!
        return index === symbol ? [] : [{ address, bytes: withSymbol(info, index) }]
      }),
      ...dynamicPatches,
    ],
    cuts: [{ start: whole, end: place.end }],
  }
}

/** What the tables take: they lie behind one another, as every linker puts them. */
function placeOf(tags: ReadonlyMap<number, number>): { start: number; end: number } | undefined {
  const tables = [DT_GNU_HASH, DT_SYMTAB, DT_STRTAB, DT_VERSYM, DT_VERNEED].map((tag) => tags.get(tag))
  const isUsual = tables.every((address, i) => address !== undefined && (i === 0 || address > tables[i - 1]!))
  if (!isUsual || tags.has(DT_HASH)) return undefined
  const [start, symbols, strings, versions, needs] = tables as [number, number, number, number, number]
  const end = versions + 2 * Math.floor((strings - symbols) / Symbol.size)
  const stringsEnd = strings + (tags.get(DT_STRSZ) ?? 0)
  return stringsEnd <= versions && end <= needs ? { start, end } : undefined
}

interface DynamicSymbol {
  /** In node's table. */
  readonly index: number
  readonly name: string
  /** From another file. */
  readonly isNeeded: boolean
  /** Others may find it here: also a function of another file that has its one address in node's PLT. */
  readonly isOffered: boolean
  readonly version: number
  readonly bytes: Uint8Array
}

function readSymbols(elf: ElfFile, view: DataView, tags: ReadonlyMap<number, number>): DynamicSymbol[] {
  const strings = offsetOf(elf, tags.get(DT_STRTAB) ?? 0)
  const start = offsetOf(elf, tags.get(DT_SYMTAB) ?? 0)
  const versions = tags.get(DT_VERSYM)
  // The number of symbols is written nowhere but in the hash tables; every linker puts the names behind them.
  return Array.from({ length: Math.floor((strings - start) / Symbol.size) }, (_, index) => {
    const at = start + index * Symbol.size
    const { name, section, value } = Symbol.read(view, at)
    return {
      index,
      name: readText(elf, strings + name),
      isNeeded: section === 0,
      isOffered: section !== 0 || value !== 0,
      version: versions === undefined ? 0 : view.getUint16(offsetOf(elf, versions) + 2 * index, true),
      bytes: elf.bytes.subarray(at, at + Symbol.size),
    }
  })
}

/** Those that nobody looks up, then the others by bucket. */
function inOrder(kept: readonly DynamicSymbol[]): { symbols: DynamicSymbol[]; first: number } {
  const before = kept.filter(({ isOffered }) => !isOffered)
  const offered = kept.filter(({ isOffered }) => isOffered)
  const buckets = bucketCount(offered.length)
  const bucketOf = new Map(offered.map((symbol) => [symbol, gnuHash(symbol.name) % buckets]))
  const sorted = offered.toSorted((a, b) => bucketOf.get(a)! - bucketOf.get(b)!)
  return { symbols: [...before, ...sorted], first: before.length }
}

interface SymbolRelocation {
  /** Of its r_info. */
  readonly address: number
  readonly info: bigint
  readonly symbol: number
}

function readRelocations(
  node: ElfFile,
  view: DataView,
  tags: ReadonlyMap<number, number>,
): SymbolRelocation[] {
  const tables = [
    [tags.get(DT_RELA), tags.get(DT_RELASZ)],
    [tags.get(DT_JMPREL), tags.get(DT_PLTRELSZ)],
  ]
  return tables.flatMap(([start, size]) => {
    if (start === undefined || size === undefined) return []
    return Array.from({ length: size / Relocation.size }, (_, i) => {
      const address = start + i * Relocation.size + Relocation.offsetOf('info')
      const info = view.getBigUint64(offsetOf(node, address), true)
      return { address, info, symbol: Number(info >> 32n) }
    })
  })
}

/** ELF64_R_INFO: the symbol above, the type below. */
function withSymbol(info: bigint, symbol: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE((BigInt(symbol) << 32n) | (info & 0xffff_ffffn))
  return bytes
}

/** The needs of versions stay where they are; their names are elsewhere. */
function renameVersions(
  node: ElfFile,
  view: DataView,
  tags: ReadonlyMap<number, number>,
  strings: Strings,
): NodeEdits['patches'][number][] {
  const patches: NodeEdits['patches'][number][] = []
  const oldStrings = offsetOf(node, tags.get(DT_STRTAB)!)
  const rename = (address: number, name: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(strings.add(readText(node, oldStrings + name)))
    patches.push({ address, bytes })
  }
  let address = tags.get(DT_VERNEED)!
  for (let i = 0; i < (tags.get(DT_VERNEEDNUM) ?? 0); i++) {
    const need = VersionNeed.read(view, offsetOf(node, address))
    rename(address + VersionNeed.offsetOf('file'), need.file)
    let auxAddress = address + need.aux
    for (let j = 0; j < need.count; j++) {
      const aux = VersionNeedAux.read(view, offsetOf(node, auxAddress))
      rename(auxAddress + VersionNeedAux.offsetOf('name'), aux.name)
      auxAddress += aux.next
    }
    address += need.next
  }
  return patches
}

function dynamicAddress(node: ElfFile): number {
  return node.programHeaders.find(({ type }) => type === PT_DYNAMIC)!.virtualAddress
}

function dynamicSection(
  entries: readonly { readonly tag: number; readonly value: number }[],
  moved: ReadonlyMap<number, number>,
  names: ReadonlyMap<number, number>,
): Uint8Array {
  const bytes = new Uint8Array(entries.length * DynamicEntry.size)
  entries.forEach(({ tag, value }, i) => {
    const now = moved.get(tag) ?? (NAMES.includes(tag) ? names.get(value)! : value)
    DynamicEntry.write(viewOf(bytes), i * DynamicEntry.size, { tag, value: now })
  })
  return bytes
}

/** A table of names, each once. */
class Strings {
  readonly #offsets = new Map<string, number>([['', 0]])
  #text = '\0'

  add(name: string): number {
    const known = this.#offsets.get(name)
    if (known !== undefined) return known
    const offset = this.#text.length
    this.#offsets.set(name, offset)
    this.#text += `${name}\0`
    return offset
  }

  bytes(): Uint8Array {
    return Buffer.from(this.#text, 'latin1')
  }
}
