import { BuildError } from '../../base/diagnostics.ts'
import type { InspectorPlace } from '../../develop.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import { fileOptions, toBuildOptions } from '../build-options.ts'
import type { Command } from '../command.ts'
import { develop } from '../develop.ts'
import { splitProgramArguments } from '../program-arguments.ts'

const options = {
  ...fileOptions,
  inspect: { type: 'boolean', brief: 'Let a debugger attach' },
  'inspect-wait': { type: 'boolean', brief: 'The same, and wait for it before the program begins' },
  'inspect-port': { type: 'string', value: '[host:]port', brief: 'Where (default: 127.0.0.1:9229)' },
} as const satisfies OptionTable

export const devCommand: Command = {
  usage: '[options] <entry> [arguments of the program]...',
  options,
  ownArguments: (argv) => splitProgramArguments(argv, options).build,
  async run(argv, host) {
    const { build, program } = splitProgramArguments(argv, options)
    const { values, positionals } = parseArguments(build, options)
    if (positionals.length === 0) {
      throw new BuildError('CLI_ARGUMENT', 'nothing to run', { help: 'ingot dev <entry> [arguments]' })
    }
    const { inspect = false, 'inspect-wait': wait = false, 'inspect-port': place, ...flags } = values
    const inspector = inspectorPlace(place, wait)
    return develop(
      host,
      {
        ...toBuildOptions(flags),
        entry: positionals,
        cwd: host.cwd,
        args: program,
        ...((inspect || wait || place !== undefined) && { inspector }),
      },
      inspector,
    )
  },
}

function inspectorPlace(text = '', wait: boolean): InspectorPlace {
  const [, host = '127.0.0.1', port = '9229'] = /^(?:(.+):)?(\d{1,5})?$/.exec(text) ?? []
  if (Number(port) < 2 ** 16 && (text === '' || text.endsWith(port)))
    return { host, port: Number(port), wait }
  throw new BuildError('CLI_OPTION_VALUE', `--inspect-port takes a port, or host:port, not "${text}"`)
}
