// The output stage with its last step: the finished file is run once, and the process that it has become is
// put behind it (freeze/, image/elf/frozen.ts), so that a start goes on from there.

import { createHash, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import type { StartResult } from './base/build-result.ts'
import { BuildError } from './base/diagnostics.ts'
import { FREEZING_TARGET, HOST } from './base/targets.ts'
import { compressExecutable } from './compress-executable.ts'
import type { ResolvedConfig } from './config/config.ts'
import { COLD_FUSES, FUSES } from './format/fuses.ts'
import { freezeProcess } from './freeze/freeze-process.ts'
import { rehearseCold, rehearseThaw } from './freeze/rehearse.ts'
import { addSpareModules } from './freeze/spare-modules.ts'
import type { AppendPlan } from './image/append.ts'
import { freezePatch, fusePatch, planFrozen, type FrozenAppendix } from './image/elf/frozen.ts'
import type { FrozenProcess } from './freeze/frozen-process.ts'
import { tracePages } from './freeze/used-pages.ts'
import { tracedRanges, usedRuns, withChecksums } from './image/elf/verified-runs.ts'
import { FREEZE_RECORD } from './image/elf/frozen-facts.ts'
import type { BaseImage, FrozenSupport } from './image/image.ts'
import {
  extendExecutable,
  outputError,
  publishExecutable,
  type PendingExecutable,
} from './output/executable.ts'
import type { Payload } from './payload/payload.ts'
import type { PreparedBase } from './prepare-base.ts'
import { cached, fileOf, prune } from './runtimes/cache.ts'
import { signAdHoc } from './seal/code-signature.ts'
import { signExecutable } from './seal/reseal.ts'
import { hashPart, readHashes, storeHashes, type StoredHashes } from './seal/hash-part.ts'
import { sealExecutable, type PartStart } from './seal/seal-executable.ts'
import { SealedFile } from './seal/sealed-file.ts'
import { TRACER } from './tracer.ts'

interface Parts {
  readonly config: ResolvedConfig
  readonly base: BaseImage & Pick<PreparedBase, 'identity' | 'hashes'>
  readonly payload: Payload
  readonly image: AppendPlan
  readonly cache: string
  /** To sign it with. */
  readonly key?: KeyObject | undefined
  /** For who waits. */
  readonly onProgress?: ((detail: string) => void) | undefined
}

export interface Written {
  readonly start: StartResult
  readonly size: number
  /** Of the file, where that is compressed. */
  readonly compressedSize?: number
  /** Paths inside that the program has asked for when it was tried, and that are not there. */
  readonly missing: readonly string[]
}

/** @throws BuildError OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL, START_NOT_FROZEN */
export async function writeExecutable(pending: PendingExecutable, parts: Parts): Promise<Written> {
  const { config, base, payload, image, key } = parts
  await extendExecutable(pending, {
    offset: base.size,
    chunks: [...payload.chunks, image.tail],
    patches: image.patches,
  })
  const frozen = config.start === 'cold' ? coldBecause(undefined) : await freezeUnlessCold(pending, parts)
  const { missing } = frozen
  // Last: a build run is watched in ways that a closed fuse forbids.
  const patches = base.frozen ? [fusePatch(base.frozen, config.fuses)] : []
  await extendExecutable(pending, { offset: 0, chunks: [], patches })
  const finish = async (frozen?: Appended) => {
    try {
      const size = image.signing
        ? signAdHoc(pending.temporary, image.signing)
        : sealExecutable(pending.temporary, partStarts(base, frozen))
      if (key) signExecutable(pending.temporary, key)
      const compressed = config.compress !== undefined && {
        compressedSize: await compressExecutable(pending, { ...parts, level: config.compress }),
      }
      await publishExecutable(pending)
      return { size, missing, ...compressed }
    } catch (error) {
      throw outputError(error, pending.out)
    }
  }
  if ('reason' in frozen) {
    if (config.start === 'frozen') {
      throw new BuildError('START_NOT_FROZEN', `the program cannot be frozen: ${frozen.reason}`, {
        help: 'build with --start auto, which then makes an executable that starts cold',
      })
    }
    return { start: { kind: 'cold', reason: frozen.reason }, ...(await finish()) }
  }
  await extendExecutable(pending, frozen)
  return { start: { kind: 'frozen', ...frozen.facts }, ...(await finish(frozen)) }
}

function partStarts({ starts, hashes }: Parts['base'], frozen: Appended | undefined): PartStart[] {
  return [
    ...starts.map((start) => ({ ...start, known: hashes.get(start.offset) })),
    ...(frozen?.parts ?? []).map(({ offset, ...stored }) => ({
      name: 'frozen process' as const,
      offset,
      known: readHashes(stored),
    })),
  ]
}

/** Changes with how a process is read and planned (freeze/, image/elf/): what an older one made is not used. */
const FREEZE_REVISION = 36

/** Each edit makes a new one, of 15 MB and more. */
const KEPT_FROZEN = 16

type NotFrozen = { readonly reason: string }

/** What the rehearsal has shown besides. */
interface Tried {
  readonly missing: readonly string[]
}

/** As the cache keeps it. */
type Appended = Pick<FrozenAppendix, 'facts' | 'offset' | 'chunks' | 'patches'> & {
  /** What its two parts hash to for the seal: that takes longer than to write them. */
  readonly parts: readonly (StoredHashes & { readonly offset: number })[]
}

function hashParts({ offset, savedOffset }: FrozenAppendix, bytes: Uint8Array): Appended['parts'] {
  const table = savedOffset - offset
  return [
    { offset, ...storeHashes(hashPart(bytes.subarray(0, table))) },
    { offset: savedOffset, ...storeHashes(hashPart(bytes.subarray(table))) },
  ]
}

/** What starts cold each time carries no process. */
async function freezeUnlessCold(
  pending: PendingExecutable,
  parts: Parts,
): Promise<(Appended | NotFrozen) & Tried> {
  const { config, base } = parts
  if (config.target !== FREEZING_TARGET || !base.frozen) return coldBecause(`only ${FREEZING_TARGET} has it`)
  if (HOST !== FREEZING_TARGET) return coldBecause(`it takes a build on ${FREEZING_TARGET}`)
  const fuse = COLD_FUSES.find((name) => config.fuses & FUSES[name])
  return fuse ? coldBecause(`with the fuse ${fuse} it starts cold`) : freeze(pending, parts, base.frozen)
}

/** Without having tried it. */
function coldBecause<T extends string | undefined>(reason: T) {
  return { reason, missing: [] }
}

/** The same program boots into the same process: it is frozen once. */
async function freeze(
  pending: PendingExecutable,
  parts: Parts,
  support: FrozenSupport,
): Promise<(Appended | NotFrozen) & Tried> {
  const { base, payload, cache } = parts
  const hash = createHash('sha256').update(base.identity).update(`revision ${FREEZE_REVISION}`)
  for (const chunk of payload.chunks) hash.update(chunk)
  const fill = async (directory: string) => {
    prune('frozen-', KEPT_FROZEN, cache)
    const frozen = await freezeAndPlan(pending, parts, support)
    if ('reason' in frozen) throw new NotFrozenError(frozen)
    const { facts, missing, offset, chunks, patches } = frozen
    const image = Buffer.concat(chunks)
    const plan = {
      facts,
      missing,
      offset,
      parts: hashParts(frozen, image),
      patches: patches.map(({ offset, bytes }) => [offset, Buffer.from(bytes).toString('hex')]),
    }
    writeFileSync(path.join(directory, 'plan.json'), JSON.stringify(plan))
    writeFileSync(path.join(directory, 'image.bin'), image)
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
    if (error instanceof NotFrozenError) return error.frozen
    throw error
  }
}

/** Nothing is cached then: the reason may be the machine's. */
class NotFrozenError extends Error {
  readonly frozen: NotFrozen & Tried

  constructor(frozen: NotFrozen & Tried) {
    super(frozen.reason)
    this.frozen = frozen
  }
}

async function freezeAndPlan(
  pending: PendingExecutable,
  parts: Parts,
  support: FrozenSupport,
): Promise<(FrozenAppendix | NotFrozen) & Tried> {
  const { image, payload } = parts
  const inBuildMode = (appendix: Partial<FrozenAppendix>, mayFreeze: 0 | 1) =>
    extendExecutable(pending, {
      offset: 0,
      chunks: [],
      ...appendix,
      patches: [...(appendix.patches ?? []), freezePatch(support, mayFreeze)],
    })
  const record = { ...FREEZE_RECORD, address: support.recordAddress }

  await inBuildMode({}, 1)
  const { missing = [], ...learnt } = await rehearseCold(pending.temporary)
  const training = addSpareModules(learnt, payload.modules)
  const frozen = await freezeProcess(pending.temporary, record, training, parts.config.contract !== undefined)
  if ('reason' in frozen) {
    await inBuildMode({}, 0)
    return { ...frozen, missing }
  }
  const plan = planFrozen(support, frozen, image.size)
  await inBuildMode(plan, 1)
  const touched = await rehearseThaw(pending.temporary)
  // A debugger would only wait longer.
  if (touched === 'endless') return { ...plan, missing }
  const verified = await verifiedRuns(pending.temporary, frozen, plan)
  return { ...planFrozen(support, frozen, image.size, { touched, verified }), missing }
}

/** What the launcher is to look at before a start goes on; nothing where that cannot be found out. */
async function verifiedRuns(file: string, frozen: FrozenProcess, { mapped }: FrozenAppendix) {
  const ranges = tracedRanges(mapped, frozen)
  const pages = await tracePages(file, { tracer: TRACER, from: 'thaw', ranges })
  if (!pages) return undefined
  const runs = usedRuns(mapped, ranges, pages)
  return SealedFile.open(file, 'r', (sealed) =>
    withChecksums(runs, (offset, size) => sealed.read(offset, size)),
  )
}
