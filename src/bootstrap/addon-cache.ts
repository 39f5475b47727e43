// macOS and Windows load and start native code from files only. So there an addon is written to a directory of the user's,
// once for all executables with the same native code, and loaded from there; so is a program that is inside.
//
//   <directory>/<hash of all native code inside>/<path inside>
//
// The paths are kept, because libraries are found by where they lie from who needs them (@loader_path, or the addon's
// own directory). Whatever lies there is compared with what is inside before it is loaded, each time, and written anew
// if it is not the same: nobody but the user can write there, but a disk may be full, a copy cut off, a cleaner at work.

import type fs from 'node:fs'
import path from 'node:path'

/** Functions of node:fs. */
export type CacheFiles = Pick<
  typeof fs,
  | 'closeSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'renameSync'
  | 'rmSync'
  | 'utimesSync'
  | 'writeSync'
>

export interface AddonCacheOptions {
  readonly files: CacheFiles
  /** Those that may be used, the best first. */
  readonly directories: readonly string[]
  /** Hash of paths and contents of all native code inside, hex. */
  readonly set: string
  /** Paths inside of all native code. */
  readonly native: readonly string[]
  /** The bytes of a file inside. */
  readonly read: (path: string) => Uint8Array
}

/** What nobody has used for so long is removed. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000
/** Its time says when an entry was used last. */
const USED = '.used'
/** A name that is about to become another one, or nothing. */
const TEMPORARY = '.tmp-'

export class AddonCache {
  readonly #options: AddonCacheOptions

  constructor(options: AddonCacheOptions) {
    this.#options = options
  }

  /**
   * Where an addon or a program lies on the disk, with the libraries inside around it.
   * @throws ERR_ADDON_CACHE if there is no directory for it
   */
  place(file: string): string {
    const { directories, native, set } = this.#options
    const reasons: string[] = []
    for (const directory of directories) {
      try {
        const place = path.join(directory, set)
        this.#open(directory, place)
        for (const each of new Set([...native.filter(isLibrary), file])) this.#provide(place, each)
        return path.join(place, ...file.split('/'))
      } catch (error) {
        reasons.push(`${directory}: ${reasonOf(error)}`)
      }
    }
    throw Object.assign(
      new Error(
        `${file} has to be a file on the disk, and there is no directory for it (${reasons.join('; ')}); make one of them writable by you only`,
      ),
      { code: 'ERR_ADDON_CACHE', path: file },
    )
  }

  /** Makes the entry if need be, and says that it is used. */
  #open(directory: string, place: string): void {
    const { mkdirSync } = this.#options.files
    const isNew = mkdirSync(place, { recursive: true, mode: 0o700 }) !== undefined
    for (const each of [directory, place]) this.#requireOwn(each)
    this.#touch(place)
    if (isNew) this.#sweep(directory)
  }

  /** What others can write to, they can change between our look at it and the loader's. */
  #requireOwn(directory: string): void {
    const stats = this.#options.files.lstatSync(directory)
    if (!stats.isDirectory()) throw new Refusal('it is not a directory')
    // Windows has neither: what is below the user's profile is the user's.
    const user = process.getuid?.()
    if (user === undefined) return
    if (stats.uid !== user) throw new Refusal('it belongs to another user')
    if (stats.mode & 0o022) throw new Refusal('others may write to it')
  }

  #touch(place: string): void {
    const { closeSync, openSync, utimesSync } = this.#options.files
    const file = path.join(place, USED)
    try {
      closeSync(openSync(file, 'a', 0o600))
      const now = new Date()
      utimesSync(file, now, now)
    } catch {
      // Whoever has filled it may have made it read-only since.
    }
  }

  #provide(place: string, file: string): void {
    const { mkdirSync, renameSync, rmSync } = this.#options.files
    const target = path.join(place, ...file.split('/'))
    const bytes = this.#options.read(file)
    if (this.#has(target, bytes)) return
    mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 })
    const temporary = `${target}${TEMPORARY}${process.pid}-${temporaries++}`
    try {
      this.#write(temporary, bytes)
      renameSync(temporary, target)
    } catch (error) {
      rmSync(temporary, { force: true })
      // On Windows nothing takes the place of what is loaded: another process may have been first.
      if (!this.#has(target, bytes)) throw error
    }
  }

  #has(file: string, bytes: Uint8Array): boolean {
    const { lstatSync, readFileSync } = this.#options.files
    const stats = lstatSync(file, { throwIfNoEntry: false })
    return stats?.isFile() === true && stats.size === bytes.length && readFileSync(file).equals(bytes)
  }

  #write(file: string, bytes: Uint8Array): void {
    const { closeSync, openSync, writeSync } = this.#options.files
    // Programs are started, and who may read the others may as well start them.
    const descriptor = openSync(file, 'wx', 0o700)
    try {
      for (let done = 0; done < bytes.length;)
        done += writeSync(descriptor, bytes, done, bytes.length - done, done)
    } finally {
      closeSync(descriptor)
    }
  }

  /** Removes what has not been used for long. What runs has its files open, and on Windows keeps its directory by that. */
  #sweep(directory: string): void {
    const { readdirSync, renameSync, rmSync } = this.#options.files
    for (const name of readdirSync(directory)) {
      const entry = path.join(directory, name)
      try {
        if (!this.#isOld(entry)) continue
        // All of it or nothing: an entry that is in use cannot be renamed there.
        const doomed = name.includes(TEMPORARY) ? entry : `${entry}${TEMPORARY}${process.pid}`
        if (doomed !== entry) renameSync(entry, doomed)
        rmSync(doomed, { recursive: true, force: true })
      } catch {
        // Somebody else is at it.
      }
    }
  }

  #isOld(entry: string): boolean {
    const { lstatSync } = this.#options.files
    const stats = lstatSync(path.join(entry, USED), { throwIfNoEntry: false }) ?? lstatSync(entry)
    return Date.now() - stats.mtimeMs > KEPT_MS
  }
}

/** Addons and programs may need them around. */
export function isLibrary(file: string): boolean {
  return /\.(?:dylib|dll|so(?:\.\d+)*)$/i.test(file)
}

/** Names of one process, of all its caches. Other threads have other numbers. */
let temporaries = process.hrtime()[1] * 1000

class Refusal extends Error {}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return error instanceof Refusal ? message : (code ?? message)
}
