// All that is wrong with the world of this start, before the program runs.

import { addressOf, variableIn } from '../../format/contract-address.ts'
import { placeOf } from '../../format/contract-path.ts'
import type { Contract } from '../../format/contract.ts'
import { readProblem, writeProblem, type NativeFiles } from './files.ts'
import { portProblem, type Bind } from './ports.ts'
import type { Problem } from './problems.ts'
import type { Variables } from './variables.ts'

/** @param bind undefined: ports are not looked at */
export type FindProblems = (variables: Variables, bind: Bind | undefined) => Problem[]

/** What needs no world is done now. */
export function prepareCheck(fs: NativeFiles, contract: Contract): FindProblems {
  const { read, write } = contract.files
  const files = [
    ...read.map((text) => ({ text, placeIn: placeOf(text), problemOf: readProblem })),
    ...write.map((text) => ({ text, placeIn: placeOf(text), problemOf: writeProblem })),
  ]
  const addresses = contract.listen.map((text) => ({
    addressIn: addressOf(contract, text),
    variable: variableIn(text)?.name,
  }))
  // A frozen program is checked in the middle of running its main module, for which this is another function (run.ts).
  const directory = process.cwd.bind(process)
  return (variables, bind) => {
    const problems: Problem[] = []
    const add = (problem: Problem | undefined) => {
      if (problem) problems.push(problem)
    }
    variables.problems.forEach(add)
    variables.strangers.forEach(add)
    for (const { text, placeIn, problemOf } of files) {
      const file = placeIn(directory, variables.textOf)
      if (file !== undefined) add(problemOf(fs, file, text))
    }
    if (!bind) return problems
    for (const { addressIn: addressInStart, variable } of addresses) {
      const address = addressInStart(variables)
      if (address?.kind === 'port') add(portProblem(bind, address, variable))
    }
    return problems
  }
}
