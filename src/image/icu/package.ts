// ICU's common data, as it is compiled into node: one package of many items (udata.h, ucmndata.h).
//
//   header | count | name offset and data offset of each item | names | data …
//
// Items are sorted by name, as ICU looks for one by halves, and each begins on 16 bytes. Offsets count from the
// byte behind the header. How long an item is, ICU takes from where the next one begins.

import { alignUp, viewOf } from '../../base/bytes.ts'
import { struct } from '../../format/struct.ts'

/** MappedData and UDataInfo, udata.h */
export const DataHeader = struct({
  headerSize: 'u16',
  magic: 'u16',
  infoSize: 'u16',
  reserved: 'u16',
  isBigEndian: 'u8',
  charsetFamily: 'u8',
  sizeofUChar: 'u8',
  reserved1: 'u8',
  /** Four letters. */
  dataFormat: 'u32',
  formatVersion: 'u32',
  dataVersion: 'u32',
})
const MAGIC = 0x27da
/** "CmnD" */
const COMMON_DATA = 0x446e_6d43
/** "ResB" */
const RESOURCES = 0x4273_6552

/** UDataOffsetTOCEntry, ucmndata.h */
const TocEntry = struct({ name: 'u32', data: 'u32' })
const ALIGNMENT = 16
/** As icupkg writes it. */
const PADDING = 0xaa

export interface IcuPackage {
  /** Where it lies. */
  readonly offset: number
  readonly size: number
  /** The package's own, with padding. */
  readonly header: Uint8Array
  /** What all names begin with, as `icudt78l/`. */
  readonly prefix: string
  /** By name without the prefix, in their order. */
  readonly items: ReadonlyMap<string, Uint8Array>
}

/** The package in an executable of any format; undefined if there is none that is little-endian, or it is damaged. */
export function findPackage(bytes: Uint8Array): IcuPackage | undefined {
  const { buffer, byteOffset, length } = bytes
  const text = Buffer.from(buffer, byteOffset, length)
  for (let at = text.indexOf('CmnD'); at !== -1; at = text.indexOf('CmnD', at + 1)) {
    const offset = at - DataHeader.offsetOf('dataFormat')
    const found = offset >= 0 ? readPackage(bytes, offset) : undefined
    if (found) return found
  }
  return undefined
}

/** Up to a zero. @throws RangeError where there is none */
export function textAt(view: DataView, offset: number): string {
  let end = offset
  while (view.getUint8(end) !== 0) end++
  return Buffer.from(view.buffer, view.byteOffset + offset, end - offset).toString('latin1')
}

function isHeader(header: ReturnType<typeof DataHeader.read>, dataFormat: number): boolean {
  return header.magic === MAGIC && header.isBigEndian === 0 && header.dataFormat === dataFormat
}

function readPackage(bytes: Uint8Array, offset: number): IcuPackage | undefined {
  const view = viewOf(bytes)
  try {
    const { headerSize, ...rest } = DataHeader.read(view, offset)
    if (!isHeader({ headerSize, ...rest }, COMMON_DATA)) return undefined
    const start = offset + headerSize
    const count = view.getUint32(start, true)
    if (count === 0 || start + 4 + count * TocEntry.size > bytes.length) return undefined
    const entries = Array.from({ length: count }, (_, i) =>
      TocEntry.read(view, start + 4 + i * TocEntry.size),
    )
    const names = entries.map(({ name }) => textAt(view, start + name))
    const prefix = names[0]!.slice(0, names[0]!.indexOf('/') + 1)
    const isSorted = entries.every(({ data }, i) => i === 0 || data > entries[i - 1]!.data)
    if (!isSorted || prefix === '' || !names.every((name) => name.startsWith(prefix))) return undefined
    const last = start + entries.at(-1)!.data
    const end = last + sizeOfResources(view, last)
    const items = entries.map(({ data }, i): [string, Uint8Array] => [
      names[i]!.slice(prefix.length),
      bytes.subarray(start + data, i + 1 < count ? start + entries[i + 1]!.data : end),
    ])
    if (end > bytes.length) return undefined
    return {
      offset,
      size: end - offset,
      header: bytes.subarray(offset, start),
      prefix,
      items: new Map(items),
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Of an item that only its own header knows the end of: in all packages the last one is a resource bundle. */
function sizeOfResources(view: DataView, offset: number): number {
  const header = DataHeader.read(view, offset)
  if (!isHeader(header, RESOURCES)) throw new RangeError('not a resource bundle')
  // indexes[URES_INDEX_BUNDLE_TOP], in words from the root (uresdata.h).
  return header.headerSize + 4 * view.getUint32(offset + header.headerSize + 4 * 4, true)
}

/** A package with these items, of the same version. Its data is where ICU reads a table in place: on 16 bytes. */
export function writePackage(
  { header, prefix }: Pick<IcuPackage, 'header' | 'prefix'>,
  items: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  // As ICU compares names, byte by byte.
  const sorted = [...items].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const names = sorted.map(([name]) => Buffer.from(`${prefix}${name}\0`, 'latin1'))
  const toc = 4 + sorted.length * TocEntry.size
  let end = toc + names.reduce((sum, name) => sum + name.length, 0)
  const places = sorted.map(([, data]) => {
    const at = alignUp(end, ALIGNMENT)
    end = at + data.length
    return at
  })
  const bytes = new Uint8Array(header.length + end).fill(PADDING)
  bytes.set(header)
  const body = bytes.subarray(header.length)
  const view = viewOf(body)
  view.setUint32(0, sorted.length, true)
  let nameAt = toc
  sorted.forEach(([, data], i) => {
    TocEntry.write(view, 4 + i * TocEntry.size, { name: nameAt, data: places[i]! })
    body.set(names[i]!, nameAt)
    nameAt += names[i]!.length
    body.set(data, places[i])
  })
  return bytes
}
