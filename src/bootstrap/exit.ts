// The end of a program. Before it ends node takes itself apart, which costs a small program more than all it
// has done: contexts, heap and threads go with the process anyway. So once 'exit' handlers have run, the
// launcher ends the process (launcher/stdio.c), unless something inside has work to do at its end.

import { tellerOf } from './control.ts'
import type { Internals } from './internals.ts'

/** Built-in modules with something to do when they go: a database to close, a recording to write. */
const WITH_WORK = new Set(['sqlite', 'inspector', 'trace_events'])

export function hasWorkAtEnd(builtin: string): boolean {
  return WITH_WORK.has(builtin)
}

/** @param onEnd called after 'exit' handlers */
export function installExit({ fs, worker, util, builtin, whenLoaded }: Internals, onEnd: () => void): void {
  const tell = tellerOf(fs)
  tell('watch-crashes')
  let isPlain = true
  for (const id of WITH_WORK) {
    if (builtin(id)['loaded']) isPlain = false
    else whenLoaded(id, () => (isPlain = false))
  }
  const { dlopen } = process
  process.dlopen = function (...args: Parameters<typeof dlopen>) {
    isPlain = false
    return Reflect.apply(dlopen, this, args)
  }
  const { Worker } = worker
  worker.Worker = class extends Worker {
    constructor(...args: unknown[]) {
      super(...args)
      isPlain = false
    }
  }

  const { reallyExit } = process as any
  const leave = (code: number): void => {
    if (isPlain) tell(`exit/${code & 0xff}`)
  }
  const ownReallyExit = function (this: unknown, code: unknown) {
    leave(Number(code))
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
    // It leaves out its caller.
    if (isEnd && util.getCallSites(1).length === 0) leave(Number(process.exitCode ?? args[1]))
    return result
  }
  Object.defineProperty(prototype, 'emit', { configurable: true, writable: true, value: ownEmit })
}
