// The graph stage with its caches. The results depend on a text alone, so its hash is all there is to a key.
//
// TypeScript without its types: taking them out is quick once node's compiler (amaro, in WebAssembly) is loaded, which takes longer
// than the rest of the graph stage of a small program.
// Whether a module of a package is an ES module by its syntax: where a pattern finds import or export, only a parser can tell
// them from text, and tsc has 9 MB of it.

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
  const [{ traceTracked }, { stripTypes }, { GraphMemory }] = await Promise.all([
    import('./graph/trace-app.ts'),
    import('./graph/transform.ts'),
    import('./graph/memory.ts'),
  ])
  const open = <T>(kind: string) =>
    new TextCache<T>(path.join(cacheRoot, kind, `${hashOf(config.projectDir).slice(0, 32)}.json`))
  const erased = open<string | null>('erased')
  const syntax = open<boolean>('syntax')
  const compiler = process.versions['amaro'] ?? process.version
  const strip: Strip = (text) =>
    erased.get(`${compiler}\n${text}`, () => stripTypes(text) ?? null) ?? undefined
  const provide = provideFor(config, cacheRoot)
  const traced = await traceTracked(config, {
    memory: memory ?? new GraphMemory((extension, text, parse) => syntax.get(`${extension}\n${text}`, parse)),
    strip,
    ...(provide && { provide }),
  })
  erased.save()
  if (!memory) syntax.save()
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

/** SHA-256 of a text -> what was found out about it. */
class TextCache<T> {
  readonly #file: string
  readonly #known: Readonly<Record<string, T>>
  readonly #used: Record<string, T> = {}

  constructor(file: string) {
    this.#file = file
    this.#known = readEntries(file)
  }

  get(text: string, make: () => T): T {
    const key = hashOf(text)
    const known = this.#known[key]
    return (this.#used[key] = known === undefined ? make() : known)
  }

  /** Keeps what was used, and only that. */
  save(): void {
    const isSame =
      Object.keys(this.#used).every((key) => key in this.#known) &&
      Object.keys(this.#known).every((key) => key in this.#used)
    if (isSame) return
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true })
      writeFileAtomic(this.#file, JSON.stringify(this.#used))
    } catch {
      // A read-only or full cache makes the next build slower, not this one wrong.
    }
  }
}

function readEntries<T>(file: string): Record<string, T> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, T>
  } catch {
    return {}
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
