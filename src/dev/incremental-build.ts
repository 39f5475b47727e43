// The builder of `ingot dev`: a program's archive again and again, each time made anew only where something has
// changed. A version of a program in development is its archive alone, with modules as files and without code
// caches; the base image that runs it is made once.
//
// Whatever is remembered, the bytes are those of a first build of the same files, but for the build info. That holds as
// everything that is remembered is either kept with all that it was made of (graph/memory.ts), or dropped when a path
// has changed that it depends on. A build that fails leaves what the last one has left: the next one starts from there,
// and from all that has changed since then.

import { lstatSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'

import type { BuildOptions } from '../base/build-result.ts'
import type { Diagnostic } from '../base/diagnostics.ts'
import type { Inputs } from '../base/inputs.ts'
import { createStages, type RunStage } from '../base/stages.ts'
import { ofHost } from '../base/targets.ts'
import type { ResolvedConfig } from '../config/config.ts'
import { resolveConfig, type ConfigResult } from '../config/resolve-config.ts'
import type { AppGraph } from '../graph/graph.ts'
import { OWN_CODE } from '../format/archive.ts'
import { GraphMemory } from '../graph/memory.ts'
import { retrace } from '../graph/retrace.ts'
import { traceTracked, type TracedApp } from '../graph/trace-app.ts'
import { stripTypes } from '../graph/transform.ts'
import { writeEnvTypes } from '../env-types.ts'
import { allInputs, inputsOfTarget } from '../inputs.ts'
import { judgeNativeCode } from '../native-policy.ts'
import { filesOf, ownCodeFiles, packFiles } from '../pack-payload.ts'
import type { CollectedFiles } from '../payload/collect.ts'
import type { ArchiveFile, Payload } from '../payload/payload.ts'
import { prepareTarget, type PreparedTarget } from '../prepare-target.ts'
import { programInfo } from '../program-info.ts'
import { traceCached } from '../trace-cached.ts'
import { concern, withMore, withoutPassing, type Changes } from './changes.ts'

export interface DevVersion {
  readonly config: ResolvedConfig
  /** What runs it. */
  readonly target: PreparedTarget
  readonly payload: Payload
  readonly graph: AppGraph
  /** What to watch. */
  readonly inputs: Inputs
  readonly diagnostics: readonly Diagnostic[]
  /** Paths in the archive that are other than in the version before, or in one of both only; undefined: the first. */
  readonly changed: readonly string[] | undefined
}

export interface DevEnvironment {
  /** Ingot's own. */
  readonly version: string
  /** Directory of the user's cache. */
  readonly cache: string
  readonly prepare?: typeof prepareTarget
  readonly describe?: typeof programInfo
}

/** A version, and what the next one may take from it. */
interface Built {
  readonly version: DevVersion
  readonly configured: ConfigResult
  readonly prepared: Prepared
  readonly traced: TracedApp
  readonly judged: Judged
  readonly files: readonly ArchiveFile[]
}

interface Prepared {
  readonly target: PreparedTarget
  readonly inputs: readonly string[]
}

interface Judged extends ReturnType<typeof judgeNativeCode> {
  readonly from: readonly unknown[]
}

export class IncrementalBuild {
  readonly #options: BuildOptions
  readonly #environment: DevEnvironment
  readonly #stage: RunStage
  readonly #memory = new GraphMemory()
  readonly #collected: CollectedFiles = new WeakMap()
  #last: Built | undefined
  /** That of the first version: making it takes longer than an edit, and what runs here is not what ships. */
  #info: Uint8Array | undefined
  /** Since `#last`. */
  #changes: Changes

  constructor(options: BuildOptions, environment: DevEnvironment) {
    this.#options = { ...options, ...ofHost(), bundle: false }
    this.#environment = environment
    this.#stage = createStages(options)
  }

  /**
   * One at a time.
   * @param changed absolute paths that have changed, appeared or gone since the last call; undefined: anything may
   *   have
   * @throws BuildError
   */
  async build(changed?: readonly string[]): Promise<DevVersion> {
    this.#changes = withMore(this.#changes, changed)
    this.#memory.forget(this.#changes)
    const last = this.#last
    const changes = last && withoutPassing(this.#changes, last.version.inputs)
    this.#last = await this.#make(last, changes)
    this.#changes = new Set()
    return this.#last.version
  }

  /** Rehearses an edit, as code is slow when it runs for the first time: for a moment in which nobody waits. */
  async warmUp(): Promise<void> {
    // A first build may have found all that it stripped on disk.
    stripTypes('let x: number')
    if (!this.#last || !this.#info) return
    const { version, traced, files } = this.#last
    const entries = version.config.entries.map(({ file }) => file)
    await retrace(traced, entries)
    packFiles(files, version.graph, version.config, {
      version: this.#environment.version,
      info: this.#info,
    })
  }

  async #make(last: Built | undefined, changes: Changes): Promise<Built> {
    const configured = await this.#stage('config', () => this.#configure(last, changes))
    const before = last && isDeepStrictEqual(configured.config, last.version.config) ? last : undefined
    const config = before?.version.config ?? configured.config
    const ofTypes = before ? [] : writeEnvTypes(config)
    const prepared = await this.#stage('runtime', () => this.#prepare(config, last, changes))
    const { target } = prepared

    const retraced = before && changes && (await retrace(before.traced, changes))
    const traced = retraced ?? (await this.#stage('graph', () => this.#trace(config, last)))
    const { graph } = traced
    const judged = this.#judge(graph, config, target, last)

    return this.#stage('payload', async () => {
      const ownPaths: readonly string[] = Object.values(OWN_CODE)
      const ownCode = before
        ? before.files.filter(({ path }) => ownPaths.includes(path))
        : await ownCodeFiles(config)
      const ofProgram = filesOf(graph, (file) => this.#memory.read(file), this.#collected)
      const files = [...ofProgram, ...ownCode]
      if (!retraced) this.#memory.keepUsed()
      const { describe = programInfo, version } = this.#environment
      const facts = { version, graph, config, target, native: judged.native, tree: undefined }
      const info = (this.#info ??= await describe(facts, ofProgram))
      const { pageSize } = target.base
      const payload = packFiles(files, graph, config, { version, info, pageSize })
      const inputs =
        retraced && configured === before?.configured
          ? before.version.inputs
          : allInputs(config, configured.inputs, graph)
      const diagnostics = [...configured.diagnostics, ...ofTypes, ...graph.diagnostics, ...judged.diagnostics]
      const changed = last && differences(last, files, graph)
      const devVersion = { config, target, payload, graph, inputs, diagnostics, changed }
      return { version: devVersion, configured, prepared, traced, judged, files }
    })
  }

  async #configure(last: Built | undefined, changes: Changes): Promise<ConfigResult> {
    // Tests are found anew: any file may be one.
    const isKnown = last && !last.version.config.tests && !concern(changes, settingsOf(last))
    const { cwd = process.cwd() } = this.#options
    return isKnown ? last.configured : resolveConfig(this.#options, { cwd })
  }

  async #prepare(config: ResolvedConfig, last: Built | undefined, changes: Changes): Promise<Prepared> {
    const isKnown =
      last &&
      !concern(changes, { files: last.prepared.inputs }) &&
      isDeepStrictEqual(last.version.config.runtime, config.runtime) &&
      isDeepStrictEqual(last.version.config.icu, config.icu) &&
      last.version.config.projectDir === config.projectDir
    if (isKnown) return last.prepared
    const { prepare = prepareTarget, cache } = this.#environment
    return { target: await prepare(config, cache), inputs: inputsOfTarget(config) }
  }

  #judge(graph: AppGraph, config: ResolvedConfig, target: PreparedTarget, last: Built | undefined): Judged {
    const bytes = graph.kept
      .filter((file) => file.mapped)
      .map(({ path, file, content }) => [path, content ?? this.#memory.read(file)])
    const from = [target, config.native, config.contract, ...bytes]
    if (last && isDeepStrictEqual(last.judged.from, from)) return last.judged
    return { from, ...judgeNativeCode(graph, config, target, this.#environment.cache) }
  }

  /** Only a first trace knows nothing of its modules: what an earlier process has worked out is on disk. */
  #trace(config: ResolvedConfig, last: Built | undefined): Promise<TracedApp> {
    const memory = this.#memory
    return last ? traceTracked(config, { memory }) : traceCached(config, this.#environment.cache, memory)
  }
}

/** What the configuration depends on. Of an entry that is where it lies, and not what it says. */
function settingsOf({ configured: { config, inputs } }: Built): Inputs {
  const entries = config.entries
    .map(({ file }) => file)
    .filter((file) => lstatSync(file, { throwIfNoEntry: false })?.isFile())
  return { ...inputs, files: inputs.files.filter((file) => !entries.includes(file)) }
}

function differences(last: Built, files: readonly ArchiveFile[], { links }: AppGraph): string[] {
  const before = new Map<string, unknown>()
  for (const item of [...last.files, ...last.version.graph.links]) before.set(item.path, item)
  const changed = new Set(before.keys())
  for (const item of [...files, ...links]) {
    const known = before.get(item.path)
    if (known === item || isDeepStrictEqual(known, item)) changed.delete(item.path)
    else changed.add(item.path)
  }
  return [...changed].toSorted()
}
