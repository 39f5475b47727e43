// The end of a program. Before it ends node takes itself apart, which costs a small program more than all it
// has done: contexts, heap and threads go with the process anyway. So once 'exit' handlers have run, the
// launcher ends the process (launcher/stdio.c); or when what is inside has done what it has to do at its end, and
// node's environment is gone (launcher/end.c).

import { tellerOf } from './control.ts'
import type { Internals } from './internals.ts'
import { patch } from './vfs/requests.ts'

/** Modules of node's that are between its native side and 'exit' at the end of the event loop. */
const BETWEEN = /^node:(?:internal\/async_hooks|domain)$/
/** What is still to be done once 'exit' handlers have run. */
const NOTHING = 0
/** By the environment: addons clean up, workers end. */
const CLEANUP = 1
/** By all of node. */
const EVERYTHING = 2

/** Built-in modules with something to do when they go: a database to close, a recording to write. */
const WITH_WORK: ReadonlyMap<string, number> = new Map([
  ['sqlite', CLEANUP],
  ['inspector', EVERYTHING],
  ['trace_events', EVERYTHING],
])

export function hasWorkAtEnd(builtin: string): boolean {
  return WITH_WORK.has(builtin)
}

/** @param onEnd called after 'exit' handlers */
export function installExit({ fs, worker, util, builtin, whenLoaded }: Internals, onEnd: () => void): void {
  const tell = tellerOf(fs)
  tell('watch-crashes')
  const canCleanUp = tell('watch-end')
  let work = NOTHING
  const expect = (more: number) => {
    work = Math.max(work, more)
  }
  for (const [id, more] of WITH_WORK) {
    if (builtin(id)['loaded']) expect(more)
    else whenLoaded(id, () => expect(more))
  }
  patch(process, 'dlopen', (native, args) => {
    expect(CLEANUP)
    return native(args)
  })
  const { Worker } = worker
  worker.Worker = class extends Worker {
    constructor(...args: unknown[]) {
      super(...args)
      expect(CLEANUP)
    }
  }

  const { reallyExit } = process as any
  const ownReallyExit = function (this: unknown, code: unknown) {
    if (work === NOTHING) tell(`exit/${Number(code) & 0xff}`)
    return Reflect.apply(reallyExit, this, [code])
  }
  ;(process as any).reallyExit = Object.defineProperty(ownReallyExit, 'name', { value: 'reallyExit' })

  // At the end of the event loop it is node's native side that emits 'exit', with no JavaScript below.
  const prototype = Object.getPrototypeOf(process) as NodeJS.Process
  const { emit } = prototype
  const ownEmit = function (this: NodeJS.Process, ...args: [string, ...unknown[]]): boolean {
    const result = Reflect.apply(emit, this, args)
    const isEnd = args[0] === 'exit' && this === process && (process as any)._exiting
    if (isEnd) onEnd()
    // It leaves out its caller. Domains and hooks of asynchronous work are between.
    if (isEnd && util.getCallSites(8).every(({ scriptName }) => BETWEEN.test(scriptName))) {
      const code = Number(process.exitCode ?? args[1]) & 0xff
      if (work === NOTHING) tell(`exit/${code}`)
      else if (work === CLEANUP && canCleanUp) tell(`end/${code}`)
    }
    return result
  }
  const value = Object.defineProperty(ownEmit, 'name', { value: 'emit' })
  Object.defineProperty(prototype, 'emit', { configurable: true, writable: true, value })
}
