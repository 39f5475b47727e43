// A worker has variables of its own, which node reads when it starts: NODE_OPTIONS and NODE_PATH among them. What is
// sealed in them has another name until the bootstrap runs there.

import { tellerOf } from './control.ts'
import type { Internals } from './internals.ts'

type Environment = Record<string, string | undefined>

const HIDDEN = '\u0001ingot '

/** @param env as the native worker takes it: null stands for a copy, a symbol for process.env itself */
export function hideSealed({ fs }: Internals, env: unknown): unknown {
  const given = env ?? process.env
  if (typeof given !== 'object') return env
  const tell = tellerOf(fs)
  const variables = Object.entries(given as Environment)
  const isSealed = ([name, value]: [string, unknown]) => value === process.env[name] && tell(`sealed/${name}`)
  if (!variables.some(isSealed)) return env
  return Object.fromEntries(variables.map((one) => (isSealed(one) ? [HIDDEN + one[0], one[1]] : one)))
}

export function showSealed(): void {
  const { env } = process
  for (const name of Object.keys(env)) {
    if (!name.startsWith(HIDDEN)) continue
    env[name.slice(HIDDEN.length)] = env[name]
    delete env[name]
  }
}
