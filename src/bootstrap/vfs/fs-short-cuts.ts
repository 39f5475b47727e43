// The synchronous calls that programs make by the thousand, in front of what stands in for them in
// fs-binding.ts: a function of its own for each, without a list of its arguments, so that little is made for
// a call and V8 can compile all of it into its caller. What is special goes the long way, and so does what
// goes wrong, for its error.

import { constants } from 'node:fs'

import { toArchivePath } from './paths.ts'
import type { Binding } from './requests.ts'
import type { Tree } from './tree.ts'

const { O_RDONLY } = constants

/** @param native the functions that count their arguments: one that is undefined is a request to them */
export function installShortCuts(binding: Binding, native: Binding, tree: Tree): void {
  const { open, close, read } = binding

  binding.open = function openShort(given: any, flags: any, mode: any, request: any) {
    const path = toArchivePath(given)
    if (request !== undefined) return (path === undefined ? native.open : open)(given, flags, mode, request)
    if (path === undefined) return native.open(given, flags, mode)
    return (flags === O_RDONLY ? tree.openFile(path) : undefined) ?? open(given, flags, mode)
  }
  binding.close = function closeShort(descriptor: any, request: any) {
    const isOurs = tree.isOurs(descriptor)
    if (request !== undefined) return (isOurs ? close : native.close)(descriptor, request)
    if (!isOurs) return native.close(descriptor)
    return tree.closeFile(descriptor) ? undefined : close(descriptor)
  }
  binding.read = function readShort(
    descriptor: any,
    to: any,
    offset: any,
    length: any,
    position: any,
    request: any,
  ) {
    const isOurs = tree.isOurs(descriptor)
    if (request !== undefined)
      return (isOurs ? read : native.read)(descriptor, to, offset, length, position, request)
    if (!isOurs) return native.read(descriptor, to, offset, length, position)
    const count =
      typeof position === 'number' ? tree.readFile(descriptor, to, offset, length, position) : undefined
    return count ?? read(descriptor, to, offset, length, position)
  }
}
