// A build whose result is the file: what `ingot build` does, and `ingot test -o`.

import type { BuildOptions } from '../base/build-result.ts'
import type { Host } from './host.ts'
import { watchInterrupts } from './interrupt.ts'
import { createReporter, reporterKind } from './reporter.ts'

/** @returns the exit code */
export async function buildAndReport(
  host: Host,
  options: BuildOptions,
  { json = false, quiet = false }: { json?: boolean; quiet?: boolean },
): Promise<number> {
  const reporter = createReporter(reporterKind({ json, quiet }, host), host)
  const interrupt = watchInterrupts()
  const exitCode = await host
    .build({ ...options, cwd: host.cwd, signal: interrupt.signal, onStage: (event) => reporter.stage(event) })
    // Whatever a stage makes of the abort, the reason is the signal.
    .then(
      (result) => reporter.succeeded(result),
      (error) => reporter.failed(interrupt.signal.aborted ? interrupt.signal.reason : error),
    )
  interrupt.release()
  // Even if the build was done by then: a script must not go on after Ctrl-C.
  return interrupt.exitCode() ?? exitCode
}
