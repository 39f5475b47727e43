import { parseArguments, type OptionTable } from '../arguments.ts'
import { buildAndReport } from '../build-and-report.ts'
import { buildOptions, toBuildOptions } from '../build-options.ts'
import type { Command } from '../command.ts'

const options = {
  out: {
    type: 'string',
    short: 'o',
    value: 'file',
    brief: 'The executable (default: the name of the package)',
  },
  ...buildOptions,
  'verify-reproducible': {
    type: 'boolean',
    brief: 'Build a second time, in another place and environment, and compare',
  },
  json: { type: 'boolean', brief: 'Print one JSON document' },
  quiet: { type: 'boolean', short: 'q', brief: 'Print errors only' },
} as const satisfies OptionTable

export const buildCommand: Command = {
  usage: '[entry | name=entry]... [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const { json = false, quiet = false, out, 'verify-reproducible': isVerified = false, ...flags } = values
    const build = {
      ...toBuildOptions(flags),
      ...(out !== undefined && { out }),
      ...(positionals.length > 0 && { entry: positionals }),
    }
    return buildAndReport(host, build, { json, quiet, isVerified })
  },
}
