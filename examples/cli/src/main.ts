// units: converts lengths. Subcommands, a table in JSON and a help text, all of them modules.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import help from './help.txt' with { type: 'text' }
import table from './units.json' with { type: 'json' }

class UsageError extends Error {}

const metres: Readonly<Record<string, number>> = table.metres

const commands: Readonly<Record<string, (args: string[]) => Promise<void> | void>> = {
  help: () => void process.stdout.write(help),
  list: () => console.table(table.metres),
  convert,
  // Loaded only when it is asked for.
  sum: async () => (await import('./sum.ts')).printSum(readFileSync(0, 'utf8'), factorOf),
}

function convert(args: string[]): void {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { to: { type: 'string', default: table.default } },
  })
  const [amount = '', unit = ''] = positionals
  if (!Number.isFinite(Number.parseFloat(amount))) throw new UsageError(`not a number: ${amount}`)
  console.log(`${(Number(amount) * factorOf(unit)) / factorOf(values.to)} ${values.to}`)
}

function factorOf(unit: string): number {
  const factor = metres[unit]
  if (factor === undefined) throw new UsageError(`unknown unit: ${unit}`)
  return factor
}

const [name = 'help', ...rest] = process.argv.slice(2)
try {
  const command = commands[name]
  if (command === undefined) throw new UsageError(`unknown command: ${name}`)
  await command(rest)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`units: ${error.message}`)
  process.exitCode = 2
}
