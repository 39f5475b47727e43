// The code of a contract (bootstrap/contract.ts): `env`, the check before the program runs, and the guards.

import type { ContractCode, ContractHost } from '../contract.ts'
import { CONTROL_ROOT } from '../control.ts'
import { stopInJavaScript } from './barriers.ts'
import { findProblems } from './check.ts'
import { enforce } from './enforce.ts'
import { createEnv } from './env.ts'
import { NO_SOCKETS, socketsOf } from './ports.ts'
import { EX_CONFIG, renderProblems } from './problems.ts'
import { exampleEnvironment, readVariables, type Variables } from './variables.ts'

export const install: ContractCode['install'] = (host: ContractHost) => {
  const { internals, manifest, freezing, job, development } = host
  const { contract, entries } = manifest
  // Under `ingot dev` the process before still has its ports. Of several programs hardly all listen.
  const sockets = !development && entries.length === 1 ? socketsOf(internals) : undefined
  const exists = internals.fs.existsSync as (file: string) => boolean
  const isRehearsing = () => exists(`${CONTROL_ROOT}is-rehearsing`)
  const enforcement = contract.enforce ? enforce(host) : undefined
  let variables: Variables | undefined
  const read = (): Variables => {
    freezing?.settle()
    variables ??= readVariables(
      contract,
      isRehearsing()
        ? exampleEnvironment(contract)
        : enforcement?.given
          ? { ...process.env, ...enforcement.given.variables }
          : process.env,
    )
    return variables
  }
  const env = createEnv(contract, read)
  internals.requireBuiltin('diagnostics_channel').subscribe('ingot.runtime', (request: any) => {
    if (request.kind === 'env') request.give(env)
  })
  const begin = (isProgram: boolean): void => {
    if (isProgram) {
      const problems = findProblems(internals, contract, read(), sockets)
      // A rehearsal has a world of its own, and goes on.
      if (problems.length > 0 && !isRehearsing()) leave(internals, renderProblems(problems))
    }
    const execPath = enforcement?.given?.execPath ?? freezing?.settle().execPath ?? process.execPath
    enforcement?.begin(read(), execPath)
  }
  if (job) begin(false)
  if (freezing) {
    // What the check will run lies in the image, compiled.
    const examples = readVariables(contract, exampleEnvironment(contract))
    findProblems(internals, contract, examples, NO_SOCKETS)
    freezing.onSettled(() => begin(true))
    stopInJavaScript(internals, freezing, { beforeProgram: contract.enforce })
  }
  return begin
}

/** Without 'exit' handlers: in a process that was frozen there may be some. */
function leave({ requireBuiltin }: ContractHost['internals'], report: string): void {
  const { writeSync } = requireBuiltin('fs')
  const bytes = Buffer.from(report)
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(2, bytes, at)
  } catch {
    // Nobody listens; the exit code says it, too.
  }
  ;(process as any).reallyExit(EX_CONFIG)
}
