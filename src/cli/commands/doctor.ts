import { renderCheck } from '../render-check.ts'
import { parseArguments, type OptionTable } from '../arguments.ts'
import type { Command } from '../command.ts'
import { paintFor } from '../render.ts'

const options = {
  config: { type: 'string', value: 'file', brief: 'Configuration file (default: ingot.config.ts)' },
  runtime: { type: 'string', value: 'runtime', brief: 'As for build' },
  json: { type: 'boolean', brief: 'Print one JSON document' },
} as const satisfies OptionTable

export const doctorCommand: Command = {
  usage: '[entry]... [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const { json = false, ...flags } = values
    const checks = await host.examine({
      ...flags,
      ...(positionals.length > 0 && { entry: positionals }),
      cwd: host.cwd,
    })
    const broken = checks.filter(({ status }) => status === 'broken').length
    const warnings = checks.filter(({ status }) => status === 'warning').length
    if (json) {
      host.stdout.write(`${JSON.stringify({ isSound: broken === 0, checks }, undefined, 2)}\n`)
    } else {
      const paint = paintFor(host.stdout, host.env)
      for (const check of checks) host.stdout.write(renderCheck(check, host.cwd, paint))
      host.stdout.write(`${checks.length} checks, ${broken} broken, ${warnings} with a warning\n`)
    }
    return broken > 0 ? 1 : 0
  },
}
