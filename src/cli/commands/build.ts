import { parseArguments, type OptionTable } from '../arguments.ts'
import { buildOptions, toBuildOptions } from '../build-options.ts'
import type { Command } from '../command.ts'
import { watchInterrupts } from '../interrupt.ts'
import { createReporter, reporterKind } from '../reporter.ts'

const options = {
  out: {
    type: 'string',
    short: 'o',
    value: 'file',
    brief: 'The executable (default: the name of the package)',
  },
  ...buildOptions,
  json: { type: 'boolean', brief: 'Print one JSON document' },
  quiet: { type: 'boolean', short: 'q', brief: 'Print errors only' },
} as const satisfies OptionTable

export const buildCommand: Command = {
  usage: '[entry | name=entry]... [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const { json = false, quiet = false, out, ...flags } = values
    const reporter = createReporter(reporterKind({ json, quiet }, host), host)
    const interrupt = watchInterrupts()
    const exitCode = await host
      .build({
        ...toBuildOptions(flags),
        ...(out !== undefined && { out }),
        ...(positionals.length > 0 && { entry: positionals }),
        cwd: host.cwd,
        signal: interrupt.signal,
        onStage: (event) => reporter.stage(event),
      })
      // Whatever a stage makes of the abort, the reason is the signal.
      .then(
        (result) => reporter.succeeded(result),
        (error) => reporter.failed(interrupt.signal.aborted ? interrupt.signal.reason : error),
      )
    interrupt.release()
    // Even if the build was done by then: a script must not go on after Ctrl-C.
    return interrupt.exitCode() ?? exitCode
  },
}
