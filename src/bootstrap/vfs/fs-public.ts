// The few functions of node:fs that do not end in the native binding for every path: realpath
// walks from the real root, and openAsBlob has a binding of its own.

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

import { toArchivePath } from './paths.ts'
import type { Tree } from './tree.ts'

type PathLike = string | Buffer | URL

export function installPublicFs(tree: Tree): void {
  const ours = (input: PathLike) => {
    if (input instanceof URL)
      return input.protocol === 'file:' ? toArchivePath(decodeURIComponent(input.pathname)) : undefined
    return toArchivePath(input)
  }
  const encodingOf = (options: any) => (typeof options === 'string' ? options : options?.encoding)
  const encode = (text: string, options: any) => (encodingOf(options) === 'buffer' ? Buffer.from(text) : text)

  const { realpath, realpathSync, openAsBlob } = fs as any
  replace('realpathSync', realpathSync, (input, options) => {
    const path = ours(input)
    return path === undefined ? realpathSync(input, options) : encode(tree.realPath(path), options)
  })
  replace('realpath', realpath, (input, options, callback = options) => {
    const path = ours(input)
    if (path === undefined) return realpath(input, options, callback)
    return (fs.realpath as any).native(input, options, callback)
  })
  replace('openAsBlob', openAsBlob, async (input, options) => {
    const path = ours(input)
    if (path === undefined) return openAsBlob(input, options)
    return new Blob([Uint8Array.from(tree.contents(path))], options)
  })
  syncBuiltinESMExports()
}

function replace(name: string, native: any, replacement: (...args: any[]) => unknown): void {
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(native))
  ;(fs as any)[name] = replacement
}
