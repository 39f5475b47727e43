// The code of a contract (bootstrap/contract.ts): `env`, the check before the program runs, and the guards.

import type { ContractCode, ContractHost } from '../contract.ts'
import { tellerOf } from '../control.ts'
import { stopInJavaScript } from './barriers.ts'
import { prepareCheck } from './check.ts'
import { HAS_LAUNCHER } from '../platform.ts'
import { createEnv } from './env.ts'
import { handleBinder, launcherBinder, rehearseBinding } from './ports.ts'
import { EX_CONFIG, renderProblems } from './problems.ts'
import { exampleEnvironment, prepareVariables, type Environment, type Variables } from './variables.ts'

export const install: ContractCode['install'] = (host: ContractHost) => {
  const { internals, manifest, freezing, job, development } = host
  const { contract, entries } = manifest
  const { access, existsSync, internalModuleStat } = internals.fs
  const tell = tellerOf({ existsSync })
  const isRehearsing = () => tell('is-rehearsing')
  const readEnvironment = prepareVariables(contract)
  const findProblems = prepareCheck({ access, internalModuleStat }, contract)
  // Under `ingot dev` the process before still has its ports. Of several programs hardly all listen.
  const mayBind = !development && entries.length === 1
  const bind = mayBind ? (HAS_LAUNCHER ? launcherBinder({ access }) : handleBinder(internals)) : undefined
  const examples = exampleEnvironment(contract)
  const required = Object.keys(examples)
  const enforcement = contract.enforce ? host.loadEnforcement().enforce(host) : undefined
  let variables: Variables | undefined
  const read = (): Variables => {
    freezing?.settle()
    return (variables ??= readEnvironment(environmentOfStart()))
  }
  const environmentOfStart = (): Environment => {
    if (enforcement?.given) return { ...process.env, ...enforcement.given.variables }
    const { env } = process
    return required.some((name) => !env[name]) && isRehearsing() ? examples : env
  }
  const env = createEnv(contract, read)
  internals.requireBuiltin('diagnostics_channel').subscribe('ingot.runtime', (request: any) => {
    if (request.kind === 'env') request.give(env)
  })
  const begin = (isProgram: boolean): void => {
    if (isProgram) {
      const problems = findProblems(read(), bind)
      // A rehearsal has a world of its own, and goes on.
      if (problems.length > 0 && !isRehearsing()) leave(internals, renderProblems(problems))
    }
    if (!enforcement) return
    const execPath = enforcement.given?.execPath ?? freezing?.settle().execPath ?? process.execPath
    enforcement.begin(read(), execPath)
  }
  if (job) begin(false)
  if (freezing) {
    // What the check will run lies in the image, compiled.
    findProblems(readEnvironment(examples), mayBind ? rehearseBinding({ access }) : undefined)
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
