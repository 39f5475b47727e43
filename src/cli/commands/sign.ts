import path from 'node:path'

import { BuildError } from '../../base/diagnostics.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import type { Command } from '../command.ts'
import { executableIn } from '../executable-argument.ts'
import { renderVerification } from '../render-verification.ts'

const options = {
  key: { type: 'string', value: 'file', brief: 'PEM of an Ed25519 private key' },
} as const satisfies OptionTable

export const signCommand: Command = {
  usage: '<file> --key <file>',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const file = executableIn(positionals, host)
    if (values.key === undefined) {
      throw new BuildError('CLI_MISSING_OPTION', 'sign needs a key', {
        help: 'Write "ingot sign <file> --key key.pem"; openssl genpkey -algorithm ed25519 -out key.pem makes one.',
      })
    }
    host.stdout.write(renderVerification(await host.sign(file, path.resolve(host.cwd, values.key))))
    return 0
  },
}
