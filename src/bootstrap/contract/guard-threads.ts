// Threads: whether there may be any, and with which options. What node would load into one before the bootstrap is
// there (--require, --import, NODE_OPTIONS) would be bound by nothing.

import { guard, guardClass, type Guarding } from './guard.ts'
import { isHarmless } from './guard-processes.ts'
import { textsOf } from './primordials.ts'

/** Of worker_threads; each is read once. */
const OPTIONS = [
  'argv',
  'env',
  'eval',
  'execArgv',
  'name',
  'resourceLimits',
  'stderr',
  'stdin',
  'stdout',
  'trackUnmanagedFds',
  'transferList',
  'workerData',
]
/** Every worker has it, and its bootstrap closes what it opens (workers.ts). */
const EXPOSE_INTERNALS = '--expose-internals'

/** @param isInWorker node has loaded the module there */
export function guardThreads({ internals, policy, refuse }: Guarding, isInWorker: boolean): void {
  const { requireBuiltin, whenLoaded, worker } = internals
  /** Options of the one that is being made have been looked at. */
  let isApproved = false
  // node has the class itself already, and there are other ways to it.
  guard(worker.Worker.prototype, 'startThread', () => {
    const now = policy()
    if (now && !(now.workers && isApproved)) throw refuse('WorkerThreads', 'a worker')
    isApproved = false
  })
  const guardPublic = (threads: any): void =>
    guardClass(threads, 'Worker', (args) => {
      if (!policy()) return
      args[1] = plainOptions(args[1])
      isApproved = true
    })
  const plainOptions = (given: any): object => {
    const options: any = { __proto__: null }
    if (typeof given !== 'object' || given === null) return options
    for (let i = 0; i < OPTIONS.length; i++) {
      const name = OPTIONS[i]!
      const value = given[name]
      if (value !== undefined) options[name] = value
    }
    const { execArgv, env } = options
    if (typeof execArgv === 'object') {
      const texts = textsOf(execArgv)
      for (let i = 0; i < texts.length; i++)
        if (texts[i] !== EXPOSE_INTERNALS && !isHarmless(texts[i]!))
          throw refuse('WorkerThreads', `a worker with ${texts[i]}`)
      options.execArgv = texts
    }
    if (typeof env === 'object' && env !== null) {
      options.env = { __proto__: null, ...env }
      delete options.env.NODE_OPTIONS
    }
    return options
  }
  if (isInWorker) guardPublic(requireBuiltin('worker_threads'))
  else whenLoaded('worker_threads', guardPublic)
}
