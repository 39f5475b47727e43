import { parseArguments, type OptionTable } from '../arguments.ts'
import { buildAndReport } from '../build-and-report.ts'
import { buildOptions, targetOption, toBuildOptions } from '../build-options.ts'
import type { Command } from '../command.ts'

const options = {
  out: {
    type: 'string',
    short: 'o',
    value: 'file',
    brief: 'The executable (default: the name of the package)',
  },
  ...buildOptions,
  ...targetOption,
  sign: { type: 'string', value: 'file', brief: 'Sign it: PEM of an Ed25519 private key' },
  'verify-reproducible': {
    type: 'boolean',
    brief: 'Build a second time, in another place and environment, and compare',
  },
  force: { type: 'boolean', brief: 'Build even if the executable is up to date' },
  json: { type: 'boolean', brief: 'Print one JSON document' },
  quiet: { type: 'boolean', short: 'q', brief: 'Print errors only' },
} as const satisfies OptionTable

export const buildCommand: Command = {
  usage: '[entry | name=entry]... [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const {
      json = false,
      quiet = false,
      out,
      sign,
      'verify-reproducible': isVerified = false,
      force: isForced = false,
      ...flags
    } = values
    const build = {
      ...toBuildOptions(flags),
      ...(out !== undefined && { out }),
      ...(sign !== undefined && { sign }),
      ...(positionals.length > 0 && { entry: positionals }),
    }
    return buildAndReport(host, build, { json, quiet, isVerified, isForced })
  },
}
