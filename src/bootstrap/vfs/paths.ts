// Which paths are ours: those below the virtual root, and relative ones once the program has
// changed into it.

import path from 'node:path'

import { VIRTUAL_ROOT } from '../../format/archive.ts'

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
  if (isNormal(input)) return input.slice(VIRTUAL_ROOT.length + 1)
  const normal = path.normalize(input)
  if (normal !== VIRTUAL_ROOT && !normal.startsWith(VIRTUAL_ROOT + '/')) return undefined
  return normal.slice(VIRTUAL_ROOT.length + 1).replace(/\/$/, '')
}

const SLASH = 0x2f
const DOT = 0x2e

/** Nothing below the root that begins with a dot, no empty component, no slash at the end. */
function isNormal(input: string): boolean {
  let previous = 0
  for (let i = VIRTUAL_ROOT.length; i < input.length; i++) {
    const unit = input.charCodeAt(i)
    if (previous === SLASH && (unit === SLASH || unit === DOT)) return false
    previous = unit
  }
  return previous !== SLASH
}

export function toVirtualPath(archivePath: string): string {
  return archivePath === '' ? VIRTUAL_ROOT : `${VIRTUAL_ROOT}/${archivePath}`
}
