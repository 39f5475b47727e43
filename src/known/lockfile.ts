// Integrity of packages as the project's lockfile has it: npm's by path, pnpm's and yarn's by name and version. What they
// call so is the hash of the tarball that was installed.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface LockedPackage {
  readonly name: string
  readonly version: string
  /** Absolute. */
  readonly directory: string
}

type IntegrityOf = (locked: LockedPackage) => string | undefined

const READERS: readonly (readonly [file: string, read: (text: string, directory: string) => IntegrityOf])[] =
  [
    ['package-lock.json', readNpm],
    ['npm-shrinkwrap.json', readNpm],
    ['pnpm-lock.yaml', readPnpm],
    ['yarn.lock', readYarn],
    // npm's own note of what it has installed, if the project keeps no lockfile.
    ['node_modules/.package-lock.json', readNpm],
  ]

/** Of the nearest lockfile at or above a project. */
export function lockedIntegrity(projectDir: string): IntegrityOf {
  for (let directory = projectDir; ; directory = path.dirname(directory)) {
    for (const [name, read] of READERS) {
      const file = path.join(directory, name)
      if (existsSync(file)) return tolerant(() => read(readFileSync(file, 'utf8'), directory))
    }
    if (path.dirname(directory) === directory) return () => undefined
  }
}

/** A lockfile that cannot be read says nothing: whether it is sound is its own tool's affair. */
function tolerant(read: () => IntegrityOf): IntegrityOf {
  try {
    return read()
  } catch {
    return () => undefined
  }
}

function readNpm(text: string, root: string): IntegrityOf {
  const { packages = {} } = JSON.parse(text) as {
    packages?: Record<string, { version?: string; integrity?: string }>
  }
  return ({ directory, version }) => {
    const locked = packages[path.relative(root, directory)]
    return locked?.version === version ? locked.integrity : undefined
  }
}

/** `'@scope/name@1.0.0':`, in older ones `/name@1.0.0(peer@…):` and `/name/1.0.0_peer@…:`; then `resolution: {…}`. */
const PNPM_ENTRY =
  /^ {2}['"]?\/?((?:@[^/\s]+\/)?[^@/\s]+)[@/]([^\s'"(:_]+)[^\n]*:\n {4}resolution: \{[^}\n]*?integrity: ([^\s,}]+)/gm

function readPnpm(text: string): IntegrityOf {
  return byVersion([...text.matchAll(PNPM_ENTRY)].map(([, ...found]) => found as [string, string, string]))
}

/** Version 1. Later ones have checksums of their own archives, which are not the registry's. */
const YARN_ENTRY =
  /^"?((?:@[^/\s"]+\/)?[^@\s"]+)@[^\n]*:\n {2}version "([^"]+)"\n(?: {2}resolved [^\n]*\n)? {2}integrity (\S+)/gm

function readYarn(text: string): IntegrityOf {
  return byVersion([...text.matchAll(YARN_ENTRY)].map(([, ...found]) => found as [string, string, string]))
}

function byVersion(
  found: readonly (readonly [name: string, version: string, integrity: string])[],
): IntegrityOf {
  const known = new Map(found.map(([name, version, integrity]) => [`${name}@${version}`, integrity]))
  return ({ name, version }) => known.get(`${name}@${version}`)
}
