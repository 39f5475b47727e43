// Where ICU's data lies when some of it has been left out.

import type { IcuPackage } from './package.ts'

const PAGE_SIZE = 4096

/**
 * Offsets in the smaller package of what lay in these bytes of the whole one, one for each page at least.
 * @param cut made of `whole`
 */
export function placesIn(
  whole: IcuPackage,
  cut: IcuPackage,
  { offset, size }: { readonly offset: number; readonly size: number },
): number[] {
  const startOf = ({ header }: Pick<IcuPackage, 'header'>, item: Uint8Array) =>
    item.byteOffset - header.byteOffset
  const listSize = (one: IcuPackage) => startOf(one, one.items.values().next().value!)
  // Of the list of items, of which a search reads a bit everywhere, all.
  const places = offset < listSize(whole) ? steps(0, listSize(cut)) : []
  for (const [name, item] of whole.items) {
    const start = startOf(whole, item)
    const kept = cut.items.get(name)
    if (!kept || start + item.length <= offset || start >= offset + size) continue
    const from = Math.max(0, offset - start)
    const to = Math.min(kept.length, offset + size - start)
    places.push(...steps(from, to).map((at) => startOf(cut, kept) + at))
  }
  return places
}

/** From one to the other, and one in each page between. */
function steps(from: number, to: number): number[] {
  if (to <= from) return []
  const count = Math.ceil((to - from) / PAGE_SIZE)
  return [...Array.from({ length: count }, (_, i) => from + i * PAGE_SIZE), to - 1]
}
