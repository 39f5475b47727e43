// Command line parsing on node:util, not on @stricli/core, which was tried first. Stricli takes `--x`,
// `--out=` and a `--define=k=v` with a line break in v for entry modules (its patterns do not match
// them) and prints its errors itself, where --json needs them as data. It also costs 1 ms more.

import { parseArgs, type ParseArgsOptionDescriptor } from 'node:util'
import { BuildError } from '../base/diagnostics.ts'
import { nearest } from '../base/nearest.ts'

export interface OptionSpec {
  /** `list` may be repeated; `pairs` is a list of `key=value`. */
  readonly type: 'boolean' | 'string' | 'list' | 'pairs'
  readonly short?: string
  /** What the value is called in the help. */
  readonly value?: string
  readonly brief: string
}

export type OptionTable = Readonly<Record<string, OptionSpec>>

interface ValueTypes {
  boolean: boolean
  string: string
  list: string[]
  pairs: Record<string, string>
}

export interface ParsedArguments<Table extends OptionTable> {
  /** Only what was given. */
  readonly values: { [Name in keyof Table]?: ValueTypes[Table[Name]['type']] }
  readonly positionals: string[]
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

export function parseArguments<Table extends OptionTable>(
  argv: readonly string[],
  table: Table,
): ParsedArguments<Table> {
  // Not strict: Node's messages know neither our codes nor the nearest option.
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, descriptor(spec)])),
    strict: false,
    tokens: true,
    allowPositionals: true,
    allowNegative: true,
  })
  const values: Record<string, unknown> = {}
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const spec = Object.hasOwn(table, token.name) ? table[token.name] : undefined
    const negated = token.rawName.startsWith('--no-')
    if (spec === undefined || (negated && spec.type !== 'boolean')) throw unknownOption(token.rawName, table)
    values[token.name] =
      spec.type === 'boolean' ? truth(token, negated) : combine(spec, values[token.name], token)
  }
  return { values: values as ParsedArguments<Table>['values'], positionals }
}

function descriptor({ type, short }: OptionSpec): ParseArgsOptionDescriptor {
  return {
    type: type === 'boolean' ? 'boolean' : 'string',
    multiple: true,
    ...(short !== undefined && { short }),
  }
}

function truth({ rawName, value = 'true' }: OptionToken, negated: boolean): boolean {
  if (value === 'true' || value === 'false') return (value === 'true') !== negated
  throw new BuildError('CLI_OPTION_VALUE', `${rawName} takes no value but true or false, not "${value}"`)
}

/** The last one wins, except where several are meant. */
function combine(spec: OptionSpec, earlier: unknown, token: OptionToken): unknown {
  const text = textOf(token)
  if (spec.type === 'string') return text
  if (spec.type === 'list') return [...((earlier as string[] | undefined) ?? []), text]
  const split = text.indexOf('=')
  if (split > 0) return { ...(earlier as object | undefined), [text.slice(0, split)]: text.slice(split + 1) }
  throw new BuildError('CLI_OPTION_VALUE', `${token.rawName} ${text} has no value`, {
    help: `Write ${token.rawName} ${text}=value.`,
  })
}

function textOf({ rawName, value, inlineValue }: OptionToken): string {
  // `-o=out` is not POSIX, but nobody wants a file called "=out".
  const text = inlineValue && !rawName.startsWith('--') ? value?.replace(/^=/, '') : value
  // `--out --minify`: Node would call the executable "--minify".
  const isNextOption = inlineValue === false && /^-./.test(text ?? '')
  if (text !== undefined && text !== '' && !isNextOption) return text
  throw new BuildError('CLI_OPTION_VALUE', `${rawName} needs a value`, {
    help: `Write ${rawName} <value>.`,
  })
}

function unknownOption(rawName: string, table: OptionTable): BuildError {
  const meant = nearest(rawName.replace(/^--?(?:no-)?/, ''), Object.keys(table))
  return new BuildError('CLI_UNKNOWN_OPTION', `unknown option ${rawName}`, {
    help: meant === undefined ? 'See "ingot help" for the options.' : `Did you mean --${meant}?`,
  })
}
