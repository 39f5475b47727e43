// The few functions of node:fs that do not end in the native binding for every path (realpath
// walks from the real root, openAsBlob has a binding of its own), and the one that is worth a short cut.

import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

import type { Internals } from '../internals.ts'
import type { Entry } from './archive.ts'
import { ONE_TRIP } from './fs-jobs.ts'
import { toArchivePath } from './paths.ts'
import { soon } from './requests.ts'
import { isFile, type Tree } from './tree.ts'

type PathLike = string | Buffer | URL

/** Before any ES module imports node:fs: its named exports are taken from these. */
export function installPublicFs({ whenLoaded }: Pick<Internals, 'whenLoaded'>, tree: Tree): void {
  const ours = (input: PathLike) =>
    toArchivePath(
      input instanceof URL && input.protocol === 'file:' ? fileURLToPath(input) : (input as string),
    )
  const encode = (text: string, options: any) => {
    const encoding = (typeof options === 'string' ? options : options?.encoding) ?? 'utf8'
    return encoding === 'buffer' ? Buffer.from(text) : Buffer.from(text).toString(encoding)
  }

  const { archive } = tree
  const { readFile, readFileSync, realpath, realpathSync, openAsBlob } = fs as any
  // Most embedded files are read whole, once: not by open, fstat, read and close, nor by a native job.
  // What is special, and what goes wrong, goes node's own way, in its own words.
  const plainFile = (input: unknown, encoding: Encoding): Entry | undefined => {
    const path = encoding === undefined || typeof input !== 'string' ? undefined : toArchivePath(input)
    if (path === undefined) return undefined
    const entry = archive.resolve(path, true)
    return typeof entry !== 'string' && isFile(entry) ? entry : undefined
  }
  /** Of a large one, other work and an AbortSignal's holder get their turn in between. */
  const smallFile = (input: unknown, encoding: Encoding): Entry | undefined => {
    const entry = plainFile(input, encoding)
    return entry && entry.dataSize <= ONE_TRIP ? entry : undefined
  }
  const read = (entry: Entry, encoding: Encoding) =>
    encoding == null ? archive.copy(entry) : archive.text(entry, encoding)
  replace(fs, 'readFileSync', (input, options) => {
    const encoding = plainEncoding(options)
    const entry = plainFile(input, encoding)
    return entry ? read(entry, encoding) : readFileSync(input, options)
  })
  replace(fs, 'readFile', (input, options, callback = options) => {
    const encoding = plainEncoding(options)
    const entry = typeof callback === 'function' ? smallFile(input, encoding) : undefined
    if (!entry) return readFile(input, options, callback)
    setImmediate(() => callback(null, read(entry, encoding)))
    return undefined
  })
  whenLoaded('internal/fs/promises', ({ exports: promises }) => {
    const { readFile } = promises
    replace(promises, 'readFile', (input, options) => {
      const encoding = plainEncoding(options)
      const entry = smallFile(input, encoding)
      if (!entry) return readFile(input, options)
      return new Promise((resolve) => soon(() => resolve(read(entry, encoding))))
    })
  })
  replace(fs, 'realpathSync', (input, options) => {
    const path = ours(input)
    return path === undefined ? realpathSync(input, options) : encode(tree.realPath(path, 'lstat'), options)
  })
  replace(fs, 'realpath', (input, options, callback = options) => {
    const path = ours(input)
    if (path === undefined || typeof callback !== 'function') return realpath(input, options, callback)
    setImmediate(() => {
      let real: string | Buffer
      try {
        real = encode(tree.realPath(path, 'lstat'), options)
      } catch (error) {
        callback(error)
        return
      }
      callback(null, real)
    })
    return undefined
  })
  replace(fs, 'openAsBlob', async (input, options) => {
    const path = ours(input)
    if (path === undefined) return openAsBlob(input, options)
    return new Blob([Uint8Array.from(tree.archive.data(tree.lookup(path, 'stat')))], options)
  })
}

/** null: the bytes; undefined: node is to see to it. */
type Encoding = BufferEncoding | null | undefined

/** What is asked for, if it is nothing but a file's content. */
function plainEncoding(options: any): Encoding {
  if (options == null || typeof options === 'function') return null
  if (typeof options === 'object') {
    const { encoding, flag = 'r', signal, buffer } = options
    if (flag !== 'r' || signal !== undefined || buffer !== undefined) return undefined
    if (encoding == null) return null
    options = encoding
  }
  return options === 'utf8' || Buffer.isEncoding(options) ? (options as BufferEncoding) : undefined
}

function replace(target: any, name: string, replacement: (...args: any[]) => unknown): void {
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(target[name]))
  target[name] = replacement
}
