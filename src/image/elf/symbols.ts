// Finds what a shared object or a program offers to others by name: its dynamic symbols.

import { viewOf } from '../../base/bytes.ts'
import { DT_STRTAB, DT_SYMTAB } from './constants.ts'
import { dynamicTags, malformed, offsetOf, readText } from './dynamic.ts'
import type { ElfFile } from './read.ts'
import { Symbol } from './structs.ts'

/**
 * Addresses of the defined dynamic symbols with these names.
 * @throws BuildError IMAGE_MALFORMED if one is missing
 */
export function findSymbols<Name extends string>(
  elf: ElfFile,
  names: readonly Name[],
): Readonly<Record<Name, number>> {
  const found = lookUpSymbols(elf, names)
  const missing = names.filter((name) => found[name] === undefined)
  if (missing.length > 0) throw malformed(elf, `it does not define ${missing.join(', ')}`, 0)
  return found as Record<Name, number>
}

/** The same, of those that are there. */
export function lookUpSymbols<Name extends string>(
  elf: ElfFile,
  names: readonly Name[],
): Readonly<Partial<Record<Name, number>>> {
  const view = viewOf(elf.bytes)
  const tags = dynamicTags(elf, view)
  const address = (tag: number) => tags.find((entry) => entry.tag === tag)?.value ?? 0
  const strings = offsetOf(elf, address(DT_STRTAB))
  // The number of symbols is written nowhere but in the hash tables; every linker puts the names behind them.
  const missing = new Set<string>(names)
  const found: Partial<Record<string, number>> = {}
  for (let at = offsetOf(elf, address(DT_SYMTAB)); at + Symbol.size <= strings; at += Symbol.size) {
    const symbol = Symbol.read(view, at)
    if (symbol.section === 0) continue
    const name = readText(elf, strings + symbol.name)
    if (missing.delete(name)) found[name] = symbol.value
    if (missing.size === 0) break
  }
  return found as Partial<Record<Name, number>>
}
