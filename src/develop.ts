// `ingot dev`: builds, runs, and does so again whenever something has changed.

import path from 'node:path'

import type { BuildOptions } from './base/build-result.ts'
import { BuildError } from './base/diagnostics.ts'
import type { ResolvedConfig } from './config/config.ts'
import { nearestPackageDir } from './config/files.ts'
import type { InspectorPlace } from './format/development.ts'
import { IncrementalBuild, type DevVersion } from './dev/incremental-build.ts'
import { Processes, type ProcessesReporter } from './dev/processes.ts'
import { SourceWatcher, type Changes } from './dev/source-watcher.ts'
import { cacheRoot } from './runtimes/cache-root.ts'

export type { InspectorPlace }

export interface DevelopOptions extends Omit<BuildOptions, 'entry'> {
  readonly entry: readonly string[]
  readonly cwd: string
  /** What process.argv.slice(2) is to be. */
  readonly args: readonly string[]
  readonly inspector?: InspectorPlace
}

/** What there is to show. */
export interface DevelopReporter extends Omit<ProcessesReporter, 'listening'> {
  /** @param because absolute paths of what has changed, as far as known */
  built(version: DevVersion, because: readonly string[], tookMs: number): void
  failed(error: unknown): void
  /** @param sinceMs from the change, or from the start of `ingot dev` */
  listening(url: string | undefined, sinceMs: number): void
  /** The types of what runs, if they are to be checked: undefined where they are right. */
  checked(error: unknown): void
}

/** Errors that go by themselves. */
const OF_THE_MACHINE = new Set([
  'DEV_UNWRITABLE',
  'OUTPUT_DISK_FULL',
  'OUTPUT_UNWRITABLE',
  'CACHE_UNWRITABLE',
])
const RETRY_AFTER_MS = 500
/** After the first build. */
const IDLE_AFTER_MS = 1000

export class DevelopmentLoop {
  readonly #builder: IncrementalBuild
  readonly #reporter: DevelopReporter
  readonly #options: DevelopOptions
  readonly #watcher = new SourceWatcher()
  readonly #processes: Processes
  #watchedProject: string | undefined
  /** What runs, if it is what has been built last. */
  #current: DevVersion | undefined
  #sinceMs = performance.now()
  /** One thing after the other. */
  #work: Promise<void> = Promise.resolve()
  #check = new AbortController()
  #lastFailure: string | undefined

  /** @param version Ingot's own */
  constructor(options: DevelopOptions, version: string, reporter: DevelopReporter) {
    const cache = cacheRoot(process.env)
    this.#reporter = reporter
    this.#builder = new IncrementalBuild(options, { version, cache })
    this.#options = options
    this.#processes = new Processes(options, cache, {
      ...reporter,
      listening: (url) => reporter.listening(url, performance.now() - this.#sinceMs),
      ended: (ending, then) => {
        reporter.ended(ending, then)
        // Unless something else has been started by then.
        if (then === 'again')
          void this.#inTurn(async () => this.#processes.isRunning || this.#processes.restart())
      },
    })
    this.#processes.inspector = options.inspector
  }

  /** Until it is to end. */
  async run(signal: AbortSignal): Promise<void> {
    let changes: Changes = { files: undefined, isCertain: true }
    const warmUp = () => void this.#inTurn(() => this.#builder.warmUp())
    setTimeout(warmUp, IDLE_AFTER_MS).unref()
    while (!signal.aborted) {
      const now = changes
      await this.#inTurn(() => this.#update(now))
      changes = await this.#watcher.next(signal)
      this.#sinceMs = performance.now()
    }
    this.#watcher.close()
  }

  restart(): Promise<void> {
    this.#sinceMs = performance.now()
    return this.#inTurn(() => this.#processes.restart())
  }

  get inspector(): InspectorPlace | undefined {
    return this.#processes.inspector
  }

  set inspector(place: InspectorPlace | undefined) {
    this.#processes.inspector = place
  }

  /** @param signal what the program is to end by; null if it has heard already */
  async end(signal: NodeJS.Signals | null): Promise<void> {
    this.#check.abort()
    await this.#processes.end(signal)
  }

  #inTurn(step: () => Promise<unknown>): Promise<void> {
    this.#work = this.#work.then(step).then(
      () => (this.#lastFailure = undefined),
      (error: unknown) => this.#onFailed(error),
    )
    return this.#work
  }

  #onFailed(error: unknown): void {
    const isOfMachine = error instanceof BuildError && OF_THE_MACHINE.has(error.code)
    // Nothing of the program will change when there is room again.
    if (isOfMachine) setTimeout(() => this.#watcher.again(), RETRY_AFTER_MS).unref()
    const message = (error as Error).message
    if (!isOfMachine || message !== this.#lastFailure) this.#reporter.failed(error)
    this.#lastFailure = message
  }

  async #update({ files, isCertain }: Changes): Promise<void> {
    const beforeMs = performance.now()
    const startedMs = Date.now()
    const last = this.#current
    this.#current = undefined
    let version: DevVersion | undefined
    try {
      version = await this.#builder.build(files)
      const isNews = !last || !isSame(version, last) || (isCertain && !this.#processes.isRunning)
      if (!isNews) {
        this.#current = version
        return
      }
      const tookMs = performance.now() - beforeMs
      await this.#processes.begin(version)
      this.#current = version
      this.#reporter.built(version, files ?? [], tookMs)
    } finally {
      // Last, as it takes longer than the build of an edit.
      this.#follow(version, startedMs)
    }
    if (version.config.check) void this.#checkTypes(version.config)
  }

  #follow(version: DevVersion | undefined, startedMs: number): void {
    const projectDir = version?.config.projectDir ?? this.#watchedProject ?? likelyProject(this.#options)
    if (projectDir !== this.#watchedProject) this.#watcher.watchTree(projectDir)
    this.#watchedProject = projectDir
    this.#watcher.follow(version?.inputs, version?.graph.root ?? projectDir, startedMs)
  }

  /** Beside what runs: a compiler takes longer than a start. */
  async #checkTypes(config: ResolvedConfig): Promise<void> {
    this.#check.abort()
    this.#check = new AbortController()
    const { signal } = this.#check
    const { checkTypes } = await import('./check.ts')
    const error = await checkTypes(config, signal).then(
      () => undefined,
      (cause: unknown) => cause,
    )
    if (!signal.aborted) this.#reporter.checked(error)
  }
}

/** Something has been saved as it was, or is read by the build alone. */
function isSame(version: DevVersion, last: DevVersion): boolean {
  const isSameTarget = version.target.base.identity === last.target.base.identity
  return version.changed?.length === 0 && version.config === last.config && isSameTarget
}

/** Where a project is that has no configuration yet, as there is something wrong with it. */
function likelyProject({ entry, cwd }: DevelopOptions): string {
  const file = (entry[0] ?? '').replace(/^\w+=/, '')
  const directory = path.dirname(path.resolve(cwd, file))
  return nearestPackageDir(directory) ?? directory
}
