// A contract as text: for `ingot inspect`, and as something to paste for `ingot trace`.

import type { Contract, VariableRule } from '../config/config.ts'

/** A line for each thing that the program needs. Defaults of secrets are not shown. */
export function renderContract(contract: Contract): string {
  const { env, files, listen, connect, run, workers, native, services, enforce } = contract
  const variables = Object.entries(env).map(([name, rule]) => `${name}  ${describe(rule)}`)
  const ofServices = Object.entries(services).map(
    ([name, { env: variable, description }]) =>
      `${name}  $${variable}${description === undefined ? '' : `: ${description}`}`,
  )
  const rows: [label: string, items: readonly string[]][] = [
    ['variables', variables],
    ['reads', files.read],
    ['writes', files.write],
    ['listens', listen],
    ['connects', connect],
    ['runs', run],
    ['services', ofServices],
    ['allows', [...(workers ? ['workers'] : []), ...(native ? ['native code'] : [])]],
  ]
  const lines = rows.flatMap(([label, items]) =>
    items.map((item, i) => `  ${(i === 0 ? label : '').padEnd(10)}  ${item}\n`),
  )
  const head = enforce ? 'enforced: everything else is refused' : 'checked at every start'
  return `contract, ${head}\n${lines.join('')}`
}

function describe({ type, values, default: value, required, secret, description }: VariableRule): string {
  const kind = type === 'enum' ? (values ?? []).join(' | ') : type
  const parts = [
    kind,
    ...(required ? ['required'] : []),
    ...(secret ? ['secret'] : []),
    ...(value === undefined ? [] : [secret ? 'has a default' : `default ${value}`]),
  ]
  return parts.join(', ') + (description === undefined ? '' : `: ${description}`)
}
