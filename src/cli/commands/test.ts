import type { BuildOptions } from '../../base/build-result.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import { buildAndReport } from '../build-and-report.ts'
import { fileOptions, toBuildOptions } from '../build-options.ts'
import type { Command } from '../command.ts'
import { buildAndExecute } from '../execute.ts'
import { splitTestArguments } from '../test-arguments.ts'
import { watchTests } from '../watch-tests.ts'

const options = {
  out: { type: 'string', short: 'o', value: 'file', brief: 'Keep the executable, and do not run it' },
  watch: { type: 'boolean', short: 'w', brief: 'Run again whenever something has changed' },
  ...fileOptions,
} as const satisfies OptionTable

export const testCommand: Command = {
  usage: '[file | directory | glob]... [options] [--test-… options of node]... [-- arguments]',
  options,
  ownArguments: (argv) => splitTestArguments(argv).own,
  async run(argv, host) {
    const { own, runner, loaded } = splitTestArguments(argv)
    const { values, positionals } = parseArguments(own, options)
    const { out, watch = false, include = [], ...flags } = values
    const build: BuildOptions = {
      ...toBuildOptions(flags),
      ...(include.length + loaded.length > 0 && { include: [...include, ...loaded] }),
      tests: positionals,
      cwd: host.cwd,
    }
    if (out !== undefined) return buildAndReport(host, { ...build, out }, {})
    const words = ['test', ...own.filter((word) => !/^(?:-w|--watch)$/.test(word)), '', ...loaded]
    if (watch) return watchTests(host, words, runner, build)
    return buildAndExecute(host, words, runner, () => build)
  },
}
