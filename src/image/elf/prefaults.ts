// What of a frozen process a start is about to touch: the launcher gets it ready in a few calls (launcher/thaw.c).

import { PAGE_SIZE } from '../../format/archive.ts'
import { struct } from '../../format/struct.ts'
import type { FrozenProcess, Region, TouchedPages } from '../../freeze/frozen-process.ts'
import { PROT_WRITE } from './constants.ts'

/** Memory that a start is about to touch: `writes` is 1 if it is written to. */
export const Prefault = struct({ address: 'u64', size: 'u32', writes: 'u32' })
export type Prefault = ReturnType<typeof Prefault.read>

/** What the rehearsal had mapped for itself is elsewhere in every start. */
export function planPrefaults({ regions }: FrozenProcess, { written, read }: TouchedPages): Prefault[] {
  const isWritable = ({ protection }: Region) => (protection & PROT_WRITE) !== 0
  return [
    ...rangesOf(regions.filter(isWritable), written).map((range) => ({ ...range, writes: 1 })),
    ...rangesOf(regions, read).map((range) => ({ ...range, writes: 0 })),
  ]
}

/** Both ascending. */
function rangesOf(regions: readonly Region[], pages: readonly number[]): { address: number; size: number }[] {
  const ranges: { address: number; size: number }[] = []
  let at = 0
  for (const { start, end } of regions) {
    while (at < pages.length && pages[at]! < start) at++
    let last: { address: number; size: number } | undefined
    for (; at < pages.length && pages[at]! < end; at++) {
      const address = pages[at]!
      if (last && address === last.address + last.size) last.size += PAGE_SIZE
      else ranges.push((last = { address, size: PAGE_SIZE }))
    }
  }
  return ranges
}
