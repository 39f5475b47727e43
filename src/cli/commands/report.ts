import path from 'node:path'

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
    await host.report(executable, out)
    host.stdout.write(`${displayPath(out, host.cwd)}\n`)
    return 0
  },
}
