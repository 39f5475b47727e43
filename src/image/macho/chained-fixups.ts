// dyld's list of the pages to be fixed up, which has an entry for each segment by its number. A segment that is put
// before __LINKEDIT needs one too: dyld refuses an image that has more segments than entries ("seg_count does not
// match number of segments"), unless those it lacks are empty.

import { viewOf } from '../../base/bytes.ts'
import { ChainedFixups } from './structs.ts'

const ENTRY_SIZE = 4
/** The entry, and as much again: what follows stays aligned to 8 bytes. */
const GROWTH = 8

type Refuse = (message: string, offset: number) => never

/**
 * The same list with an empty entry for a segment `index`.
 * @param refuse gets offsets from the start of `bytes`
 */
export function withSegment(bytes: Uint8Array, index: number, refuse: Refuse): Uint8Array {
  if (bytes.length < ChainedFixups.size) refuse('the chained fixups are cut off', 0)
  const header = ChainedFixups.read(viewOf(bytes), 0)
  if (header.version !== 0) refuse(`chained fixups of version ${header.version}`, 0)
  const { startsOffset } = header
  const at = (field: Parameters<typeof ChainedFixups.offsetOf>[0]) => ChainedFixups.offsetOf(field)
  if (startsOffset < ChainedFixups.size || startsOffset + ENTRY_SIZE > bytes.length)
    refuse('the starts of chained fixups lie elsewhere', at('startsOffset'))
  const count = viewOf(bytes).getUint32(startsOffset, true)
  const table = startsOffset + ENTRY_SIZE
  const tableEnd = table + count * ENTRY_SIZE
  if (count > index + 1 || tableEnd > bytes.length)
    refuse(`there are chained fixups for ${count} segments`, startsOffset)

  const grown = new Uint8Array(bytes.length + GROWTH)
  grown.set(bytes.subarray(0, tableEnd))
  grown.set(bytes.subarray(tableEnd), tableEnd + GROWTH)
  const view = viewOf(grown)
  for (const field of ['importsOffset', 'symbolsOffset'] as const) {
    const offset = header[field]
    if (offset > bytes.length || (offset > startsOffset && offset < tableEnd))
      refuse(
        `the ${field === 'importsOffset' ? 'imports' : 'symbols'} of chained fixups lie elsewhere`,
        at(field),
      )
    if (offset >= tableEnd) view.setUint32(at(field), offset + GROWTH, true)
  }
  const starts = Array.from({ length: count }, (_, i) => {
    const start = viewOf(bytes).getUint32(table + i * ENTRY_SIZE, true)
    if (start === 0) return 0
    if (start < tableEnd - startsOffset || startsOffset + start > bytes.length)
      refuse(`the fixups of segment ${i} lie elsewhere`, table + i * ENTRY_SIZE)
    return start + GROWTH
  })
  starts.splice(index, 0, 0)
  view.setUint32(startsOffset, starts.length, true)
  starts.forEach((start, i) => view.setUint32(table + i * ENTRY_SIZE, start, true))
  return grown
}
