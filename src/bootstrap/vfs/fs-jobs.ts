// fs.readFile and fs.writeFile do their work in one native job each: open, read or write, close in
// one trip to a thread. Theirs are the calls that programs make by the thousand, so an embedded
// file gets a job that is no native object.

import { constants } from 'node:fs'

import type { Entry } from './archive.ts'
import { toArchivePath, type BindingPath } from './paths.ts'
import type { RealDescriptors } from './real-descriptors.ts'
import { soon, type Binding } from './requests.ts'
import { fromNowhere } from './stack.ts'
import type { Tree } from './tree.ts'

const { O_RDONLY, O_RDWR } = constants

/** Larger ones are read in pieces by node itself, which lets other work and an AbortSignal in between. */
export const ONE_TRIP = 512 * 1024

interface Job {
  /** For a large file with an open descriptor and a size instead of the content. */
  ondone: (error: unknown, content?: Buffer, descriptor?: number, size?: number) => void
  run(path: BindingPath): unknown
  /** What fs.readFile puts there; its flags are known only to the native job. */
  readonly context?: { readonly options: { readonly flag?: string | number } }
}

/** What a job's error is to look like, with the path as the program wrote it. */
export type Naming = (given: unknown, failure: unknown) => unknown

export function installJobs(binding: Binding, tree: Tree, real: RealDescriptors, naming: Naming): void {
  /** Looks the file up at once, while its path is at hand; nothing can change it. */
  const read = (
    job: Job,
    path: string,
    flags: number,
    given: BindingPath,
    later: (run: () => void) => void,
  ) => {
    let entry: Entry
    try {
      entry = tree.readable(path, flags)
    } catch (error) {
      const failure = fromNowhere(naming(given, error))
      later(() => job.ondone(failure))
      return
    }
    const { dataSize } = entry
    if (dataSize <= ONE_TRIP) later(() => job.ondone(null, tree.archive.copy(entry), -1))
    else later(() => job.ondone(null, undefined, tree.open(path, flags), dataSize))
  }
  class EmbeddedRead {
    declare ondone: Job['ondone']
    readonly #path: string
    readonly #flags: number
    constructor(path: string, flags: number) {
      this.#path = path
      this.#flags = flags
    }
    run(given: BindingPath): void {
      read(this, this.#path, this.#flags, given, soon)
    }
  }

  const { ReadFileJob, WriteFileJob, FileHandle } = binding
  binding.FileHandle = new Proxy(FileHandle, {
    construct(native, args, target) {
      const [descriptor, ...part] = args
      if (!tree.isOurs(descriptor)) return Reflect.construct(native, args, target)
      // What reads a large file in pieces; or what native code is to read, for HTTP/2.
      return part.length === 0 ? fileHandle(tree, descriptor) : nativeHandle(native, descriptor, part)
    },
  })
  const nativeHandle = (native: Function, descriptor: number, part: unknown[]) => {
    const opened = real.open(descriptor)
    const handle: Binding = Reflect.construct(native, [opened, ...part])
    const { close, releaseFD } = handle
    handle.close = () => {
      tree.closeFile(descriptor)
      return Reflect.apply(close, handle, [])
    }
    handle.releaseFD = () => {
      Reflect.apply(releaseFD, handle, [])
      if (opened !== undefined) real.close(opened)
    }
    return handle
  }
  // Older versions of node open, read and close instead.
  if (ReadFileJob) {
    // node:fs/promises looks the class up for every job.
    binding.ReadFileJob = function (path: BindingPath, flags: number, ...rest: unknown[]) {
      const ours = toArchivePath(path)
      return ours === undefined ? new ReadFileJob(path, flags, ...rest) : new EmbeddedRead(ours, flags)
    }
    binding.ReadFileJob.prototype = ReadFileJob.prototype
    // node:fs has captured the classes.
    patchRun(ReadFileJob, (job, path, given) => {
      read(job, path, flagsOf(job.context?.options.flag ?? 'r'), given, setImmediate)
    })
  }
  if (WriteFileJob) {
    patchRun(WriteFileJob, (job, path, given) => {
      setImmediate(() => {
        try {
          tree.refuse('open', path, false)
        } catch (error) {
          job.ondone(fromNowhere(naming(given, error)))
        }
      })
    })
  }
}

function patchRun(
  job: { prototype: Binding },
  start: (job: Job, path: string, given: BindingPath) => void,
): void {
  const { run } = job.prototype
  job.prototype.run = function (this: Job, given: BindingPath) {
    const ours = toArchivePath(given)
    return ours === undefined ? Reflect.apply(run, this, [given]) : start(this, ours, given)
  }
}

/** As far as it matters for a file that cannot be written. */
function flagsOf(flag: string | number): number {
  return typeof flag === 'number' ? flag : /[wa+]/.test(flag) ? O_RDWR : O_RDONLY
}

/** The native half of a FileHandle: what lib/internal/fs/promises.js calls on it. */
export function fileHandle(tree: Tree, descriptor: number) {
  return {
    fd: descriptor,
    getAsyncId: () => 0,
    close: async () => tree.close(descriptor),
    closeSync: () => tree.close(descriptor),
    releaseFD: () => descriptor,
  }
}
