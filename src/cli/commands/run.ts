import { BuildError } from '../../base/diagnostics.ts'
import { parseArguments } from '../arguments.ts'
import { buildOptions, toBuildOptions } from '../build-options.ts'
import type { Command } from '../command.ts'
import { buildAndExecute } from '../execute.ts'
import { splitProgramArguments } from '../program-arguments.ts'

export const runCommand: Command = {
  usage: '[options] <entry> [arguments of the program]...',
  options: buildOptions,
  ownArguments: (argv) => splitProgramArguments(argv, buildOptions).build,
  async run(argv, host) {
    const { build, program } = splitProgramArguments(argv, buildOptions)
    return buildAndExecute(host, ['run', ...build], program, () => {
      const { values, positionals } = parseArguments(build, buildOptions)
      if (positionals.length === 0) {
        throw new BuildError('CLI_ARGUMENT', 'nothing to run', { help: 'ingot run <entry> [arguments]' })
      }
      return { ...toBuildOptions(values), entry: positionals }
    })
  },
}
