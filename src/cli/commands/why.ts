import { BuildError } from '../../base/diagnostics.ts'
import type { Explanation } from '../../explain.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import type { Command } from '../command.ts'
import type { Host } from '../host.ts'
import { startDetails } from '../render-start.ts'
import { createReporter, reporterKind } from '../reporter.ts'

const options = {
  config: { type: 'string', value: 'file', brief: 'Configuration file (default: ingot.config.ts)' },
  include: { type: 'list', value: 'glob', brief: 'As for build' },
  external: { type: 'list', value: 'package', brief: 'As for build' },
  start: { type: 'boolean', brief: 'Explain how the program starts: what is frozen, where, and its guards' },
  json: { type: 'boolean', brief: 'Print one JSON document' },
} as const satisfies OptionTable

/** A package of a thousand files is explained by some of them. */
const SHOWN = 10

export const whyCommand: Command = {
  usage: '<file | package> [entry]... [options]\n       ingot why --start [entry]... [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const { json = false, start = false, ...flags } = values
    const subject = start ? undefined : positionals[0]
    const entries = start ? positionals : positionals.slice(1)
    const reporter = createReporter(reporterKind({ json, quiet: false }, host), host)
    const given = { ...flags, ...(entries.length > 0 && { entry: entries }), cwd: host.cwd }
    try {
      if (start) {
        const result = await host.explainStart(given)
        host.stdout.write(json ? `${JSON.stringify(result, undefined, 2)}\n` : startDetails(result))
        return 0
      }
      if (subject === undefined) {
        throw new BuildError('CLI_ARGUMENT', 'nothing to explain', {
          help: 'ingot why <file | package>, or ingot why --start',
        })
      }
      const found = await host.explain(subject, given)
      if (json) host.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`)
      else print(subject, found, host)
      return found.length > 0 ? 0 : 1
    } catch (error) {
      return reporter.failed(error)
    }
  },
}

function print(subject: string, found: readonly Explanation[], { stdout }: Host): void {
  if (found.length === 0) {
    stdout.write(
      `${subject} is not in the executable: nothing refers to it\n  help: embed it with --include, or import it\n`,
    )
    return
  }
  for (const { path, state, because, chain } of found.slice(0, SHOWN)) {
    stdout.write(`${path}\n  ${state}: it ${because}\n`)
    for (const step of chain) stdout.write(`    ${step.path} (${step.because})\n`)
  }
  if (found.length > SHOWN) stdout.write(`and ${found.length - SHOWN} more files\n`)
}
