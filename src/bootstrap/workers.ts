// Worker threads begin as a fresh node that knows nothing of the embedded tree. Each is started
// with the bootstrap as an eval'd script, which then does what was asked for.

import { syncBuiltinESMExports } from 'node:module'
import path from 'node:path'
import { getAsset } from 'node:sea'
import { fileURLToPath } from 'node:url'
import workerThreads, { type WorkerOptions } from 'node:worker_threads'

import { getVirtualWorkingDirectory } from './vfs/paths.ts'

/** What a worker is to do once it is set up. */
export interface WorkerJob {
  readonly kind: 'file' | 'eval' | 'url'
  /** A file's path, a script's source or a data: URL. */
  readonly content: string
  readonly workingDirectory: string | undefined
}

/** Name of the asset that is the bootstrap's own source. */
export const BOOTSTRAP_ASSET = 'bootstrap'

export function installWorkers(): void {
  const Native = workerThreads.Worker
  class Worker extends Native {
    constructor(filename: string | URL, options: WorkerOptions = {}) {
      const job = jobOf(filename, options)
      // Wrong arguments are node's to refuse, in its words.
      if (job === undefined) super(filename, options)
      else super(bootSource(job), { ...options, ...withInternals(options), eval: true })
    }
  }
  Object.defineProperty(Worker, 'length', { value: Native.length, configurable: true })
  workerThreads.Worker = Worker
  syncBuiltinESMExports()
}

const EXPOSE_INTERNALS = '--expose-internals'

/** Options of its own replace the inherited ones, and the bootstrap needs this one. */
function withInternals({ execArgv }: WorkerOptions): Pick<WorkerOptions, 'execArgv'> {
  return Array.isArray(execArgv) ? { execArgv: [EXPOSE_INTERNALS, ...execArgv] } : {}
}

/** What the worker was given, without what it was given for us. */
export function ownExecArgv(execArgv: readonly string[]): string[] {
  return execArgv.filter((option) => option !== EXPOSE_INTERNALS)
}

function jobOf(filename: unknown, options: WorkerOptions): WorkerJob | undefined {
  const workingDirectory = getVirtualWorkingDirectory()
  if (options?.eval) {
    return typeof filename === 'string' ? { kind: 'eval', content: filename, workingDirectory } : undefined
  }
  if (filename instanceof URL) {
    if (filename.protocol === 'data:') return { kind: 'url', content: filename.href, workingDirectory }
    return filename.protocol === 'file:' ? { kind: 'file', content: fileURLToPath(filename), workingDirectory } : undefined
  }
  if (typeof filename !== 'string') return undefined
  const isPath = path.isAbsolute(filename) || /^\.\.?[\\/]/.test(filename)
  return isPath ? { kind: 'file', content: path.resolve(filename), workingDirectory } : undefined
}

function bootSource(job: WorkerJob): string {
  const source = JSON.stringify(getAsset(BOOTSTRAP_ASSET, 'utf8'))
  return `require('node:vm').compileFunction(${source}, ['require', 'ingotWorker'], { filename: 'ingot-bootstrap.js' })(require, ${JSON.stringify(job)})`
}
