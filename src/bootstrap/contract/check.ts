// All that is wrong with the world of this start, before the program runs.

import { addressIn, parseAddress, variableIn, type Address } from '../../format/contract-address.ts'
import type { Contract } from '../../format/contract.ts'
import type { Internals } from '../internals.ts'
import { pathOf, readProblem, writeProblem } from './files.ts'
import { portProblem, type Sockets } from './ports.ts'
import type { Problem } from './problems.ts'
import type { Variables } from './variables.ts'

/** @param sockets undefined: ports are not looked at */
export function findProblems(
  internals: Internals,
  contract: Contract,
  variables: Variables,
  sockets: Sockets | undefined,
): Problem[] {
  const directory = process.cwd()
  const problems: (Problem | undefined)[] = [...variables.problems.values(), ...variables.strangers]
  const { read, write } = contract.files
  for (const [texts, problemOf] of [
    [read, readProblem],
    [write, writeProblem],
  ] as const) {
    for (const text of texts) {
      const file = pathOf(text, directory, variables.textOf)
      if (file !== undefined) problems.push(problemOf(internals.fs, file, text))
    }
  }
  for (const text of sockets ? contract.listen : []) {
    const address = addressOf(contract, text, variables)
    if (address?.kind === 'port') problems.push(portProblem(sockets!, address, variableIn(text)?.name))
  }
  return problems.filter((problem) => problem !== undefined)
}

/** What an entry of `listen` or `connect` means in this start; undefined: its variable is not set. */
export function addressOf({ env }: Contract, text: string, { textOf }: Variables): Address | undefined {
  const name = variableIn(text)?.name
  if (name === undefined) return parseAddress(text)
  const value = textOf(name)
  return value === undefined ? undefined : addressIn(env[name]!, value)
}
