// Node's version numbers: three numbers, no ranges. `26` and `26.10` mean the newest that starts so.

import { BuildError } from '../base/diagnostics.ts'
import type { Target } from '../base/targets.ts'

/** The bootstrap stands on node's internals: they are tested from this release on (test/spec/oldest-runtime.test.ts). */
export const OLDEST_RUNTIME = '26.7.0'

const VERSION = /^\d+(\.\d+){0,2}$/

/** The newest of `versions` that `wanted` (`26`, `26.10` or `26.10.0`) allows. Pre-releases never match. */
export function newestMatching(wanted: string, versions: readonly string[]): string | undefined {
  return newest(versions.filter((version) => `${version}.`.startsWith(`${wanted}.`)))
}

function newest(versions: readonly string[]): string | undefined {
  return versions
    .filter((version) => VERSION.test(version))
    .toSorted(compareVersions)
    .at(-1)
}

/**
 * The newest of `versions` in a range of package.json: exact, `^1.2.3`, `~1.2.3`, `1.x`, `1.2` or `*`. Of any other range it
 * is the newest of all.
 */
export function newestInRange(range: string, versions: readonly string[]): string | undefined {
  if (versions.includes(range)) return range
  const [, sign = '', wanted = ''] = /^([\^~]?)v?(\d+(?:\.\d+){0,2})(?:\.[x*])*$/.exec(range.trim()) ?? []
  const isExact = sign === '' && wanted.split('.').length === 3
  const prefix = sign === '' ? wanted : wanted.split('.').slice(0, fixedParts(sign, wanted)).join('.')
  const inRange = versions.filter((version) => sign === '' || compareVersions(version, wanted) >= 0)
  return isExact ? undefined : prefix === '' ? newest(inRange) : newestMatching(prefix, inRange)
}

/** How many numbers of it stay as they are: `^` keeps all up to the first that is not 0. */
function fixedParts(sign: string, wanted: string): number {
  if (sign === '~') return 2
  const first = wanted.split('.').findIndex((part) => part !== '0')
  return first === -1 ? 3 : first + 1
}

export function compareVersions(left: string, right: string): number {
  const rightParts = numbersOf(right)
  const difference = numbersOf(left).map((part, index) => part - (rightParts[index] ?? 0))
  return difference.find((part) => part !== 0) ?? 0
}

/**
 * Refuses what cannot work before anything is downloaded for it.
 * @param target it is the newest that the registry has for that target
 */
export function requireSupported(version: string, target?: Target): void {
  if (!VERSION.test(version)) {
    throw new BuildError('RUNTIME_NOT_FOUND', `"${version}" is not a version of Node`, {
      help: 'write it as node@26, node@26.10 or node@26.10.0',
    })
  }
  if (compareVersions(newestOf(version), OLDEST_RUNTIME) >= 0) return
  const newest = target === undefined ? '' : `, and the registry has no newer one for ${target}`
  throw new BuildError('RUNTIME_TOO_OLD', `Node ${version} is older than ${OLDEST_RUNTIME}${newest}`, {
    help: `${target === undefined ? 'use node@26' : 'name the file of a newer one with "runtime"'}: executables stand on parts of Node that older ones do not have`,
  })
}

/** `26.6` -> the largest version that it could mean, which still is older than 26.7. */
function newestOf(version: string): string {
  return [...version.split('.'), '999999', '999999'].slice(0, 3).join('.')
}

function numbersOf(version: string): number[] {
  return version.split('.').map(Number)
}
