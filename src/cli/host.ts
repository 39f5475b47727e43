// All that a command sees of the process it runs in, so that a test can run one without a process.

import type { BuildOptions, BuildResult, StartResult } from '../base/build-result.ts'
import type { TargetOutcome } from '../build-each.ts'
import type { DeployOptions, DeploymentFile } from '../deploy.ts'
import type { DevelopmentLoop, DevelopOptions, DevelopReporter } from '../develop.ts'
import type { Check } from '../doctor.ts'
import type { Explanation } from '../explain.ts'
import type { Verification } from '../verify.ts'
import type { Differences, Inspection, Notice, SbomFormat } from '../inspect.ts'
import type { FuseSettings } from '../format/fuses.ts'
import type { ImageOptions, ImageResult } from '../base/image-result.ts'
import type { FuseResult } from '../fuse.ts'
import type { TraceHooks, TraceOptions, TraceResult } from '../trace-run.ts'
import type { WrittenTypes } from '../types.ts'

export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface Host {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Output
  readonly stderr: Output
  readonly version: string
  /** What is up to date is left as it is, unless that is forced. */
  readonly build: (options: BuildOptions, isForced?: boolean) => Promise<TargetOutcome[]>
  /** The same, and compares what a second build gives. */
  readonly buildReproducibly: (options: BuildOptions) => Promise<TargetOutcome[]>
  /** The executable of a command line in the cache; undefined if it has to be built. */
  readonly findProgram: (words: readonly string[]) => Promise<string | undefined>
  readonly buildProgram: (words: readonly string[], options: BuildOptions) => Promise<BuildResult>
  /** Makes this process another one. Comes back only with an error. */
  readonly execute: (file: string, args: readonly string[]) => void
  /** Runs a program with our standard streams until it ends, or is to end. */
  readonly spawn: (file: string, args: readonly string[], stop: AbortSignal) => Promise<void>
  /** Waits for a change below the working directory; with words, for one that makes their program another. */
  readonly untilChanged: (words: readonly string[] | undefined, signal: AbortSignal) => Promise<void>
  readonly develop: (options: DevelopOptions, reporter: DevelopReporter) => Promise<DevelopmentLoop>
  readonly trace: (options: TraceOptions, hooks: TraceHooks) => Promise<TraceResult>
  readonly examine: (options: BuildOptions) => Promise<Check[]>
  readonly changeFuses: (file: string, settings: Partial<FuseSettings>, key?: string) => Promise<FuseResult>
  readonly explain: (subject: string, options: BuildOptions) => Promise<Explanation[]>
  readonly verify: (file: string, options: { key?: string | undefined }) => Promise<Verification>
  readonly sign: (file: string, key: string) => Promise<Verification>
  readonly report: (file: string, out: string) => Promise<void>
  /** @param file undefined: what a build of the working directory makes */
  readonly deploy: (file: string | undefined, options: DeployOptions) => Promise<DeploymentFile>
  readonly writeDeployment: (file: string, text: string) => Promise<void>
  readonly diff: (before: string, after: string) => Promise<Differences>
  readonly explainStart: (options: BuildOptions) => Promise<StartResult>
  readonly image: (options: ImageOptions) => Promise<ImageResult>
  /** Whether these are executables, and not entries of what is to be built. */
  readonly areExecutables: (files: readonly string[]) => Promise<boolean>
  readonly inspect: (file: string) => Promise<Inspection>
  readonly sbom: (file: string, format: SbomFormat, created: Date) => Promise<string>
  readonly notices: (file: string) => Promise<Notice[]>
  readonly writeTypes: (options: BuildOptions) => Promise<WrittenTypes>
}

/** The real one. The pipeline is loaded by the first build: `ingot --version` does without. */
export function processHost(version: string): Host {
  // `ingot help | head -1` closes the pipe early, which is no reason for a stack trace.
  process.stdout.on('error', () => {})
  return {
    cwd: process.cwd(),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    version,
    findProgram: async (words) => {
      const { findProgram, programKey } = await import('../known-program.ts')
      return findProgram(programKey(words, process.cwd()), process.env)
    },
    buildProgram: async (words, options) => {
      const [{ programKey }, { buildProgram }] = await Promise.all([
        import('../known-program.ts'),
        import('../program-cache.ts'),
      ])
      return buildProgram(programKey(words, process.cwd()), options, process.env)
    },
    execute: (file, args) => process.execve!(file, [file, ...args]),
    spawn: async (file, args, stop) => {
      const { spawn } = await import('node:child_process')
      const child = spawn(file, args, { stdio: 'inherit' })
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      child.once('error', reject).once('exit', () => resolve())
      stop.addEventListener('abort', () => child.kill(), { once: true })
      return promise
    },
    untilChanged: async (words, signal) => {
      const [{ findProgram, programKey }, { untilChanged }] = await Promise.all([
        import('../known-program.ts'),
        import('../watch-sources.ts'),
      ])
      const key = words && programKey(words, process.cwd())
      const hasChanged = key === undefined ? undefined : () => findProgram(key, process.env) === undefined
      return untilChanged(process.cwd(), hasChanged, signal)
    },
    build: async (options, isForced) =>
      (await import('../up-to-date.ts')).buildUnlessUpToDate(options, process.env, isForced),
    verify: async (file, options) => (await import('../verify.ts')).verify(file, options),
    sign: async (file, key) => (await import('../verify.ts')).sign(file, key),
    buildReproducibly: async (options) =>
      (await import('../verify-reproducible.ts')).buildTargetsReproducibly(options),
    explainStart: async (options) => (await import('../explain.ts')).explainStart(options),
    develop: async (options, reporter) =>
      new (await import('../develop.ts')).DevelopmentLoop(options, version, reporter),
    trace: async (options, hooks) => (await import('../trace-run.ts')).traceRun(options, version, hooks),
    examine: async (options) => (await import('../doctor.ts')).examine(options),
    report: async (file, out) => (await import('../report.ts')).writeReport(file, out),
    deploy: async (file, options) => {
      const { builtFile, deploymentOf } = await import('../deploy.ts')
      return deploymentOf(file ?? (await builtFile(process.cwd())), options)
    },
    writeDeployment: async (file, text) => (await import('../deploy.ts')).writeDeployment(file, text),
    diff: async (before, after) => (await import('../inspect.ts')).compareExecutables(before, after),
    image: async (options) => (await import('../container-image.ts')).image(options),
    areExecutables: async (files) =>
      (await import('../container-image.ts')).areExecutables(files, process.cwd()),
    inspect: async (file) => (await import('../inspect.ts')).inspect(file),
    sbom: async (file, format, created) => (await import('../inspect.ts')).sbomOf(file, format, created),
    notices: async (file) => (await import('../inspect.ts')).noticesOf(file),
    changeFuses: async (file, settings, key) => (await import('../fuse.ts')).changeFuses(file, settings, key),
    explain: async (subject, options) => (await import('../explain.ts')).explain(subject, options),
    writeTypes: async (options) => (await import('../types.ts')).writeTypes(options),
  }
}
