// The graph stage with its cache: remembers TypeScript without its types. Taking them out is quick once node's compiler (amaro, in
// WebAssembly) is loaded, which takes longer than the rest of the graph stage of a small program.
// The result depends on the text alone, so a text's hash is all there is to a key.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

import { HOST, platformOf } from './base/targets.ts'
import type { ResolvedConfig } from './config/config.ts'
import type { GraphMemory } from './graph/memory.ts'
import type { ProvidePackages } from './graph/platform-packages.ts'
import type { TracedApp } from './graph/trace-app.ts'
import type { Strip } from './graph/transform.ts'
import { writeFileAtomic } from './runtimes/atomic.ts'

export async function traceCached(
  config: ResolvedConfig,
  cacheRoot: string,
  memory?: GraphMemory,
): Promise<TracedApp> {
  // Loaded by the first build that gets here: the parser and the bundler are native code of some size.
  const [{ traceTracked }, { stripTypes }] = await Promise.all([
    import('./graph/trace-app.ts'),
    import('./graph/transform.ts'),
  ])
  const cache = openStripCache(cacheRoot, config.projectDir, stripTypes)
  const provide = provideFor(config, cacheRoot)
  const traced = await traceTracked(config, { memory, strip: cache.strip, ...(provide && { provide }) })
  cache.save()
  return traced
}

/** What npm has installed is for this machine. */
function provideFor({ target, projectDir }: ResolvedConfig, root: string): ProvidePackages | undefined {
  if (target === HOST) return undefined
  return async (wanted) => {
    const [{ findPackages }, { lockedIntegrity }, { runsOnTarget }, { offerKey }] = await Promise.all([
      import('./runtimes/platform-packages.ts'),
      import('./known/lockfile.ts'),
      import('./graph/packages.ts'),
      import('./graph/platform-packages.ts'),
    ])
    const integrityOf = lockedIntegrity(projectDir)
    const found = await findPackages(wanted, {
      projectDir,
      env: process.env,
      root,
      integrityOf: (name, version) =>
        integrityOf({ name, version, directory: path.join(projectDir, 'node_modules', name) }),
      isWanted: (fields) =>
        (fields.os ?? fields.cpu) !== undefined && runsOnTarget(fields, platformOf(target)),
    })
    return new Map(wanted.map((one, i) => [offerKey(one), found[i]]))
  }
}

interface StripCache {
  readonly strip: Strip
  /** Keeps what was used, and only that. */
  save(): void
}

/** SHA-256 of the text -> the text without types; null if that cannot be had by erasing. */
type Entries = Record<string, string | null>

function openStripCache(cacheRoot: string, projectDir: string, strip: Strip): StripCache {
  const file = path.join(cacheRoot, 'erased', `${hashOf(projectDir).slice(0, 32)}.json`)
  const known = readEntries(file)
  const used: Entries = {}
  return {
    strip(text) {
      const key = hashOf(`${process.versions['amaro'] ?? process.version}\n${text}`)
      const erased = known[key] === undefined ? (strip(text) ?? null) : known[key]
      used[key] = erased
      return erased ?? undefined
    },
    save() {
      const isSame =
        Object.keys(used).every((key) => key in known) && Object.keys(known).every((key) => key in used)
      if (isSame) return
      try {
        mkdirSync(path.dirname(file), { recursive: true })
        writeFileAtomic(file, JSON.stringify(used))
      } catch {
        // A read-only or full cache makes the next build slower, not this one wrong.
      }
    },
  }
}

function readEntries(file: string): Entries {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Entries
  } catch {
    return {}
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
