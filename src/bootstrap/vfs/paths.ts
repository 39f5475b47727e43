// Which paths are ours: those below the virtual root, and relative ones once the program has
// changed into it.

import path from 'node:path'

import { VIRTUAL_ROOT } from '../../format/archive.ts'
import { addToHash, HASH_OF_NOTHING, hashPath } from '../../format/hash.ts'
import { CONTROL_ROOT } from '../control.ts'
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

/** Above the root: for everybody else it is no directory, so what else lies below is not there. */
export const PARENT = path.posix.dirname(VIRTUAL_ROOT)
/** And as a path from the root. */
export const PARENT_PATH = '..'
/** How every path ends that comes to the root, in whatever way. */
const END_OF_ROOT = `${path.posix.basename(PARENT)}/${path.posix.basename(VIRTUAL_ROOT)}`

/**
 * The path relative to the root: '' for the root itself, PARENT_PATH for what lies above, and with PARENT_PATH/ before it what is
 * asked for there and not found; or undefined if the path is not ours.
 */
export function toArchivePath(input: BindingPath): string | undefined {
  if (IS_WINDOWS) return toArchivePathOnWindows(input)
  if (typeof input === 'string') {
    if (input.startsWith(VIRTUAL_ROOT) && isEndOrSlash(input, VIRTUAL_ROOT.length)) return belowRoot(input)
    if (virtualWorkingDirectory !== undefined && !input.startsWith('/'))
      return relativeToRoot(path.join(virtualWorkingDirectory, input))
    const mayBeOurs = input.includes(END_OF_ROOT) || input.startsWith(PARENT + '/')
    return mayBeOurs ? relativeToRoot(path.resolve(input)) : undefined
  }
  if (input instanceof Uint8Array) {
    const isOurs = virtualWorkingDirectory !== undefined || ROOT_BYTES.every((byte, i) => input[i] === byte)
    return isOurs ? toArchivePath(Buffer.from(input).toString()) : undefined
  }
  return undefined
}

/** @param input VIRTUAL_ROOT, or what begins with it and a slash */
function belowRoot(input: string): string | undefined {
  if (input.length === VIRTUAL_ROOT.length) return ''
  // Most paths are normal already, and this is every module's and every read's way in.
  const hash = hashIfNormal(input)
  if (hash === undefined) return relativeToRoot(path.posix.normalize(input))
  hashedPath = input.slice(VIRTUAL_ROOT.length + 1)
  pathHash = hash
  return hashedPath
}

/** @param normal absolute */
function relativeToRoot(normal: string): string | undefined {
  if (normal.startsWith(VIRTUAL_ROOT) && isEndOrSlash(normal, VIRTUAL_ROOT.length))
    return normal.slice(VIRTUAL_ROOT.length + 1).replace(/\/$/, '')
  const isMessage = normal.startsWith(CONTROL_ROOT)
  if (isMessage || !normal.startsWith(PARENT) || !isEndOrSlash(normal, PARENT.length)) return undefined
  return (PARENT_PATH + normal.slice(PARENT.length)).replace(/\/$/, '')
}

function isEndOrSlash(input: string, at: number): boolean {
  return input.length === at || input.charCodeAt(at) === SLASH
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
