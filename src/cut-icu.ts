// The `icu` option: node with the data of some locales instead of all.

import { readFileSync } from 'node:fs'

import { BuildError } from './base/diagnostics.ts'
import { cutPackage } from './image/icu/cut.ts'
import { languagesOf } from './image/icu/locales.ts'
import { placesIn } from './image/icu/places.ts'
import { findPackage, type IcuPackage } from './image/icu/package.ts'

/** What takes the place of node's own data. */
export interface SmallerIcu {
  /** Of node's own, in its file. */
  readonly offset: number
  readonly size: number
  readonly bytes: Uint8Array
  /** That there is data of, as ICU names them. */
  readonly languages: readonly string[]
  /** Where what lay in these bytes of the old data is in the new. */
  readonly placesOf: (offset: number, size: number) => number[]
}

/**
 * @param locales BCP 47, canonical
 * @throws BuildError ICU_UNKNOWN
 */
export function cutIcu(node: Uint8Array, file: string, locales: readonly string[]): SmallerIcu {
  const whole = findPackage(node)
  if (!whole) throw noIcu(file)
  const bytes = cutChecked(whole, file, locales)
  const cut = findPackage(bytes)!
  const { offset, size } = whole
  return {
    offset,
    size,
    bytes,
    languages: languagesOf(cut.items),
    placesOf: (at, length) => placesIn(whole, cut, { offset: at, size: length }),
  }
}

function cutChecked(whole: IcuPackage, file: string, locales: readonly string[]): Uint8Array {
  try {
    return cutPackage(whole, locales)
  } catch (error) {
    if (error instanceof RangeError) throw noIcu(file)
    throw error
  }
}

export function noIcu(file: string): BuildError {
  return new BuildError('ICU_UNKNOWN', 'this node has no ICU data inside that could be made smaller', {
    at: { file },
    help: 'use an official node, or leave out --icu',
  })
}

/** Of a format in which everything stays where it is: what is not used any more is zeros. */
export function readNode(file: string, locales: readonly string[] | undefined): Uint8Array {
  const node = readFileSync(file)
  if (!locales) return node
  const { offset, size, bytes } = cutIcu(node, file, locales)
  node.fill(0, offset, offset + size)
  node.set(bytes, offset)
  return node
}
