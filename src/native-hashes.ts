// SHA-256 of a program's native code, which takes longer than the rest of a build of it: remembered, as long as the files
// have the size, times and inode that they had (runtimes/cache.ts says what that is worth).

import { hash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

import { writeFileAtomic } from './runtimes/atomic.ts'

export interface HashedFile {
  /** Absolute. */
  readonly file: string
  /** Of before it was read; undefined: it is not the file's. */
  readonly stamp: string | undefined
  readonly bytes: Uint8Array
}

/** In their order. @param root of the program: each has a file of hashes of its own */
export function nativeHashes(files: readonly HashedFile[], root: string, cacheRoot: string): string[] {
  const store = path.join(cacheRoot, 'native-hashes', `${hash('sha256', root).slice(0, 32)}.json`)
  const known = readHashes(store)
  const used: Record<string, string> = {}
  const hashes = files.map(({ file, stamp, bytes }) => {
    if (stamp === undefined) return hash('sha256', bytes)
    const key = `${file} ${stamp}`
    return (used[key] = known[key] ?? hash('sha256', bytes))
  })
  if (Object.keys(used).some((key) => !(key in known))) keepHashes(store, used)
  return hashes
}

function readHashes(store: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(store, 'utf8')) as Record<string, string>
  } catch {
    return {}
  }
}

function keepHashes(store: string, hashes: Record<string, string>): void {
  try {
    mkdirSync(path.dirname(store), { recursive: true })
    writeFileAtomic(store, JSON.stringify(hashes))
  } catch {
    // A read-only or full cache makes the next build slower, not this one wrong.
  }
}
