import { parseArguments, type OptionTable } from '../arguments.ts'
import type { Command } from '../command.ts'
import { executableIn } from '../executable-argument.ts'
import { renderNotices } from '../render-inspection.ts'

const options = {
  json: { type: 'boolean', brief: 'Print one JSON document' },
} as const satisfies OptionTable

export const licensesCommand: Command = {
  usage: '<executable> [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const notices = await host.notices(executableIn(positionals, host))
    host.stdout.write(values.json ? `${JSON.stringify(notices, undefined, 2)}\n` : renderNotices(notices))
    return 0
  },
}
