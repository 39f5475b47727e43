import { parseArguments, type OptionTable } from '../arguments.ts'
import type { Command } from '../command.ts'
import { displayPath, paintFor, renderDiagnostic } from '../render.ts'

const options = {
  config: { type: 'string', value: 'file', brief: 'Configuration file (default: ingot.config.ts)' },
  json: { type: 'boolean', brief: 'Print one JSON document' },
} as const satisfies OptionTable

export const typesCommand: Command = {
  usage: '[entry]... [options]',
  options,
  async run(argv, host) {
    const { values, positionals } = parseArguments(argv, options)
    const { json = false, ...flags } = values
    const given = { ...flags, ...(positionals.length > 0 && { entry: positionals }), cwd: host.cwd }
    const written = await host.writeTypes(given)
    if (json) {
      host.stdout.write(`${JSON.stringify(written, undefined, 2)}\n`)
      return 0
    }
    const paint = paintFor(host.stderr, host.env)
    for (const diagnostic of written.diagnostics)
      host.stderr.write(renderDiagnostic(diagnostic, host.cwd, paint))
    host.stdout.write(`${displayPath(written.file, host.cwd)}  ${written.variables.join(', ')}\n`)
    return 0
  },
}
