// What lies in __LINKEDIT: tables for dyld, the kernel and debuggers, each named by a load command that says where it
// is in the file. Whoever moves __LINKEDIT has to know all of them, so a command that is not known here is refused
// (link.ts): it might be one more.

import { viewOf } from '../../base/bytes.ts'
import {
  LC_CODE_SIGNATURE,
  LC_DATA_IN_CODE,
  LC_DYLD_CHAINED_FIXUPS,
  LC_DYLD_EXPORTS_TRIE,
  LC_DYLD_INFO,
  LC_DYLD_INFO_ONLY,
  LC_DYLIB_CODE_SIGN_DRS,
  LC_DYSYMTAB,
  LC_FUNCTION_STARTS,
  LC_LINKER_OPTIMIZATION_HINT,
  LC_SEGMENT_SPLIT_INFO,
  LC_SYMTAB,
} from './constants.ts'
import type { Command } from './structs.ts'

export interface Table {
  /** For messages. */
  readonly what: string
  /** Type of its load command. */
  readonly of: number
  readonly fileOffset: number
  /** In bytes. */
  readonly size: number
  /** Where in the file it is said where it is: u32. */
  readonly field: number
  /** The same for its number of entries, of `entrySize` bytes each. */
  readonly countField: number
  readonly entrySize: number
}

interface Place {
  readonly what: string
  /** From the command's start. */
  readonly field: number
  readonly countField: number
  readonly entrySize: number
}

const place = (what: string, field: number, entrySize = 1, countField = field + 4): Place => ({
  what,
  field,
  countField,
  entrySize,
})
const alone = (what: string): Layout => ({ size: 16, places: [place(what, 8)] })

interface Layout {
  /** Of the command. */
  readonly size: number
  readonly places: readonly Place[]
}

/** dyld_info_command */
const dyldInfo: Layout = {
  size: 48,
  places: ['rebases', 'bindings', 'weak bindings', 'lazy bindings', 'exports'].map((what, i) =>
    place(what, 8 + 8 * i),
  ),
}

const LAYOUTS: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  // symtab_command
  [LC_SYMTAB, { size: 24, places: [place('symbol table', 8, 16), place('string table', 16)] }],
  // dysymtab_command
  [
    LC_DYSYMTAB,
    {
      size: 80,
      places: [
        place('table of contents', 32, 8),
        place('module table', 40, 56),
        place('table of references', 48, 4),
        place('table of indirect symbols', 56, 4),
        place('table of external relocations', 64, 8),
        place('table of local relocations', 72, 8),
      ],
    },
  ],
  [LC_DYLD_INFO, dyldInfo],
  [LC_DYLD_INFO_ONLY, dyldInfo],
  [LC_DYLD_CHAINED_FIXUPS, alone('chained fixups')],
  [LC_DYLD_EXPORTS_TRIE, alone('exports')],
  [LC_FUNCTION_STARTS, alone('function starts')],
  [LC_DATA_IN_CODE, alone('data in code')],
  [LC_SEGMENT_SPLIT_INFO, alone('split information')],
  [LC_DYLIB_CODE_SIGN_DRS, alone('requirements of libraries')],
  [LC_LINKER_OPTIMIZATION_HINT, alone('optimization hints')],
  [LC_CODE_SIGNATURE, alone('code signature')],
])

/** Load commands that name tables. */
export const TABLE_COMMANDS: readonly number[] = [...LAYOUTS.keys()]

export function tablesOf(
  view: DataView,
  { type, offset, size }: Command,
  malformed: (message: string, offset: number) => never,
): Table[] {
  const layout = LAYOUTS.get(type)
  if (!layout) return []
  if (size !== layout.size)
    malformed(`a load command of type 0x${type.toString(16)} has ${size} bytes`, offset + 4)
  return layout.places.map(({ what, field, countField, entrySize }) => ({
    what,
    of: type,
    fileOffset: view.getUint32(offset + field, true),
    size: view.getUint32(offset + countField, true) * entrySize,
    field: offset + field,
    countField: offset + countField,
    entrySize,
  }))
}

/** Writes into load commands where a table is now. */
export function placeTable(commands: Uint8Array, table: Table, fileOffset: number, size: number): void {
  const view = viewOf(commands)
  view.setUint32(table.field, fileOffset, true)
  view.setUint32(table.countField, size / table.entrySize, true)
}
