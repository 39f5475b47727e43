// Options of node that it takes on its command line only, or that come when it has read that line: --test and what
// belongs to it. node's JavaScript asks for their values in one function.

import { OWN_OPTIONS } from '../format/own-options.ts'
import type { Internals } from './internals.ts'

interface ParsedOptions {
  readonly values: ReadonlyMap<string, unknown>
  /** As they were given, for children. */
  readonly flags: readonly string[]
  readonly rest: readonly string[]
}

/** Reads options of node, in any place before a `--`. What is no option of node's is left in `rest`. */
export function parseOptions(args: readonly string[], { options, optionTypes }: Internals): ParsedOptions {
  const { options: table, aliases } = options.getCLIOptionsInfo()
  const { kBoolean, kInteger, kUInteger, kStringList } = optionTypes
  const values = new Map<string, unknown>()
  const flags: string[] = []
  const rest: string[] = []
  const pending = [...args]
  for (let arg = pending.shift(); arg !== undefined; arg = pending.shift()) {
    if (arg === '--') {
      rest.push(...pending)
      break
    }
    const [, given = '', inline] = /^(--?[^=]+)(?:=([^]*))?$/.exec(arg) ?? []
    const isNegated = !table.has(given) && table.has(given.replace(/^--no-/, '--'))
    const name = aliases.get(given)?.[0] ?? (isNegated ? given.replace(/^--no-/, '--') : given)
    const type = table.get(name)?.type
    if (type === undefined) {
      rest.push(arg)
      continue
    }
    if (type === kBoolean) {
      values.set(name, !isNegated)
      flags.push(arg)
      continue
    }
    const text = inline ?? pending.shift() ?? ''
    flags.push(`${name}=${text}`)
    if (type === kStringList) values.set(name, [...((values.get(name) as string[] | undefined) ?? []), text])
    else values.set(name, type === kInteger || type === kUInteger ? Number(text) : text)
    // node keeps this beside the number, which may be 0.
    if (name === '--test-random-seed') values.set('[has_test_random_seed]', true)
  }
  return { values, flags, rest }
}

/** From here on node has these values, too, and gives them to its children. */
export function installOptionValues(
  { options }: Internals,
  values: ReadonlyMap<string, unknown>,
  flags: readonly string[],
): void {
  const { getOptionValue, getOptionsAsFlagsFromBinding } = options
  options.getOptionValue = (name) => (values.has(name) ? values.get(name) : getOptionValue(name))
  options.getOptionsAsFlagsFromBinding = () => [
    ...getOptionsAsFlagsFromBinding().filter((flag) => !OWN_OPTIONS.includes(flag)),
    ...flags,
  ]
}
