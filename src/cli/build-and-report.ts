// A build whose result is the file: what `ingot build` does, and `ingot test -o`.

import type { BuildOptions } from '../base/build-result.ts'
import type { Host } from './host.ts'
import { watchInterrupts } from './interrupt.ts'
import { createReporter, reporterKind } from './reporter.ts'

interface ReportOptions {
  readonly json?: boolean
  readonly quiet?: boolean
  /** By a second build. */
  readonly isVerified?: boolean
  /** Even if it is up to date. */
  readonly isForced?: boolean
}

/** @returns the exit code */
export async function buildAndReport(
  host: Host,
  options: BuildOptions,
  { json = false, quiet = false, isVerified = false, isForced = false }: ReportOptions,
): Promise<number> {
  const reporter = createReporter(reporterKind({ json, quiet }, host), host)
  const interrupt = watchInterrupts()
  const build = isVerified ? host.buildReproducibly : (asked: BuildOptions) => host.build(asked, isForced)
  const listening = { cwd: host.cwd, signal: interrupt.signal, onStage: reporter.stage.bind(reporter) }
  const exitCode = await build({ ...options, ...listening })
    // Whatever a stage makes of the abort, the reason is the signal.
    .then(
      (outcomes) =>
        interrupt.signal.aborted ? reporter.failed(interrupt.signal.reason) : reporter.ended(outcomes),
      (error) => reporter.failed(interrupt.signal.aborted ? interrupt.signal.reason : error),
    )
  interrupt.release()
  // Even if the build was done by then: a script must not go on after Ctrl-C.
  return interrupt.exitCode() ?? exitCode
}
