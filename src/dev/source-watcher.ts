// Says which of a program's inputs have changed. Directories of the project are watched; what lies elsewhere (packages,
// what is above the project) changes seldom and can be a lot: it is looked at from time to time.

import { lstatSync, readdirSync, watch, type FSWatcher } from 'node:fs'
import path from 'node:path'

import type { Inputs, Listing } from '../base/inputs.ts'
import { isUnchanged, MODULE_NAME, takeSnapshot, type Snapshot } from '../base/snapshot.ts'

const LEFT_ASIDE = new Set(['node_modules', '.git'])
/** An editor writes a file in several steps, a tool many files. */
const QUIET_MS = 5
/** Who writes all the time is not waited for. */
const LONGEST_MS = 200
const LOOK_EVERY_MS = 1000
/** Looking takes no more of the time than this. */
const LOOKING_SHARE = 1 / 50

export interface Changes {
  /** Absolute paths; undefined: any input may have changed. */
  readonly files: readonly string[] | undefined
  /** Some of them are inputs. Else it may turn out that nothing is different. */
  readonly isCertain: boolean
}

export class SourceWatcher {
  readonly #watched = new Map<string, { readonly watcher: FSWatcher; readonly inode: number }>()
  /** undefined after a build that failed: everything may matter. */
  #inputs:
    | {
        readonly all: Inputs
        readonly files: ReadonlySet<string>
        readonly names: ReadonlyMap<string, Listing['names']>
      }
    | undefined
  #snapshot: Snapshot | undefined
  #files = new Set<string>()
  #mayBeAnything = false
  #isCertain = false
  #sinceMs = 0
  #quiet: NodeJS.Timeout | undefined
  #look: NodeJS.Timeout | undefined
  #wake = () => {}

  /** With all that is below, but not packages. */
  watchTree(directory: string): void {
    this.#watch(directory)
    for (const entry of entriesOf(directory)) {
      if (entry.isDirectory() && !LEFT_ASIDE.has(entry.name)) this.watchTree(path.join(directory, entry.name))
    }
  }

  /**
   * What matters from now on.
   * @param inputs undefined after a build that failed
   * @param root of the program; modules may lie outside of its project
   * @param startedMs when that build began, in Unix time
   */
  follow(inputs: Inputs | undefined, root: string, startedMs: number): void {
    this.#rewatch()
    if (!inputs) {
      this.#inputs = undefined
      return
    }
    if (inputs === this.#inputs?.all) return
    const names = new Map(inputs.listings.map((listing) => [listing.directory, listing.names]))
    this.#inputs = { all: inputs, files: new Set(inputs.files), names }
    for (const directory of names.keys())
      if (directory.startsWith(`${root}/`) && !directory.includes('/node_modules')) this.#watch(directory)
    const elsewhere: Inputs = {
      files: inputs.files.filter((file) => !this.#watched.has(path.dirname(file))),
      listings: inputs.listings.filter(({ directory }) => !this.#watched.has(directory)),
      variables: {},
    }
    this.#snapshot = undefined
    // Not now: what has been built is about to start.
    this.#lookAfter(LOOK_EVERY_MS / 4, () => {
      this.#snapshot = takeSnapshot(elsewhere, {}, startedMs)
      // What is as young as that may have been read before or after.
      if (!this.#snapshot) this.#noteAnything()
    })
  }

  /** The next changes, once nothing more happens for a moment. */
  async next(signal: AbortSignal): Promise<Changes> {
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    while (!signal.aborted && !this.#isRipe) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    const changes = { files: this.#mayBeAnything ? undefined : [...this.#files], isCertain: this.#isCertain }
    this.#files.clear()
    this.#mayBeAnything = this.#isCertain = this.#isRipe = false
    return changes
  }

  /** As if something had changed. */
  again(): void {
    this.#noteAnything()
  }

  close(): void {
    clearTimeout(this.#look)
    clearTimeout(this.#quiet)
    for (const { watcher } of this.#watched.values()) watcher.close()
  }

  #isRipe = false

  #ripen(): void {
    this.#isRipe = true
    this.#wake()
  }

  #noteAnything(): void {
    this.#mayBeAnything = true
    this.#ripen()
  }

  #note(file: string, isCertain: boolean): void {
    if (this.#files.size === 0) this.#sinceMs = performance.now()
    this.#files.add(file)
    this.#isCertain ||= isCertain
    clearTimeout(this.#quiet)
    if (performance.now() - this.#sinceMs > LONGEST_MS) this.#ripen()
    else this.#quiet = setTimeout(() => this.#ripen(), QUIET_MS)
  }

  #onEvent(directory: string, event: string, name: string | null): void {
    if (name === null) return this.#noteAnything()
    const file = path.join(directory, name)
    if (event === 'rename' && isDirectory(file) && !LEFT_ASIDE.has(name)) this.watchTree(file)
    if (!this.#inputs || this.#inputs.files.has(file)) return this.#note(file, this.#inputs !== undefined)
    const names = this.#inputs.names.get(directory)
    // It has come or gone where a name is enough.
    const matters = names === 'all' || names === 'tree' || (names === 'modules' && MODULE_NAME.test(name))
    if (event === 'rename' && matters) this.#note(file, false)
  }

  #watch(directory: string): void {
    const inode = inodeOf(directory)
    const known = this.#watched.get(directory)
    if (inode === undefined || known?.inode === inode) return
    known?.watcher.close()
    try {
      const watcher = watch(directory, (event, name) => this.#onEvent(directory, event, name))
      watcher.on('error', () => this.#watched.delete(directory))
      this.#watched.set(directory, { watcher, inode })
    } catch {
      // More than the kernel watches for a user: then it is looked at.
      this.#watched.delete(directory)
    }
  }

  /** A directory that was removed and made again is another one, which nobody watches. */
  #rewatch(): void {
    for (const [directory, { watcher, inode }] of this.#watched) {
      const now = inodeOf(directory)
      if (now === inode) continue
      watcher.close()
      this.#watched.delete(directory)
      if (now !== undefined) this.watchTree(directory)
    }
  }

  #lookAfter(ms: number, look: () => void): void {
    clearTimeout(this.#look)
    this.#look = setTimeout(() => {
      const before = performance.now()
      look()
      const tookMs = performance.now() - before
      this.#lookAfter(Math.max(LOOK_EVERY_MS, tookMs / LOOKING_SHARE), () => {
        if (this.#snapshot && !isUnchanged(this.#snapshot, {})) this.#noteAnything()
      })
    }, ms).unref()
  }
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return [] // gone by now
  }
}

function inodeOf(file: string): number | undefined {
  try {
    return lstatSync(file).ino
  } catch {
    return undefined
  }
}

function isDirectory(file: string): boolean {
  try {
    return lstatSync(file).isDirectory()
  } catch {
    return false
  }
}
