// The few functions of node:fs that do not end in the native binding for every path (realpath
// walks from the real root, openAsBlob has a binding of its own), and the one that is worth a short cut.

import fs from 'node:fs'

import { toArchivePath } from './paths.ts'
import { isFile, type Tree } from './tree.ts'

type PathLike = string | Buffer | URL

/** Before any ES module imports node:fs: its named exports are taken from these. */
export function installPublicFs(tree: Tree): void {
  const ours = (input: PathLike) => {
    if (input instanceof URL)
      return input.protocol === 'file:' ? toArchivePath(decodeURIComponent(input.pathname)) : undefined
    return toArchivePath(input)
  }
  const encodingOf = (options: any) => (typeof options === 'string' ? options : options?.encoding)
  const encode = (text: string, options: any) => (encodingOf(options) === 'buffer' ? Buffer.from(text) : text)

  const { readFileSync, realpath, realpathSync, openAsBlob } = fs as any
  // Most embedded files are read whole, once: not by open, fstat, read and close.
  replace('readFileSync', readFileSync, (input, options) => {
    const encoding = encodingOf(options) ?? 'buffer'
    const isPlain = (options?.flag ?? 'r') === 'r' && (encoding === 'buffer' || Buffer.isEncoding(encoding))
    const path = isPlain && typeof input !== 'number' ? ours(input) : undefined
    const entry = path === undefined ? undefined : tree.archive.resolve(path, true)
    // What goes wrong goes wrong in node's own words.
    if (entry === undefined || typeof entry === 'string' || !isFile(entry) || options?.buffer)
      return readFileSync(input, options)
    return encoding === 'buffer' ? tree.archive.copy(entry) : tree.archive.text(entry, encoding)
  })
  replace('realpathSync', realpathSync, (input, options) => {
    const path = ours(input)
    return path === undefined ? realpathSync(input, options) : encode(tree.realPath(path, 'lstat'), options)
  })
  replace('realpath', realpath, (input, options, callback = options) => {
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
  replace('openAsBlob', openAsBlob, async (input, options) => {
    const path = ours(input)
    if (path === undefined) return openAsBlob(input, options)
    return new Blob([Uint8Array.from(tree.archive.data(tree.lookup(path, 'stat')))], options)
  })
}

function replace(name: string, native: any, replacement: (...args: any[]) => unknown): void {
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(native))
  ;(fs as any)[name] = replacement
}
