// Modules that are compiled before the program asks for them: in a build run, those that a rehearsal has
// shown a start to use (format/training.ts), and under `ingot dev` those that the last process has loaded. They are
// taken once.

import { pathToFileURL } from 'node:url'

import { FORMAT_MODULE } from '../format/archive.ts'
import type { Training } from '../format/training.ts'
import { compileCommonJs, compileModule, type CompiledFunction } from './compile-source.ts'
import type { Internals } from './internals.ts'
import { isFile, type Archive, type Entry } from './vfs/archive.ts'
import { toVirtualPath } from './vfs/paths.ts'

interface Prepared {
  readonly format: number
  readonly source: string
  readonly compiled: CompiledFunction | undefined
  /** A ModuleWrap, for an ES module. */
  readonly wrap: any
}

export class PreparedModules {
  /** By path. */
  readonly #modules = new Map<string, Prepared>()

  prepare(internals: Internals, archive: Archive, { modules }: Pick<Training, 'modules'>): void {
    for (const path of modules) {
      const entry = archive.find(path)
      if (!entry || !isFile(entry) || entry.format === 0) continue
      const file = toVirtualPath(path)
      const source = archive.code(entry)
      try {
        const isModule = entry.format === FORMAT_MODULE
        this.#modules.set(path, {
          format: entry.format,
          source,
          compiled: isModule ? undefined : compileCommonJs(internals, { source, file }),
          wrap: isModule ? compileModule(internals, { source, url: pathToFileURL(file).href }) : undefined,
        })
      } catch {
        // Then it is compiled when it is loaded, and whatever is wrong with it is said then.
      }
    }
  }

  /** Forgets what is another module in this archive, or none. */
  keepSame(archive: Archive): void {
    for (const [path, { format, source }] of this.#modules) {
      const entry = archive.find(path)
      const isSame = entry?.format === format && archive.code(entry) === source
      if (!isSame) this.#modules.delete(path)
    }
  }

  /** What `take…` has been compiled from. */
  source(entry: Entry): string | undefined {
    return this.#modules.get(entry.path)?.source
  }

  takeFunction(entry: Entry): CompiledFunction | undefined {
    return this.#take(entry)?.compiled
  }

  /** @param url it may have a query, and is another module then */
  hasModule(entry: Entry, url: string): boolean {
    return this.#modules.get(entry.path)?.wrap?.url === url
  }

  takeModule(entry: Entry, url: string): any {
    return this.hasModule(entry, url) ? this.#take(entry)?.wrap : undefined
  }

  #take(entry: Entry): Prepared | undefined {
    const prepared = this.#modules.get(entry.path)
    this.#modules.delete(entry.path)
    return prepared
  }
}
