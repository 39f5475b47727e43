// What an embedded file is called in the executable of a target, where code has to say so itself.

import path from 'node:path'
import { pathToFileURL } from 'node:url'

import { platformOf, type Target } from '../base/targets.ts'
import { VIRTUAL_ROOT, WINDOWS_VIRTUAL_ROOT } from '../format/archive.ts'

/** @param virtualPath relative to the archive's root */
export function placeInside(virtualPath: string, target: Target): string {
  return isWindows(target)
    ? path.win32.join(WINDOWS_VIRTUAL_ROOT, virtualPath)
    : path.posix.join(VIRTUAL_ROOT, virtualPath)
}

export function urlInside(virtualPath: string, target: Target): string {
  return pathToFileURL(placeInside(virtualPath, target), { windows: isWindows(target) }).href
}

function isWindows(target: Target): boolean {
  return platformOf(target).os === 'win32'
}
