// The symbolic links of a program's tree (pnpm's store, workspaces): each file is embedded once, where
// it really is, and the links that lead there stay links.

import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'

import type { PackageLink } from './resolve.ts'

export class Links {
  readonly #links = new Map<string, PackageLink>()
  readonly #realDirectories = new Map<string, string>()

  get all(): PackageLink[] {
    return [...this.#links.values()]
  }

  add(...links: readonly PackageLink[]): void {
    for (const link of links) this.#links.set(link.file, link)
  }

  /** Where a directory really is. */
  realDirectory(directory: string): string {
    const known = this.#realDirectories.get(directory)
    if (known !== undefined) return known
    const above = path.dirname(directory)
    let real = directory
    if (above !== directory) {
      const file = path.join(this.realDirectory(above), path.basename(directory))
      real = file
      if (lstatSync(file).isSymbolicLink()) {
        real = realpathSync(file)
        this.add({ file, target: path.relative(path.dirname(file), real) })
      }
    }
    this.#realDirectories.set(directory, real)
    return real
  }

  /** It was followed by somebody else; it may be gone by now. */
  use(file: string): void {
    const stats = statSync(file, { throwIfNoEntry: false })
    if (!stats || !lstatSync(file).isSymbolicLink()) return
    if (stats.isDirectory()) this.realDirectory(file)
    else this.follow(file)
  }

  /** Of a link, what it leads to, the first time that it is asked for. */
  follow(file: string): { target: string; isDirectory: boolean } | undefined {
    const stats = statSync(file, { throwIfNoEntry: false })
    if (!stats || this.#links.has(file)) return undefined
    const target = readlinkSync(file)
    this.add({ file, target })
    return { target: path.resolve(path.dirname(file), target), isDirectory: stats.isDirectory() }
  }
}
