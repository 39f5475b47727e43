// The descriptors of a frozen process as launcher/thaw.c makes them again: struct frozen_descriptor of
// launcher/frozen.h.

import { viewOf } from '../../base/bytes.ts'
import { struct } from '../../format/struct.ts'
import type { Descriptor } from '../../freeze/frozen-process.ts'

export const DescriptorRecord = struct({
  kind: 'u32',
  number: 'u32',
  other: 'u32',
  flags: 'u32',
  value: 'u64',
  events: 'u32',
  size: 'u32',
  bytesLow: 'u64',
  bytesHigh: 'u64',
})

/** DESCRIPTOR_* */
const KINDS = { epoll: 1, eventfd: 2, pipe: 3, watch: 4 }

type DescriptorValues = Parameters<typeof DescriptorRecord.write>[2]

/** What is watched comes behind what watches: the launcher makes one after the other. */
export function describe(
  descriptor: Descriptor,
  _index: number,
  all: readonly Descriptor[],
): DescriptorValues[] {
  const none = { other: 0, flags: 0, value: 0, events: 0, size: 0, bytesLow: 0, bytesHigh: 0 }
  const isLast = descriptor === all.at(-1)
  const watches = isLast
    ? all.flatMap((epoll) =>
        epoll.kind !== 'epoll'
          ? []
          : epoll.watches.map(({ number, events, data }) => ({
              ...none,
              kind: KINDS.watch,
              number: epoll.number,
              other: number,
              events,
              value: data,
            })),
      )
    : []
  const own = { ...none, kind: KINDS[descriptor.kind], number: descriptor.number }
  switch (descriptor.kind) {
    case 'epoll':
      return [own, ...watches]
    case 'eventfd':
      return [{ ...own, value: descriptor.count, flags: descriptor.flags }, ...watches]
    case 'pipe': {
      const bytes = Buffer.alloc(16)
      bytes.set(descriptor.bytes)
      const view = viewOf(bytes)
      return [
        {
          ...own,
          other: descriptor.writer,
          flags: descriptor.flags,
          size: descriptor.bytes.length,
          bytesLow: Number(view.getBigUint64(0, true)),
          bytesHigh: Number(view.getBigUint64(8, true)),
        },
        ...watches,
      ]
    }
  }
}
