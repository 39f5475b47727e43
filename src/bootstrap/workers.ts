// Worker threads begin as a fresh node that knows nothing of the embedded tree. Each is started
// with the bootstrap as an eval'd script, which then does what was asked for. This is done where
// worker_threads hands over to the native worker, so its checks, messages and classes stay node's
// own, and a program without workers does not load it.

import { bootScript } from '../format/boot.ts'
import { FUSES } from '../format/fuses.ts'
import { OWN_OPTIONS } from '../format/own-options.ts'
import type { Shared } from './contract.ts'
import { tellerOf } from './control.ts'
import type { Internals } from './internals.ts'
import { timeOriginIn } from './frozen.ts'
import { hideSealed } from './worker-environment.ts'
import { getVirtualWorkingDirectory } from './vfs/paths.ts'

/** What a worker is to do once it is set up. */
export interface WorkerJob {
  readonly kind: 'file' | 'eval' | 'url' | 'hooks'
  /** A file's path, a script's source, a data: URL, or node's own module that runs module.register's hooks. */
  readonly content: string
  readonly workingDirectory: string | undefined
  /** The program's, for a worker that is given none, and that of one with modules to load before. With a zero between them: an array would be what a program makes of arrays. */
  readonly execArgv: string
  /** Modules to load before, in the same way: node would look for them before it is told of the embedded tree. */
  readonly preload: string
  /** The program's. */
  readonly execPath: string
  readonly argv0: string
  /** The program's, in microseconds: node has that of the process it was built in. */
  readonly timeOrigin: number
  readonly contract: string | undefined
}

/** The message with which lib/internal/worker.js starts a script, as far as it matters here. */
interface StartMessage {
  readonly doEval?: false | 'classic' | 'data-url' | 'internal'
  readonly filename: string
  readonly webWorkerData?: unknown
}

const KINDS = { classic: 'eval', 'data-url': 'url', internal: 'hooks' } as const

// A program that changes them changes no worker: its first script could reach node's inside.
const { apply, defineProperty } = Reflect
const { stringify } = JSON
const { join } = Array.prototype

export function installWorkers(internals: Internals, isInWorker: boolean, shared: Shared): void {
  const { worker: binding, fs } = internals
  const tell = tellerOf(fs)
  interceptStart(
    binding.Worker.prototype,
    { shared, timeOrigin: timeOriginIn(internals).get },
    () => void tell('verify-bootstrap'),
  )
  if (!isInWorker) {
    binding.Worker = class Worker extends binding.Worker {
      constructor(url: unknown, env: unknown, execArgv: string[] | undefined, ...rest: unknown[]) {
        const own = beginWorker(internals, execArgv)
        super(url, hideSealed(internals, env), own, ...rest)
      }
    }
    return
  }
  // In a worker, node has taken the native class long before us. Before any ES module imports the public
  // one: its named exports are taken from the builtin then.
  const threads = process.getBuiltinModule('node:worker_threads') as { Worker: any }
  threads.Worker = class Worker extends threads.Worker {
    constructor(filename: unknown, options?: { execArgv?: unknown; env?: unknown }) {
      const { execArgv, env } = options ?? {}
      const given = hideSealed(internals, env)
      const changed = {
        ...(Array.isArray(execArgv) && { execArgv: { value: beginWorker(internals, execArgv) } }),
        ...(given !== env && { env: { value: given } }),
      }
      super(filename, Object.keys(changed).length > 0 ? Object.create(options ?? null, changed) : options)
    }
  }
}

/** What a worker has from whoever starts it. */
interface Inherited {
  readonly shared: Shared
  readonly timeOrigin: () => number
}

/** The native constructor sets the port on the new worker, and lib/internal/worker.js sends the start through it. */
function interceptStart(prototype: object, own: Inherited, onStart: () => void): void {
  const { postMessage } = MessagePort.prototype
  const field = (value: unknown) =>
    ({ __proto__: null, value, writable: true, enumerable: true, configurable: true }) as PropertyDescriptor
  defineProperty(prototype, 'messagePort', {
    configurable: true,
    set(port) {
      onStart()
      const options = beginning
      beginning = undefined
      const send = (message: StartMessage, transfer: unknown) =>
        apply(postMessage, port, [viaBootstrap(message, own, options), transfer])
      defineProperty(port, 'postMessage', field(send))
      defineProperty(this, 'messagePort', field(port))
    },
  })
}

function viaBootstrap(
  message: StartMessage,
  { shared, timeOrigin }: Inherited,
  options: OwnOptions | undefined,
): StartMessage {
  const { doEval, filename, webWorkerData } = message
  if (doEval === undefined || webWorkerData !== undefined) return message
  const kind = doEval === false ? 'file' : KINDS[doEval]
  const job: WorkerJob & { readonly __proto__: null } = {
    __proto__: null,
    kind,
    content: filename,
    workingDirectory: getVirtualWorkingDirectory(),
    execArgv: options?.preload ? options.execArgv : apply(join, process.execArgv, ['\0']),
    preload: options?.preload ?? '',
    execPath: process.execPath,
    argv0: process.argv0,
    timeOrigin: timeOrigin(),
    contract: shared.contract,
  }
  return { ...message, doEval: 'classic', filename: bootScript(stringify(job)) }
}

/** Options of its own replace the inherited ones, and the bootstrap needs the first; the other is the fuse's affair. */
function neededOptions({ fs }: Internals): string[] {
  const trustsSystem = tellerOf(fs)(`fuse/${FUSES.systemCa}`)
  return ['--expose-internals', ...(trustsSystem ? ['--use-system-ca'] : [])]
}

/** Of a worker that is being made. */
interface OwnOptions {
  readonly execArgv: string
  readonly preload: string
}

/** Between a worker's constructor and that of its native half. */
let beginning: OwnOptions | undefined

/** @returns what node is given of a worker's options */
function beginWorker(internals: Internals, execArgv: readonly string[] | undefined): string[] | undefined {
  beginning = undefined
  if (!execArgv) return undefined
  const preload: string[] = []
  const forNode: string[] = []
  for (let at = 0; at < execArgv.length; at++) {
    const option = execArgv[at]!
    const match = /^(?:-r|--require)(?:=([^]*))?$/.exec(option)
    if (match) preload.push(match[1] ?? execArgv[++at] ?? '')
    else forNode.push(option)
  }
  beginning = { execArgv: apply(join, execArgv, ['\0']), preload: apply(join, preload, ['\0']) }
  return [...neededOptions(internals), ...forNode]
}

/** What the worker was given, without what it was given for us; else what the program has. */
export function ownExecArgv(internals: Internals, { execArgv, preload }: WorkerJob): string[] {
  const isInherited = OWN_OPTIONS.every((option, i) => process.execArgv[i] === option)
  return isInherited || preload ? listOf(execArgv) : process.execArgv.slice(neededOptions(internals).length)
}

export function listOf(joined: string): string[] {
  return joined.split('\0').filter(Boolean)
}
