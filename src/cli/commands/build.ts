import { BuildError } from '../../base/diagnostics.ts'
import type { StartMode } from '../../config/config.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
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
  config: { type: 'string', value: 'file', brief: 'Configuration file (default: ingot.config.ts)' },
  define: {
    type: 'pairs',
    value: 'key=value',
    brief: 'Replace an identifier by a JavaScript expression; repeatable',
  },
  include: {
    type: 'list',
    value: 'glob',
    brief: 'Embed files that tracing does not find; repeatable',
  },
  external: { type: 'list', value: 'package', brief: 'Leave a package out; repeatable' },
  bundle: { type: 'boolean', brief: 'Bundle ES modules, however few they are' },
  'no-bundle': { type: 'boolean', brief: 'Run all modules as files' },
  minify: { type: 'boolean', brief: 'Bundle, and minify the bundle' },
  sourcemap: { type: 'boolean', brief: 'Keep source maps' },
  check: { type: 'boolean', brief: 'Type-check with TypeScript first' },
  runtime: {
    type: 'string',
    value: 'runtime',
    brief: 'node@26, node@26.10.0 or the path of a node executable',
  },
  start: {
    type: 'string',
    value: 'how',
    brief: 'auto, frozen (go on from where the program was at the build) or cold',
  },
  json: { type: 'boolean', brief: 'Print one JSON document' },
  quiet: { type: 'boolean', short: 'q', brief: 'Print errors only' },
} as const satisfies OptionTable

function startMode(text: string): StartMode {
  if (text === 'auto' || text === 'frozen' || text === 'cold') return text
  throw new BuildError('CLI_OPTION_VALUE', `--start takes auto, frozen or cold, not "${text}"`)
}

export const buildCommand: Command = {
  usage: '[entry | name=entry]... [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const { json = false, quiet = false, 'no-bundle': asFiles, start, ...flags } = values
    const reporter = createReporter(reporterKind({ json, quiet }, host), host)
    const interrupt = watchInterrupts()
    const exitCode = await host
      .build({
        ...flags,
        ...(asFiles && { bundle: false }),
        ...(start !== undefined && { start: startMode(start) }),
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
