import path from 'node:path'

import { BuildError } from '../../base/diagnostics.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import type { Command } from '../command.ts'
import { renderDiff } from '../render-diff.ts'
import { paintFor } from '../render.ts'

const options = {
  'exit-code': { type: 'boolean', brief: 'End with 1 if they differ' },
  json: { type: 'boolean', brief: 'Print one JSON document' },
} as const satisfies OptionTable

export const diffCommand: Command = {
  usage: '<executable> <executable> [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const { json = false, 'exit-code': isExitCode = false } = values
    const [before, after, ...more] = positionals.map((file) => path.resolve(host.cwd, file))
    if (before === undefined || after === undefined || more.length > 0) {
      throw new BuildError('CLI_ARGUMENT', 'two files are compared', {
        help: 'ingot diff <executable> <executable>',
      })
    }
    const differences = await host.diff(before, after)
    host.stdout.write(
      json
        ? `${JSON.stringify(differences, undefined, 2)}\n`
        : renderDiff(differences, paintFor(host.stdout, host.env)),
    )
    return isExitCode && !differences.isSame ? 1 : 0
  },
}
