// Descriptors of embedded files are numbers that only JavaScript is told (tree.ts). Native code and children get one of
// the kernel's: what opens an embedded file for libc gives some (launcher/native.c).

import { constants } from 'node:fs'

import { HAS_LAUNCHER } from '../platform.ts'
import { toVirtualPath } from './paths.ts'
import type { Binding } from './requests.ts'
import type { Tree } from './tree.ts'

export class RealDescriptors {
  readonly #tree: Tree
  readonly #open: (path: string, flags: number, mode: number) => unknown
  readonly #read: (descriptor: number, to: Uint8Array, offset: number, length: number, at: number) => number
  readonly close: (descriptor: number) => void

  /** @param binding of which nothing is replaced yet */
  constructor({ open, read, close }: Binding, tree: Tree) {
    this.#tree = tree
    this.#open = open
    this.#read = read
    this.close = close
  }

  /**
   * One for the same file, at the same position, which the caller closes; undefined for what is not of an embedded file,
   * and where there is no launcher.
   */
  open(descriptor: unknown): number | undefined {
    if (!HAS_LAUNCHER || !this.#tree.isOpen(descriptor)) return undefined
    const { entry, position } = this.#tree.opened(descriptor)
    const real = this.#open(toVirtualPath(entry.path), constants.O_RDONLY, 0)
    if (typeof real !== 'number') return undefined // an older node's, which says otherwise what goes wrong
    if (position > 0) this.#read(real, new Uint8Array(position), 0, position, -1)
    return real
  }
}
