import { BuildError } from '../../base/diagnostics.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import type { Command } from '../command.ts'
import { parseFuses } from '../parse-fuses.ts'
import { renderFuses } from '../render-fuses.ts'

const options = {
  key: { type: 'string', value: 'file', brief: 'Sign the changed file: PEM of an Ed25519 private key' },
  json: { type: 'boolean', brief: 'Print one JSON document' },
} as const satisfies OptionTable

export const fuseCommand: Command = {
  usage: '<file> [name=on | name=off]... [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const { json = false, key } = values
    const [file, ...words] = positionals
    if (file === undefined) {
      throw new BuildError('CLI_ARGUMENT', 'no executable is named', {
        help: 'Write ingot fuse <file>, or ingot fuse <file> runAsNode=on.',
      })
    }
    const result = await host.changeFuses(file, parseFuses(words), key)
    host.stdout.write(json ? `${JSON.stringify(result, undefined, 2)}\n` : renderFuses(result))
    return 0
  },
}
