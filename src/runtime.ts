// `ingot/runtime`: what a program can tell the executable that it is in, and ask it. It speaks through a diagnostics channel,
// so that it needs nothing of ours: under plain node, and in a start that is not frozen, nobody listens.
// bootstrap/program-requests.ts is the other end.

import { channel } from 'node:diagnostics_channel'

const requests = channel('ingot.runtime')

/**
 * Marks where a frozen start is to go on: what the program has done by then is done once, by the build. Resolves
 * at once in every other start.
 *
 * A program that imports `ready` says that the date does not matter before: until then it may see the build's.
 * The process is frozen earlier where it draws something random, or looks at the command line, the terminal or
 * anything else that a build cannot know.
 */
export async function ready(): Promise<void> {
  requests.publish({ kind: 'ready' })
}

/**
 * Calls back once the process goes on from a frozen one, before `ready` resolves: to read a clock again, or to
 * open something. Where it was frozen in the middle of a call that node makes, the callback comes with the event
 * loop, within 50 ms. Never called in another start.
 */
export function onThaw(callback: () => void): void {
  requests.publish({ kind: 'on-thaw', callback })
}

/** The variables of the contract, by name: `ingot-env.d.ts`, which a build writes, says what they are. */
export interface Env {}

function askForEnv(): Env {
  let given: Env | undefined
  requests.publish({ kind: 'env', give: (env: Env) => (given = env) })
  const refuse = (name: string | symbol): undefined => {
    if (typeof name === 'symbol' || name === 'then') return undefined
    throw new Error(`env.${name}: this program has no contract, or does not run in an executable of Ingot`)
  }
  return given ?? new Proxy({}, { get: (_target, name) => refuse(name) })
}

/**
 * The checked values of the variables that the contract declares: a port is a number, a URL a URL. What it does not
 * declare is an error.
 */
export const env: Env = askForEnv()
