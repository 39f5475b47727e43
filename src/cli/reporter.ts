// Five ways to tell one story. People read stderr while it happens and the summary on stdout;
// machines read one JSON document on stdout.

import type { BuildResult, StageEvent } from '../base/build-result.ts'
import type { TargetOutcome } from '../build-each.ts'
import { unreachable } from '../base/diagnostics.ts'
import { failureOf } from './failure.ts'
import type { Host } from './host.ts'
import { createStageLines } from './live.ts'
import { paintFor, renderDiagnostic, renderFailure, renderSummary } from './render.ts'

/** All but the first end the report and give the exit code. */
export interface Reporter {
  stage(event: StageEvent): void
  succeeded(result: BuildResult): number
  failed(error: unknown): number
  /** Of builds for one target or several; the exit code is that of the first that failed. */
  ended(outcomes: readonly TargetOutcome[]): number
}

/** `brief`: warnings, errors, and what is being done; nothing of it stays, as a program will follow. */
type ReporterKind = 'live' | 'plain' | 'brief' | 'json' | 'quiet'

export function reporterKind(
  { json, quiet }: { json: boolean; quiet: boolean },
  { stderr, env }: Host,
): ReporterKind {
  if (json) return 'json'
  if (quiet) return 'quiet'
  return stderr.isTTY === true && env.TERM !== 'dumb' ? 'live' : 'plain'
}

export function createReporter(kind: ReporterKind, host: Host): Reporter {
  if (kind === 'json') return jsonReporter(host)
  const reporter = textReporter(kind, host)
  return { ...reporter, ended: (outcomes) => reportEach(outcomes, reporter) }
}

type TextReporter = Omit<Reporter, 'ended'>

function textReporter(kind: Exclude<ReporterKind, 'json'>, host: Host): TextReporter {
  switch (kind) {
    case 'quiet':
      return { ...plainReporter(host), succeeded: () => 0 }
    case 'brief':
      return host.stderr.isTTY === true && host.env.TERM !== 'dumb'
        ? withStageLines(host, briefReporter(host), { keepsFinished: false })
        : briefReporter(host)
    case 'plain':
      return plainReporter(host)
    case 'live':
      return withStageLines(host, plainReporter(host))
    default:
      return unreachable(kind)
  }
}

function reportEach(
  outcomes: readonly TargetOutcome[],
  { succeeded, failed }: Pick<Reporter, 'succeeded' | 'failed'>,
): number {
  const codes = outcomes.map((outcome) =>
    'error' in outcome ? failed(outcome.error) : succeeded(outcome.result),
  )
  return codes.find((code) => code !== 0) ?? 0
}

function plainReporter(host: Host): TextReporter {
  const { stdout, env, cwd } = host
  const brief = briefReporter(host)
  return {
    ...brief,
    succeeded(result) {
      brief.succeeded(result)
      stdout.write(renderSummary(result, cwd, paintFor(stdout, env)))
      return 0
    },
  }
}

function briefReporter({ stderr, env, cwd }: Host): TextReporter {
  const paint = paintFor(stderr, env)
  return {
    stage() {},
    succeeded(result) {
      for (const diagnostic of result.diagnostics) stderr.write(renderDiagnostic(diagnostic, cwd, paint))
      return 0
    },
    failed(error) {
      const failure = failureOf(error, env)
      stderr.write(renderFailure(failure, cwd, paint))
      return failure.exitCode
    },
  }
}

function withStageLines(host: Host, reporter: TextReporter, kept?: { keepsFinished: boolean }): TextReporter {
  const lines = createStageLines(host.stderr, paintFor(host.stderr, host.env), kept)
  return {
    stage: (event) => lines.update(event),
    succeeded(result) {
      lines.close('done')
      return reporter.succeeded(result)
    },
    failed(error) {
      lines.close('failed')
      return reporter.failed(error)
    },
  }
}

/** One document, whatever there is to report. */
function jsonReporter({ stdout, env }: Host): Reporter {
  const print = (document: unknown): unknown => stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  const reporter = {
    stage() {},
    succeeded(result: BuildResult) {
      print(result)
      return 0
    },
    failed(error: unknown) {
      const { exitCode, ...failure } = failureOf(error, env)
      print({ error: failure })
      return exitCode
    },
  }
  return {
    ...reporter,
    ended(outcomes) {
      if (outcomes.length === 1) return reportEach(outcomes, reporter)
      const builds: object[] = []
      const code = reportEach(outcomes, {
        succeeded: (result) => (builds.push(result), 0),
        failed(error) {
          const { exitCode, ...failure } = failureOf(error, env)
          builds.push({ target: outcomes[builds.length]!.target, error: failure })
          return exitCode
        },
      })
      print({ builds })
      return code
    },
  }
}
