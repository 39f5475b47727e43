// For tests only: base, payload and what comes around it, put together in memory as output/ does on disk.

import { makeBlob } from '../elf/synthetic.fixture.ts'
import type { BaseImage } from '../image.ts'
import { readSeaBlob } from '../sea.ts'
import { planPeAppend, type Resource } from './append.ts'
import { linkPe, type PeInputs, type PeLayout } from './link.ts'

export type PeBase = BaseImage & { readonly pe: PeLayout }

export function linkSynthetic(node: Uint8Array, inputs: Partial<PeInputs> = {}) {
  const blob = readSeaBlob(makeBlob(), 'blob')
  const licenses = Buffer.from('the licences')
  const linked = linkPe({ node, file: 'node.exe', machine: 'x64', blob, licenses, ...inputs })
  return { chunks: linked.chunks, base: linked.base as PeBase }
}

interface Program {
  readonly payload?: Uint8Array
  readonly resources?: readonly Resource[]
  readonly subsystem?: 'console' | 'gui'
}

export function assemble(
  { chunks, base }: ReturnType<typeof linkSynthetic>,
  { payload = Buffer.from('the payload'), resources = [], subsystem = 'console' }: Program = {},
): Buffer {
  const plan = planPeAppend({ size: base.size, layout: base.pe }, payload.length, { resources, subsystem })
  const file = Buffer.alloc(plan.size)
  for (const { offset, bytes } of chunks) file.set(bytes, offset)
  file.set(payload, base.size)
  file.set(plan.tail, base.size + payload.length)
  for (const { offset, bytes } of plan.patches) file.set(bytes, offset)
  return file
}
