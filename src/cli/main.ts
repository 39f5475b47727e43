// The command line. bin/ingot.mjs calls `start`; tests call `main` with a host of their own.

import { BuildError } from '../base/diagnostics.ts'
import { nearest } from '../base/nearest.ts'
import { commands } from './command.ts'
import { processHost, type Host } from './host.ts'

export async function start(version: string): Promise<void> {
  const host = processHost(version)
  // What escapes a command's own promise, from a library's callback say, is reported like the rest.
  process.on('uncaughtException', async (error) => process.exit(await fail(error, [], host)))
  process.exitCode = await main(process.argv.slice(2), host)
}

/** Runs one command line and gives its exit code. */
export async function main(argv: readonly string[], host: Host): Promise<number> {
  try {
    return await dispatch(argv, host)
  } catch (error) {
    return await fail(error, argv, host)
  }
}

async function dispatch([name = 'help', ...rest]: readonly string[], host: Host): Promise<number> {
  if (name === '--version' || name === '-v') {
    host.stdout.write(`${host.version}\n`)
    return 0
  }
  if (name === 'help' || name === '--help' || name === '-h') return help(rest[0], host)
  const command = await commandNamed(name).load()
  const own = command.ownArguments?.(rest) ?? rest
  const wantsHelp = own.some((argument) => argument === '--help' || argument === '-h')
  return wantsHelp ? help(name, host) : command.run(rest, host)
}

function commandNamed(name: string) {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry !== undefined) return entry
  const kind = name.startsWith('-') ? 'option' : 'command'
  const meant = nearest(name, [...Object.keys(commands), 'help'])
  throw new BuildError(`CLI_UNKNOWN_${kind.toUpperCase()}`, `unknown ${kind} ${name}`, {
    help:
      meant === undefined
        ? `To build a program, write "ingot build ${name}".`
        : `Did you mean "ingot ${meant}"?`,
  })
}

async function help(name: string | undefined, host: Host): Promise<number> {
  const { commandHelp, generalHelp } = await import('./help.ts')
  const text = name === undefined ? generalHelp(commands) : commandHelp(name, await commandNamed(name).load())
  host.stdout.write(text)
  return 0
}

/** For errors outside a command's own report: --json counts even where the options were not parsed. */
async function fail(error: unknown, argv: readonly string[], host: Host): Promise<number> {
  const { createReporter } = await import('./reporter.ts')
  return createReporter(argv.includes('--json') ? 'json' : 'plain', host).failed(error)
}
