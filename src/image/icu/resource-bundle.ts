// ICU's resource bundles (uresdata.h), as far as they say which locales there are and what they lead to: the texts in
// a bundle's root and in tables below it.
//
//   header | root | indexes | keys | 16-bit units | values
//
// A value is a word: its type, and where it is. Keys and texts may be in the pool bundle of the same directory.

import { alignUp, viewOf } from '../../base/bytes.ts'
import { DataHeader, textAt } from './package.ts'

/** uresdata.h */
const STRING = 0
const TABLE = 2
const ALIAS = 3
const TABLE32 = 4
const TABLE16 = 5
const STRING_V2 = 6
const ARRAY = 8
const ARRAY16 = 9
/** Places in the indexes. */
const [KEYS_TOP, RESOURCES_TOP, BUNDLE_TOP, MAX_TABLE_LENGTH, ATTRIBUTES, UNITS_TOP] = [1, 2, 3, 4, 5, 6]
const NO_FALLBACK = 1
/** The second has no texts in the pool. */
const FORMATS = new Set([2, 3])

/** What is read of a bundle; other kinds of values are not. */
export type Resource = string | ResourceTable
export type ResourceTable = ReadonlyMap<string, Resource>

/** A bundle, or the pool that bundles share. */
export class ResourceBundle {
  readonly #view: DataView
  readonly #start: number
  readonly #ownPool: ResourceBundle | undefined
  readonly #indexes: readonly number[]

