// `ingot trace`: one run of a program as `ingot dev` would run it, but without a channel, so that nothing of Ingot is in
// its process; what it uses is written down and compared with what a build believes.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

import type { BuildOptions } from './base/build-result.ts'
import type { Diagnostic } from './base/diagnostics.ts'
import { formatTrace, mergeTraces, type TraceFile } from './base/trace-file.ts'
import { locateTrace } from './config/resolve-config.ts'
import { readTraceFile } from './config/trace-file.ts'
import type { UserContract } from './config/config.ts'
import { compareTrace } from './dev/compare-trace.ts'
import { IncrementalBuild, type DevVersion } from './dev/incremental-build.ts'
import { beyondContract, proposeContract } from './dev/propose-contract.ts'
import { recordedTrace } from './dev/recorded-trace.ts'
import { readReports, Session, storeProgram } from './dev/session.ts'
import type { TouchReport } from './format/touches.ts'
import { writeText } from './output/write-text.ts'
import { cacheRoot } from './runtimes/cache-root.ts'

export type { TraceFile }

export interface TraceOptions extends BuildOptions {
  readonly cwd: string
  /** What process.argv.slice(2) is to be. */
  readonly args: readonly string[]
  /** Where to write it, instead of beside the project's package.json. */
  readonly traceOut?: string
  /** What the file has already stays in it. */
  readonly isAdding: boolean
}

export interface TraceResult {
  readonly ending: { readonly code: number | null; readonly signal: NodeJS.Signals | null }
  /** Absolute path of what was written. */
  readonly file: string
  readonly trace: TraceFile
  /** What a build does not know, or should. */
  readonly findings: readonly Diagnostic[]
  /** One that allows what the program did, if it has none. */
  readonly contract?: UserContract
}

export interface TraceHooks {
  /** Of the build, before the program begins. */
  built(diagnostics: readonly Diagnostic[]): void
  /** Once it runs: how to tell it something. */
  started(kill: (signal: NodeJS.Signals) => void): void
}

/** @param version Ingot's own */
export async function traceRun(
  options: TraceOptions,
  version: string,
  hooks: TraceHooks,
): Promise<TraceResult> {
  const cache = cacheRoot(process.env)
  const { traceOut, isAdding, args: _args, ...build } = options
  const { cwd } = options
  const file = traceOut === undefined ? await locateTrace(build, { cwd }) : path.resolve(cwd, traceOut)
  // Before the program runs: afterwards it would be too late to say that it is damaged.
  const before = isAdding && existsSync(file) ? readTraceFile(file) : undefined
  // Else as a build without a trace sees it: what an older one has settled would not be found again.
  const builder = new IncrementalBuild({ ...build, trace: before ? file : false }, { version, cache })
  const built = await builder.build()
  hooks.built(built.diagnostics)

  const { ending, reports } = await runRecorded(built, options, cache, hooks)
  const { projectDir } = built.config
  const { root } = built.graph
  const seen = recordedTrace(reports, { root, projectDir })
  const trace = before ? mergeTraces(before, seen) : seen
  writeText(file, formatTrace(trace), 'trace')
  const findings = compareTrace(trace, {
    projectDir,
    include: built.config.include,
    embedded: built.graph.kept.map((kept) => kept.file),
    hasFailed: ending.code !== 0,
    diagnostics: built.graph.diagnostics,
  })
  const { contract } = built.config
  if (!contract) return { ending, file, trace, findings, contract: proposeContract(trace, { projectDir }) }
  const beyond = beyondContract(trace, contract.contract, { projectDir, env: process.env, cwd })
  return { ending, file, trace, findings: [...findings, ...beyond] }
}

async function runRecorded(
  { config, target, payload, graph }: DevVersion,
  { args, cwd }: TraceOptions,
  cache: string,
  hooks: TraceHooks,
): Promise<{ ending: TraceResult['ending']; reports: TouchReport[] }> {
  const session = new Session(cache)
  try {
    await session.link(target.base, config.fuses, payload.size)
    const executable = session.place(config.entries[0]!.name, undefined)
    const { external } = config
    storeProgram(executable, payload.chunks, { root: graph.root, sockets: [], record: { external } })
    const child = spawn(executable, [...args], { cwd, stdio: 'inherit' })
    hooks.started((signal) => child.kill(signal))
    const { promise, resolve, reject } = Promise.withResolvers<TraceResult['ending']>()
    child.on('error', reject).on('exit', (code, signal) => resolve({ code, signal }))
    const ending = await promise
    const reports = readReports(executable).filter((report) => report.kind === 'touch')
    return { ending, reports }
  } finally {
    session.remove()
  }
}
