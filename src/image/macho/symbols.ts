// The symbol table without the local symbols, as `strip -x` leaves it: they serve debuggers only, and in node are half
// of what is not code. What is exported or imported stays, for dladdr and for the indirect symbols.

import { viewOf } from '../../base/bytes.ts'
import { INDIRECT_SYMBOL_ABS, INDIRECT_SYMBOL_LOCAL, LC_DYSYMTAB, LC_SYMTAB } from './constants.ts'
import type { Table } from './linkedit.ts'
import type { MachOFile } from './read.ts'
import { LoadCommand, Symbol, SymbolRanges } from './structs.ts'

/** What a table's bytes are now. */
export type Contents = Map<Table, Uint8Array>

interface SymbolTables {
  readonly symbols: Table
  readonly strings: Table
  readonly indirect: Table
  /** Where LC_DYSYMTAB's ranges are in the file. */
  readonly rangesOffset: number
  readonly ranges: ReturnType<typeof SymbolRanges.read>
}

export interface ExternalSymbols {
  readonly contents: Contents
  readonly rangesOffset: number
  readonly ranges: SymbolTables['ranges']
}

/** @returns undefined if the tables are not laid out as usual, or something refers to local symbols */
export function externalSymbols(macho: MachOFile): ExternalSymbols | undefined {
  const tables = findTables(macho)
  if (!tables) return undefined
  const { symbols, strings, indirect, ranges, rangesOffset } = tables
  const { localCount, definedCount, undefinedCount } = ranges
  const indices = renumbered(slice(macho, indirect), localCount)
  if (!indices) return undefined

  const kept = copySymbols(macho, tables)
  if (!kept) return undefined
  const contents: Contents = new Map([
    [symbols, kept.symbols],
    [strings, kept.strings],
    [indirect, indices],
  ])
  return {
    contents,
    rangesOffset,
    ranges: {
      localIndex: 0,
      localCount: 0,
      definedIndex: 0,
      definedCount,
      undefinedIndex: definedCount,
      undefinedCount,
    },
  }
}

function findTables(macho: MachOFile): SymbolTables | undefined {
  const { tables, commands, bytes } = macho
  const [symbols, strings] = tables.filter(({ of }) => of === LC_SYMTAB)
  const indirect = tables.find(({ of, what }) => of === LC_DYSYMTAB && what === 'table of indirect symbols')
  const command = commands.find(({ type }) => type === LC_DYSYMTAB)
  if (!symbols || !strings || !indirect || !command) return undefined
  const rangesOffset = command.offset + LoadCommand.size
  const ranges = SymbolRanges.read(viewOf(bytes), rangesOffset)
  const { localIndex, localCount, definedIndex, definedCount, undefinedIndex, undefinedCount } = ranges
  const isUsual =
    localIndex === 0 &&
    definedIndex === localCount &&
    undefinedIndex === localCount + definedCount &&
    (localCount + definedCount + undefinedCount) * Symbol.size === symbols.size
  return isUsual ? { symbols, strings, indirect, ranges, rangesOffset } : undefined
}

function renumbered(indirect: Uint8Array, dropped: number): Uint8Array | undefined {
  const bytes = new Uint8Array(indirect)
  const view = viewOf(bytes)
  for (let offset = 0; offset < bytes.length; offset += 4) {
    const index = view.getUint32(offset, true)
    // As an unsigned number: LOCAL is the sign bit.
    if ((index & (INDIRECT_SYMBOL_LOCAL | INDIRECT_SYMBOL_ABS)) !== 0) continue
    if (index < dropped) return undefined
    view.setUint32(offset, index - dropped, true)
  }
  return bytes
}

function copySymbols(
  macho: MachOFile,
  { symbols, strings, ranges }: SymbolTables,
): { symbols: Uint8Array; strings: Uint8Array } | undefined {
  const names = slice(macho, strings)
  const kept = new Uint8Array(slice(macho, symbols).subarray(ranges.localCount * Symbol.size))
  const view = viewOf(kept)
  // The empty name is at 0.
  const used: Uint8Array[] = [new Uint8Array(1)]
  let size = 1
  for (let offset = 0; offset < kept.length; offset += Symbol.size) {
    const symbol = Symbol.read(view, offset)
    const end = names.indexOf(0, symbol.name)
    if (symbol.name >= names.length || end === -1) return undefined
    const name = names.subarray(symbol.name, end + 1)
    view.setUint32(offset, symbol.name === 0 ? 0 : size, true)
    if (symbol.name === 0) continue
    used.push(name)
    size += name.length
  }
  return { symbols: kept, strings: Buffer.concat(used) }
}

/** For a section that is now the `inserted`th, counted from 1: those behind it have moved up. */
export function renumberSections(symbols: Uint8Array, inserted: number): void {
  const field = Symbol.offsetOf('section')
  for (let offset = field; offset < symbols.length; offset += Symbol.size) {
    if (symbols[offset]! >= inserted) symbols[offset]!++
  }
}

function slice({ bytes }: MachOFile, { fileOffset, size }: Table): Uint8Array {
  return bytes.subarray(fileOffset, fileOffset + size)
}
