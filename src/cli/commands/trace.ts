import { constants } from 'node:os'

import { BuildError } from '../../base/diagnostics.ts'
import type { TraceOptions, TraceResult } from '../../trace-run.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import { fileOptions, toBuildOptions } from '../build-options.ts'
import type { Command } from '../command.ts'
import type { Host } from '../host.ts'
import { splitProgramArguments } from '../program-arguments.ts'
import { paintFor, renderDiagnostic } from '../render.ts'
import { renderTrace } from '../render-trace.ts'
import { createReporter, reporterKind } from '../reporter.ts'

const { check: _check, ...shared } = fileOptions

const options = {
  ...shared,
  out: {
    type: 'string',
    short: 'o',
    value: 'file',
    brief: 'Where to write what was used (default: ingot.trace.json in the project)',
  },
  add: { type: 'boolean', brief: 'Keep what the file has already: one run seldom shows everything' },
  json: { type: 'boolean', brief: 'Print the report as one line of JSON, the last on standard error' },
} as const satisfies OptionTable

export const traceCommand: Command = {
  usage: '[options] [--] <entry> [arguments of the program]...',
  options,
  ownArguments: (argv) => splitProgramArguments(argv, options).build,
  async run(argv, host) {
    const { build, program } = splitProgramArguments(argv, options)
    const { values, positionals } = parseArguments(build, options)
    const { out, add = false, json = false, ...flags } = values
    // Standard output is the program's.
    const reporter = createReporter(reporterKind({ json, quiet: false }, host), {
      ...host,
      stdout: host.stderr,
    })
    try {
      if (positionals.length === 0) {
        throw new BuildError('CLI_ARGUMENT', 'nothing to run', { help: 'ingot trace <entry> [arguments]' })
      }
      const result = await trace(host, json, {
        ...toBuildOptions(flags),
        entry: positionals,
        cwd: host.cwd,
        args: program,
        isAdding: add,
        ...(out !== undefined && { traceOut: out }),
      })
      return exitCodeOf(result)
    } catch (error) {
      return reporter.failed(error)
    }
  },
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The program has the signals, and its trace is written whatever it makes of them; the second time it has to end. */
async function trace(host: Host, json: boolean, options: TraceOptions): Promise<TraceResult> {
  const { stderr, cwd, env } = host
  const paint = paintFor(stderr, env)
  let kill: ((signal: NodeJS.Signals) => void) | undefined
  let heard = 0
  const onSignal = (name: NodeJS.Signals): void => {
    // Before there is a program, it ends us.
    if (!kill) process.exit(128 + constants.signals[name])
    const hasIt = name === 'SIGINT' && process.stdin.isTTY
    if (++heard > 1) kill('SIGKILL')
    else if (!hasIt) kill(name)
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  try {
    const result = await host.trace(options, {
      built: (diagnostics) => {
        if (!json)
          for (const diagnostic of diagnostics) stderr.write(renderDiagnostic(diagnostic, cwd, paint))
      },
      started: (tell) => (kill = tell),
    })
    stderr.write(json ? `${JSON.stringify(result)}\n` : renderTrace(result, cwd, paint))
    return result
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal)
  }
}

/** The program's own, as a shell gives it. */
function exitCodeOf({ ending: { code, signal } }: TraceResult): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}
