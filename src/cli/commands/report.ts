import { writeFileSync } from 'node:fs'
import path from 'node:path'

import { BuildError } from '../../base/diagnostics.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import type { Command } from '../command.ts'
import { executableIn } from '../executable-argument.ts'
import { displayPath } from '../render.ts'

const options = {
  out: {
    type: 'string',
    short: 'o',
    value: 'file',
    brief: 'The page (default: the executable’s name and .html)',
  },
} as const satisfies OptionTable

export const reportCommand: Command = {
  usage: '<executable> [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const executable = executableIn(positionals, host)
    const out = path.resolve(host.cwd, values.out ?? `${path.basename(executable)}.html`)
    const page = await host.report(executable)
    try {
      writeFileSync(out, page)
    } catch (error) {
      throw new BuildError(
        'OUTPUT_UNWRITABLE',
        `the report cannot be written (${(error as NodeJS.ErrnoException).code})`,
        {
          at: { file: out },
          help: 'choose another place with --out',
          cause: error,
        },
      )
    }
    host.stdout.write(`${displayPath(out, host.cwd)}\n`)
    return 0
  },
}
