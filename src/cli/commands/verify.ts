import path from 'node:path'

import { parseArguments, type OptionTable } from '../arguments.ts'
import type { Command } from '../command.ts'
import { paintFor } from '../render.ts'
import { renderDamage, renderVerification } from '../render-verification.ts'
import { executableIn } from '../executable-argument.ts'

const options = {
  key: { type: 'string', value: 'file', brief: 'PEM of the public key that must have signed it' },
  json: { type: 'boolean', brief: 'Print one JSON document' },
} as const satisfies OptionTable

export const verifyCommand: Command = {
  usage: '<file> [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const file = executableIn(positionals, host)
    const key = values.key === undefined ? undefined : path.resolve(host.cwd, values.key)
    const result = await host.verify(file, { key })
    const paint = paintFor(host.stderr, host.env)
    const isSound = result.damage.length === 0
    if (values.json) host.stdout.write(`${JSON.stringify({ isSound, ...result }, undefined, 2)}\n`)
    else if (isSound) host.stdout.write(renderVerification(result))
    else for (const one of result.damage) host.stderr.write(renderDamage(one, { file, cwd: host.cwd, paint }))
    return isSound ? 0 : 1
  },
}
