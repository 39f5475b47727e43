// What of ICU's data no code reads: node is compiled without some of ICU, and has the data of all of it.

import { findPackage } from './package.ts'

/** Beginnings of functions that read items of such names. They have ICU's version behind them, `utrans_openU_78`. */
const READERS = [
  { isItem: (name: string) => name.startsWith('translit/'), functions: 'utrans_' },
  { isItem: (name: string) => name.endsWith('.spp'), functions: 'usprep_' },
]
/** Where there is none of these, nothing is known. */
const ALWAYS = 'u_init_'

/** Bytes of a file, the end not included. */
export interface FileRange {
  readonly start: number
  readonly end: number
}

/**
 * Neighbouring items are one range.
 * @param functions that the file offers by name: all of ICU's that it has
 */
export function unreadItems(bytes: Uint8Array, functions: readonly string[]): FileRange[] {
  const has = (beginning: string) => functions.some((name) => name.startsWith(beginning))
  const items = findPackage(bytes)?.items
  if (!items || !has(ALWAYS)) return []
  const unread = READERS.filter((reader) => !has(reader.functions))
  const ranges: { start: number; end: number }[] = []
  let isBehind = false
  for (const [name, { byteOffset, length }] of items) {
    const start = byteOffset - bytes.byteOffset
    const isUnread = unread.some(({ isItem }) => isItem(name))
    if (isUnread && isBehind) ranges.at(-1)!.end = start + length
    else if (isUnread) ranges.push({ start, end: start + length })
    isBehind = isUnread
  }
  return ranges
}
