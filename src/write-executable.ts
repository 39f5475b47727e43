// The output stage with its last step: the finished file is run once, and the process that it has become is
// put behind it (freeze/, image/elf/frozen.ts), so that a start goes on from there.

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import type { StartResult } from './base/build-result.ts'
import { BuildError } from './base/diagnostics.ts'
import type { ResolvedConfig } from './config/config.ts'
import { freezeProcess } from './freeze/freeze-process.ts'
import { rehearseCold, rehearseThaw } from './freeze/rehearse.ts'
import { addSpareModules } from './freeze/spare-modules.ts'
import type { AppendPlan } from './image/append.ts'
import { freezePatch, planFrozen, type FrozenAppendix } from './image/elf/frozen.ts'
import { FREEZE_RECORD } from './image/elf/frozen-facts.ts'
import type { BaseImage } from './image/image.ts'
import { extendExecutable, publishExecutable, type PendingExecutable } from './output/executable.ts'
import type { Payload } from './payload/payload.ts'
import { cached, fileOf, prune } from './runtimes/cache.ts'

interface Parts {
  readonly config: ResolvedConfig
  readonly base: BaseImage & { readonly identity: string }
  readonly payload: Payload
  readonly image: AppendPlan
  readonly cache: string
}

export interface Written {
  readonly start: StartResult
  readonly size: number
}

/** @throws BuildError OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL, START_NOT_FROZEN */
export async function writeExecutable(pending: PendingExecutable, parts: Parts): Promise<Written> {
  const { config, base, payload, image } = parts
  await extendExecutable(pending, {
    offset: base.size,
    chunks: [...payload.chunks, image.tail],
    patches: image.patches,
  })
  const frozen = config.start === 'cold' ? { reason: undefined } : await freeze(pending, parts)
  if ('reason' in frozen) {
    if (config.start === 'frozen') {
      throw new BuildError('START_NOT_FROZEN', `the program cannot be frozen: ${frozen.reason}`, {
        help: 'build with --start auto, which then makes an executable that starts cold',
      })
    }
    await publishExecutable(pending)
    return { start: { kind: 'cold', reason: frozen.reason }, size: image.size }
  }
  await extendExecutable(pending, frozen)
  await publishExecutable(pending)
  const size = frozen.chunks.reduce((sum, chunk) => sum + chunk.length, frozen.offset)
  return { start: { kind: 'frozen', ...frozen.facts }, size }
}

/** Changes with how a process is read and planned (freeze/, image/elf/frozen.ts): what an older one made is not used. */
const FREEZE_REVISION = 2

/** Each edit makes a new one, of 15 MB and more. */
const KEPT_FROZEN = 16

type Frozen = FrozenAppendix | { readonly reason: string }

/** The same program boots into the same process: it is frozen once. */
async function freeze(pending: PendingExecutable, parts: Parts): Promise<Frozen> {
  const { base, payload, cache } = parts
  const hash = createHash('sha256').update(base.identity).update(`revision ${FREEZE_REVISION}`)
  for (const chunk of payload.chunks) hash.update(chunk)
  const fill = async (directory: string) => {
    prune('frozen-', KEPT_FROZEN, cache)
    const frozen = await freezeAndPlan(pending, parts)
    if ('reason' in frozen) throw new NotFrozenError(frozen.reason)
    const { chunks, patches, ...rest } = frozen
    const plan = {
      ...rest,
      patches: patches.map(({ offset, bytes }) => [offset, Buffer.from(bytes).toString('hex')]),
    }
    writeFileSync(path.join(directory, 'plan.json'), JSON.stringify(plan))
    writeFileSync(path.join(directory, 'image.bin'), Buffer.concat(chunks))
  }
  try {
    const entry = await cached(`frozen-${hash.digest('hex')}`, fill, cache)
    const plan = JSON.parse(readFileSync(fileOf(entry, 'plan.json').file, 'utf8'))
    return {
      ...plan,
      chunks: [readFileSync(fileOf(entry, 'image.bin').file)],
      patches: plan.patches.map(([offset, hex]: [number, string]) => ({
        offset,
        bytes: Buffer.from(hex, 'hex'),
      })),
    }
  } catch (error) {
    if (error instanceof NotFrozenError) return { reason: error.message }
    throw error
  }
}

/** Nothing is cached then: the reason may be the machine's. */
class NotFrozenError extends Error {}

async function freezeAndPlan(pending: PendingExecutable, parts: Parts): Promise<Frozen> {
  const { image, payload } = parts
  const support = parts.base.frozen
  const inBuildMode = (appendix: Partial<FrozenAppendix>, mayFreeze: 0 | 1) =>
    extendExecutable(pending, {
      offset: 0,
      chunks: [],
      ...appendix,
      patches: [...(appendix.patches ?? []), freezePatch(support, mayFreeze)],
    })
  const record = { ...FREEZE_RECORD, address: support.recordAddress }

  await inBuildMode({}, 1)
  const training = addSpareModules(await rehearseCold(pending.temporary), payload.modules)
  const frozen = await freezeProcess(pending.temporary, record, training, parts.config.contract !== undefined)
  if ('reason' in frozen) {
    await inBuildMode({}, 0)
    return frozen
  }
  await inBuildMode(planFrozen(support, frozen, image.size), 1)
  const touched = await rehearseThaw(pending.temporary)
  return planFrozen(support, frozen, image.size, touched)
}