  /** This and all else throws a RangeError where the bytes are of no bundle. */
  constructor(item: Uint8Array, pool?: ResourceBundle) {
    this.#view = viewOf(item)
    this.#start = DataHeader.read(this.#view, 0).headerSize
    const count = this.#word(1) & 0xff
    this.#indexes = Array.from({ length: count }, (_, i) => this.#word(1 + i))
    this.#ownPool = pool
    if (!FORMATS.has(this.#view.getUint8(DataHeader.offsetOf('formatVersion'))))
      throw new RangeError('another format')
  }

  /** Texts and tables of the root, of the tables in it, and so on; arrays as tables of their indexes. */
  read(): ResourceTable {
    const root = this.#value(this.#word(0))
    return typeof root === 'object' ? root : new Map()
  }

  /** A text in the root. */
  text(key: string): string | undefined {
    const word = this.#word(0)
    const entry = this.#entries(word >>> 28, word & 0xfff_ffff).find(([name]) => name === key)
    const value = entry && this.#value(entry[1])
    return typeof value === 'string' ? value : undefined
  }

  /** Paths of values that are in other bundles, wherever they are in this one. */
  aliases(): string[] {
    const found: string[] = []
    const visit = (resource: number) => {
      const [type, at] = [resource >>> 28, resource & 0xfff_ffff]
      if (at === 0) return
      if (type === ALIAS) found.push(this.#text(at))
      else if (type === TABLE || type === TABLE32)
        this.#entries(type, at).forEach(([, value]) => visit(value))
      else if (type === ARRAY) this.#elements(type, at).forEach(visit)
    }
    visit(this.#word(0))
    return found
  }

  get #pool(): ResourceBundle {
    if (!this.#ownPool) throw new RangeError('there is no pool bundle')
    return this.#ownPool
  }

  #word(index: number): number {
    return this.#view.getUint32(this.#start + 4 * index, true)
  }

  #value(resource: number): Resource | undefined {
    const [type, at] = [resource >>> 28, resource & 0xfff_ffff]
    switch (type) {
      case STRING:
        return at === 0 ? '' : this.#text(at)
      case STRING_V2:
        return this.#sharedText(at)
      case TABLE:
      case TABLE16:
      case TABLE32: {
        const table = new Map<string, Resource>()
        for (const [key, value] of at === 0 && type !== TABLE16 ? [] : this.#entries(type, at)) {
          const read = this.#value(value)
          if (read !== undefined) table.set(key, read)
        }
        return table
      }
      case ARRAY:
      case ARRAY16: {
        const values = at === 0 ? [] : this.#elements(type, at)
        return new Map(
          values.flatMap((value, i) => {
            const read = this.#value(value)
            return read === undefined ? [] : [[String(i), read] as const]
          }),
        )
      }
      default:
        return undefined
    }
  }

  #elements(type: number, at: number): number[] {
    if (type === ARRAY) return Array.from({ length: this.#word(at) }, (_, i) => this.#word(at + 1 + i))
    const units = this.#unitAddress(at)
    const unit = (i: number) => this.#view.getUint16(units + 2 * i, true)
    return Array.from({ length: unit(0) }, (_, i) => this.#wide(unit(1 + i)))
  }

  #unitAddress(index: number): number {
    return this.#start + 4 * this.#indexes[KEYS_TOP]! + 2 * index
  }

  /** int32_t length, UChar[] */
  #text(at: number): string {
    const start = this.#start + 4 * at + 4
    return Array.from({ length: this.#word(at) }, (_, i) =>
      String.fromCharCode(this.#view.getUint16(start + 2 * i, true)),
    ).join('')
  }

  get #poolTextLimit(): number {
    return (this.#indexes[0]! >>> 8) | (((this.#indexes[ATTRIBUTES] ?? 0) & 0xf000) << 12)
  }

  #sharedText(at: number): string {
    const limit = this.#poolTextLimit
    return at < limit ? this.#pool.#unitsAt(at) : this.#unitsAt(at - limit)
  }

  /** Up to a zero: those that begin with their length are longer than any name. */
  #unitsAt(index: number): string {
    let text = ''
    for (let at = this.#unitAddress(index); ; at += 2) {
      const unit = this.#view.getUint16(at, true)
      if (unit === 0) return text
      text += String.fromCharCode(unit)
    }
  }

  #entries(type: number, at: number): [key: string, value: number][] {
    if (type === TABLE32) {
      const count = this.#word(at)
      return Array.from({ length: count }, (_, i) => {
        const key = this.#word(at + 1 + i)
        const isShared = key >= 0x8000_0000
        return [
          isShared ? this.#pool.#poolKey(key - 0x8000_0000) : this.#key(key),
          this.#word(at + 1 + count + i),
        ]
      })
    }
    const units = type === TABLE16 ? this.#unitAddress(at) : this.#start + 4 * at
    const unit = (i: number) => this.#view.getUint16(units + 2 * i, true)
    const count = unit(0)
    // A bundle without keys of its own counts from the first of the pool.
    const keysTop = this.#indexes[KEYS_TOP]!
    const ownKeys = keysTop > 1 + this.#indexes.length ? 4 * keysTop : 0
    const keysLimit = this.#ownPool ? ownKeys : Infinity
    return Array.from({ length: count }, (_, i) => {
      const key = unit(1 + i)
      const name = key < keysLimit ? this.#key(key) : this.#pool.#poolKey(key - keysLimit)
      if (type === TABLE16) return [name, this.#wide(unit(1 + count + i))]
      return [name, this.#view.getUint32(units + alignUp(2 + 2 * count, 4) + 4 * i, true)]
    })
  }

  /** The same text as the value of a table with whole words. */
  #wide(value: number): number {
    const limit = (this.#indexes[ATTRIBUTES] ?? 0) >>> 16
    return STRING_V2 * 2 ** 28 + (value < limit ? value : value - limit + this.#poolTextLimit)
  }

  #key(offset: number): string {
    return textAt(this.#view, this.#start + offset)
  }

  /** Of a pool, from where its keys begin. */
  #poolKey(offset: number): string {
    return this.#key(4 * (1 + this.#indexes.length) + offset)
  }
}

/**
 * A bundle that shares nothing with others and has no fallback, as ICU's lists of locales.
 * @param header of a bundle of format 2
 */
export function writeBundle(header: Uint8Array, root: ResourceTable): Uint8Array {
  const INDEXES = 7
  const keys = new Map<string, number>()
  let keyBytes = ''
  const collectKeys = (table: ResourceTable) => {
    for (const [key, value] of table) {
      if (!keys.has(key)) {
        keys.set(key, 4 * (1 + INDEXES) + keyBytes.length)
        keyBytes += `${key}\0`
      }
      if (typeof value === 'object') collectKeys(value)
    }
  }
  collectKeys(root)
  const keysTop = 1 + INDEXES + alignUp(keyBytes.length, 4) / 4
  const words: Uint8Array[] = []
  let top = keysTop
  let longest = 0
  const place = (bytes: Uint8Array) => {
    const at = top
    words.push(bytes)
    top += bytes.length / 4
    return at
  }
  const write = (value: Resource): number => {
    if (value === '') return 0
    if (typeof value === 'string') {
      const bytes = Buffer.alloc(alignUp(4 + 2 * (value.length + 1), 4))
      bytes.writeUInt32LE(value.length)
      bytes.write(value, 4, 'utf16le')
      return place(bytes)
    }
    const entries = [...value].toSorted(([a], [b]) => (a < b ? -1 : 1))
    longest = Math.max(longest, entries.length)
    const values = entries.map(([, inner]) => write(inner))
    const head = alignUp(2 + 2 * entries.length, 4)
    const bytes = Buffer.alloc(head + 4 * entries.length)
    bytes.writeUInt16LE(entries.length)
    entries.forEach(([key], i) => bytes.writeUInt16LE(keys.get(key)!, 2 + 2 * i))
    values.forEach((inner, i) => bytes.writeUInt32LE(inner, head + 4 * i))
    return TABLE * 2 ** 28 + place(bytes)
  }
  const rootWord = write(root)
  const front = Buffer.alloc(4 * keysTop)
  const word = (index: number, value: number) => front.writeUInt32LE(value, 4 * index)
  word(0, rootWord)
  word(1, INDEXES)
  for (const index of [RESOURCES_TOP, BUNDLE_TOP]) word(1 + index, top)
  for (const index of [KEYS_TOP, UNITS_TOP]) word(1 + index, keysTop)
  word(1 + MAX_TABLE_LENGTH, longest)
  word(1 + ATTRIBUTES, NO_FALLBACK)
  front.write(keyBytes, 4 * (1 + INDEXES), 'latin1')
  return Buffer.concat([header, front, ...words])
}
