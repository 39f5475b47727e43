// Which paths are ours: those below the virtual root, and relative ones once the program has
// changed into it.

import path from 'node:path'

import { VIRTUAL_ROOT } from '../../format/archive.ts'
import { addToHash, HASH_OF_NOTHING, hashPath } from '../../format/hash.ts'

import { IS_WINDOWS, ROOT } from '../platform.ts'

/** As node:fs hands paths to its binding: validated, URLs already turned into strings. */
export type BindingPath = string | Uint8Array

const ROOT_BYTES = Buffer.from(VIRTUAL_ROOT)

/** The working directory if it is a virtual one. */
let virtualWorkingDirectory: string | undefined

export function getVirtualWorkingDirectory(): string | undefined {
  return virtualWorkingDirectory
}

export function setVirtualWorkingDirectory(directory: string | undefined): void {
  virtualWorkingDirectory = directory
}

/** The path relative to the root ('' for the root itself), or undefined if the path is not ours. */
export function toArchivePath(input: BindingPath): string | undefined {
  if (IS_WINDOWS) return toArchivePathOnWindows(input)
  if (typeof input === 'string') {
    if (input.startsWith(VIRTUAL_ROOT)) return belowRoot(input)
    if (virtualWorkingDirectory === undefined || input.startsWith('/')) return undefined
    return belowRoot(path.join(virtualWorkingDirectory, input))
  }
  if (input instanceof Uint8Array) {
    const isOurs = virtualWorkingDirectory !== undefined || ROOT_BYTES.every((byte, i) => input[i] === byte)
    return isOurs ? toArchivePath(Buffer.from(input).toString()) : undefined
  }
  return undefined
}

function belowRoot(input: string): string | undefined {
  if (input.length === VIRTUAL_ROOT.length) return ''
  if (input.charCodeAt(VIRTUAL_ROOT.length) !== SLASH) return undefined
  // Most paths are normal already, and this is every module's and every read's way in.
  const hash = hashIfNormal(input)
  if (hash !== undefined) {
    hashedPath = input.slice(VIRTUAL_ROOT.length + 1)
    pathHash = hash
    return hashedPath
  }
  const normal = path.posix.normalize(input)
  if (normal !== VIRTUAL_ROOT && !normal.startsWith(VIRTUAL_ROOT + '/')) return undefined
  return normal.slice(VIRTUAL_ROOT.length + 1).replace(/\/$/, '')
}

const SLASH = 0x2f
const DOT = 0x2e

/**
 * Looks at each character once, for both questions: whether there is nothing below the root that begins with
 * a dot, no empty component and no slash at the end; and what the look-up will ask for. undefined also if
 * the path is not ASCII.
 */
function hashIfNormal(input: string): number | undefined {
  let hash = HASH_OF_NOTHING
  let previous = SLASH
  for (let i = VIRTUAL_ROOT.length + 1; i < input.length; i++) {
    const unit = input.charCodeAt(i)
    if (unit > 0x7f || (previous === SLASH && (unit === SLASH || unit === DOT))) return undefined
    hash = addToHash(hash, unit)
    previous = unit
  }
  return previous === SLASH ? undefined : hash >>> 0
}

/** The path that was taken from a longer one last: nearly always the next to be looked up. */
let hashedPath = ''
let pathHash = HASH_OF_NOTHING

export function hashOf(archivePath: string): number {
  return archivePath === hashedPath ? pathHash : hashPath(archivePath)
}

export function toVirtualPath(archivePath: string): string {
  if (IS_WINDOWS) return archivePath === '' ? ROOT : `${ROOT}\\${archivePath.replaceAll('/', '\\')}`
  return archivePath === '' ? VIRTUAL_ROOT : `${VIRTUAL_ROOT}/${archivePath}`
}

/**
 * The root as Windows lets it be written: with either slash, with a small letter, and as what node makes of paths for
 * the system, which then takes them as they are (`path.toNamespacedPath`).
 */
const WRITTEN_ROOT = /^(?:[\\/]{2}\?[\\/])?c:[\\/]+ingot:[\\/]+app(?=[\\/]|$)/i
const COLON = 0x3a

function toArchivePathOnWindows(input: BindingPath): string | undefined {
  if (typeof input !== 'string')
    return input instanceof Uint8Array ? toArchivePathOnWindows(Buffer.from(input).toString()) : undefined
  const isRelative = virtualWorkingDirectory !== undefined && !path.isAbsolute(input)
  const full = isRelative ? path.join(virtualWorkingDirectory!, input) : input
  // `C:`, or `\\?\C:`: most of what is not ours is told by one character.
  if (full.charCodeAt(1) !== COLON && full.charCodeAt(5) !== COLON) return undefined
  const [written] = WRITTEN_ROOT.exec(full) ?? []
  if (written === undefined) return undefined
  return belowRoot(VIRTUAL_ROOT + full.slice(written.length).replaceAll('\\', '/'))
}
