// An executable in memory, put together as the output stage does it in a file.

import { hash } from 'node:crypto'

import { planMachO } from './append.ts'
import { NEEDED_ENTITLEMENTS } from './entitlements.ts'
import type { Source } from './layout.ts'
import type { LinkedMachO } from './link.ts'
import { signMachO } from './signature.ts'

export interface AssembledProgram {
  readonly payload: Uint8Array
  readonly info?: Uint8Array
  readonly identifier?: string
  readonly entitlements?: readonly string[]
}

export function sourceOf(bytes: Uint8Array, file = 'assembled'): Source {
  return {
    file,
    size: bytes.length,
    read: (offset, size) => bytes.subarray(offset, offset + size),
    sha256: (content) => hash('sha256', content, 'buffer'),
  }
}

export function assemble(linked: LinkedMachO, program: AssembledProgram): Buffer {
  const { payload, info = new Uint8Array(), identifier = 'com.example.hello' } = program
  const { entitlements = NEEDED_ENTITLEMENTS } = program
  const { base, chunks } = linked
  const plan = planMachO(base, { payloadSize: payload.length, uuid: Buffer.alloc(16, 0x22), info })
  const file = Buffer.alloc(plan.size)
  const linkedit = chunks.at(-1)!
  for (const { offset, bytes } of chunks.slice(0, -1)) file.set(bytes, offset)
  file.set(payload, base.size)
  file.set(plan.tail, base.size + payload.length)
  file.set(linkedit.bytes, base.size + payload.length + plan.tail.length)
  for (const { offset, bytes } of plan.patches) file.set(bytes, offset)
  const [head, signature] = signMachO(sourceOf(file), { identifier, entitlements })
  file.set(head!.bytes)
  return Buffer.concat([file, signature!.bytes])
}
