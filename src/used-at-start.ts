// What of node every cold start uses, whatever the program: the launcher compares it with the file before it begins.
// It is found out once for each base, with a program that does nothing.

import { readFileSync } from 'node:fs'
import path from 'node:path'

import { checksumOf } from './format/checksum.ts'
import { tracePages } from './freeze/used-pages.ts'
import { planAppend } from './image/append.ts'
import { freezePatch } from './image/elf/frozen.ts'
import {
  constantRanges,
  usedRuns,
  VERIFIED_RUN_SIZE,
  writeVerifiedRun,
  type VerifiedRun,
} from './image/elf/verified-runs.ts'
import type { BaseImage } from './image/image.ts'
import { beginExecutable, extendExecutable } from './output/executable.ts'
import { packArchive } from './payload/pack.ts'
import { TRACER } from './tracer.ts'

/**
 * @param directory for what is needed in between
 * @returns struct verified_run of launcher/frozen.h, one behind the other; nothing where it cannot be found out
 */
export async function usedAtStart(base: BaseImage, file: string, directory: string): Promise<Uint8Array> {
  const payload = packArchive(
    [{ path: 'main.js', data: Buffer.from(''), module: { format: 'commonjs' } }],
    [],
    { ingot: '', entries: [{ name: 'main', path: 'main.js' }], sourceMaps: false },
  )
  const pending = beginExecutable(file, path.join(directory, 'nothing'))
  const { tail, patches } = planAppend(base, payload.size)
  await extendExecutable(pending, {
    offset: base.size,
    chunks: [...payload.chunks, tail],
    patches: [...patches, freezePatch(base.frozen, 1)],
  })
  const ranges = constantRanges(base.frozen)
  const pages = (await tracePages(pending.temporary, { tracer: TRACER, from: 'start', ranges })) ?? []
  const content = readFileSync(file)
  return encode(
    usedRuns(ranges, ranges, pages).map(({ address, size, fileOffset }) => ({
      address,
      size,
      checksum: checksumOf(content.subarray(fileOffset, fileOffset + size)),
    })),
  )
}

function encode(runs: readonly VerifiedRun[]): Uint8Array {
  const bytes = new Uint8Array(runs.length * VERIFIED_RUN_SIZE)
  const view = new DataView(bytes.buffer)
  runs.forEach((run, i) => writeVerifiedRun(view, i * VERIFIED_RUN_SIZE, run))
  return bytes
}
