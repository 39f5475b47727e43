import type { OptionSpec } from './arguments.ts'
import type { Command, commands } from './command.ts'

export function generalHelp(list: typeof commands): string {
  const rows = Object.entries(list).map(([name, { brief }]) => [name, brief] as const)
  return lines([
    'Ingot turns a TypeScript program into one static executable.',
    '',
    'Usage: ingot <command> [options]',
    '',
    'Commands:',
    ...columns([...rows, ['help [command]', 'Explain a command and its options']]),
    '',
    'Options:',
    ...columns([['-v, --version', 'Print the version of Ingot']]),
  ])
}

export function commandHelp(name: string, command: Command): string {
  const options = Object.entries(command.options).map(
    ([option, spec]) => [optionLabel(option, spec), spec.brief] as const,
  )
  return lines([`Usage: ingot ${name} ${command.usage}`, '', 'Options:', ...columns(options)])
}

function optionLabel(name: string, { short, value }: OptionSpec): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}

function lines(list: readonly string[]): string {
  return `${list.join('\n')}\n`
}
