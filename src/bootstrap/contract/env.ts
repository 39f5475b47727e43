// `env` of ingot/runtime: the checked values of the contract's variables.

import { inspect } from 'node:util'

import type { Contract } from '../../format/contract.ts'
import type { Variables } from './variables.ts'

/** What is asked of any object, by promises, printers and test runners. */
const OF_OBJECTS = new Set(['then', 'toJSON', 'constructor', ...Object.getOwnPropertyNames(Object.prototype)])

/** @param read called when something is asked for, and not before: in a build run it is a barrier */
export function createEnv({ env: rules }: Contract, read: () => Variables): object {
  const valueOf = (name: string): unknown => {
    const { values, problems } = read()
    const problem = problems.get(name)
    // In a thread or a child, which has the environment that it was given.
    if (problem) throw coded('ERR_CONTRACT', `${problem.what}; ${problem.remedy}`)
    return values.get(name)
  }
  const shown = () =>
    Object.fromEntries(
      Object.entries(rules).map(([name, { secret }]) => [
        name,
        secret ? '<secret>' : read().values.get(name),
      ]),
    )
  // Printers look behind a proxy.
  return new Proxy(
    Object.create(null, { [inspect.custom]: { configurable: true, value: shown } }) as object,
    {
      get(_target, name) {
        if (typeof name === 'symbol') return undefined
        if (Object.hasOwn(rules, name)) return valueOf(name)
        if (OF_OBJECTS.has(name)) return undefined
        throw coded(
          'ERR_CONTRACT_UNDECLARED',
          `${name} is not in the contract: declare it under "env" there, or read process.env.${name}`,
        )
      },
      has: (_target, name) => typeof name === 'string' && Object.hasOwn(rules, name),
      ownKeys: () => Object.keys(rules),
      getOwnPropertyDescriptor: (_target, name) =>
        typeof name === 'string' && Object.hasOwn(rules, name)
          ? { configurable: true, enumerable: true, value: valueOf(name) }
          : undefined,
      set(_target, name) {
        throw coded(
          'ERR_CONTRACT',
          `env.${String(name)} cannot be set: it is what the program was started with`,
        )
      },
      defineProperty: () => false,
      deleteProperty: () => false,
      preventExtensions: () => false,
    },
  )
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
