// `ingot build` of what is built: if nothing is different that the last build of the same depended on, and its executable
// lies as it was left, then it stays there, and that build is reported once more.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

import type { BuildOptions, BuildResult } from './base/build-result.ts'
import type { Inputs } from './base/inputs.ts'
import { isUnchanged, takeSnapshot, type Snapshot } from './base/snapshot.ts'
import type { TargetOutcome } from './build-each.ts'
import { programKey } from './known-program.ts'
import { lookAtGit, seenOf } from './known/git.ts'
import { writeFileAtomic } from './runtimes/atomic.ts'
import { prune } from './runtimes/cache.ts'
import { cacheRoot } from './runtimes/cache-root.ts'
import { LOCK_FILE } from './runtimes/lock.ts'

/** Some kilobytes each. */
const KEPT_RECORDS = 256

interface BuildRecord {
  /** What was asked for, in full. */
  readonly key: string
  readonly results: readonly BuildResult[]
  readonly snapshot: Snapshot
  readonly tree: { readonly directory: string; readonly files: readonly string[]; readonly seen: string }
}

/**
 * As `buildTargets`, of what is not up to date.
 * @param isForced whether all of it is built
 * @throws BuildError if the configuration is wrong
 */
export async function buildUnlessUpToDate(
  options: BuildOptions,
  env: NodeJS.ProcessEnv,
  isForced = false,
): Promise<TargetOutcome[]> {
  const started = performance.now()
  const { onStage: _, signal: __, ...asked } = options
  const key = programKey([JSON.stringify(asked)], options.cwd ?? process.cwd())
  const directory = path.join(cacheRoot(env), 'builds')
  const file = path.join(directory, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`)
  const known = isForced ? undefined : readRecord(file)
  if (known?.key === key && (await isUpToDate(known, env))) {
    const elapsedMs = performance.now() - started
    return known.results.map((result) => ({
      target: result.target,
      result: { ...result, elapsedMs, isUpToDate: true },
    }))
  }
  const { outcomes, record } = await buildRecorded(key, options, env)
  if (record) keepRecord(file, record)
  return outcomes
}

async function isUpToDate({ snapshot, tree }: BuildRecord, env: NodeJS.ProcessEnv): Promise<boolean> {
  const now = lookAtGit(tree.directory)
  return isUnchanged(snapshot, env) && seenOf(await now, tree.files) === tree.seen
}

async function buildRecorded(
  key: string,
  options: BuildOptions,
  env: NodeJS.ProcessEnv,
): Promise<{ outcomes: TargetOutcome[]; record?: BuildRecord | undefined }> {
  const [{ buildTracked }, { buildEach }] = await Promise.all([
    import('./build.ts'),
    import('./build-each.ts'),
  ])
  const startedMs = Date.now()
  const trees = new Map<string, ReturnType<typeof lookAtGit>>()
  const look = (directory: string) => {
    const tree = trees.get(directory) ?? lookAtGit(directory)
    trees.set(directory, tree)
    return tree
  }
  const all: Inputs[] = []
  const outcomes = await buildEach(options, async (one) => {
    const { result, inputs } = await buildTracked(one, look)
    all.push(inputs)
    return result
  })
  const results = outcomes.flatMap((outcome) => ('result' in outcome ? [outcome.result] : []))
  const [directory] = trees.keys()
  const isWhole = results.length === outcomes.length && !results.some(dependsOnMachine)
  if (directory === undefined || !isWhole) return { outcomes }
  const inputs = together(all)
  const outputs = results.map(({ out }) => out)
  const settled = [...outputs, ...inputs.files.filter((file) => path.basename(file) === LOCK_FILE)]
  const snapshot = takeSnapshot({ ...inputs, files: [...inputs.files, ...outputs] }, env, startedMs, settled)
  const { files } = inputs
  const seen = seenOf(await look(directory), files)
  return { outcomes, record: snapshot && { key, results, snapshot, tree: { directory, files, seen } } }
}

/** What this machine could not do, it may be able to do at another time. */
function dependsOnMachine({ start, diagnostics }: BuildResult): boolean {
  const isFallback = start.kind === 'cold' && start.reason !== undefined
  return isFallback || diagnostics.some(({ code }) => code === 'CODE_CACHE_LEFT_OUT')
}

function together(all: readonly Inputs[]): Inputs {
  const incomplete = all.find((inputs) => inputs.incomplete !== undefined)?.incomplete
  return {
    files: [...new Set(all.flatMap(({ files }) => files))],
    listings: all.flatMap(({ listings }) => listings),
    variables: Object.assign({}, ...all.map(({ variables }) => variables)),
    ...(incomplete !== undefined && { incomplete }),
  }
}

function readRecord(file: string): BuildRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as BuildRecord
  } catch {
    return undefined // none, or a damaged one
  }
}

/** In a cache that cannot be written to, the next build finds out for itself. */
function keepRecord(file: string, record: BuildRecord): void {
  const directory = path.dirname(file)
  try {
    mkdirSync(directory, { recursive: true })
    writeFileAtomic(file, JSON.stringify(record))
    prune('', KEPT_RECORDS, directory)
  } catch {
    // As above.
  }
}
