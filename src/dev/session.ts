// The files of one `ingot dev`: an executable without a program, which is linked once, and for each process of it a
// directory with what it is to run (format/development.ts). It goes with the session.

import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writevSync,
} from 'node:fs'
import path from 'node:path'

import { BuildError } from '../base/diagnostics.ts'
import { ownName, removeAbandoned } from '../base/owner.ts'
import { bundleBootstrap } from '../bundle-bootstrap.ts'
import { besideExecutable, type Loaded, type Order, type Report } from '../format/development.ts'
import { linkDevelopment } from '../link-development.ts'
import type { PreparedBase } from '../prepare-base.ts'

/** What is kept free for a program, at least: its next versions are to fit, too. */
const LEAST_ROOM = 16 * 2 ** 20

/** A program and where it lies. */
export interface StoredProgram {
  readonly payload: string
  readonly loaded: string
}

export class Session {
  readonly directory: string
  #executable:
    | { readonly file: string; readonly room: number; readonly base: string; readonly fuses: number }
    | undefined
  #count = 0
  #linkedAt = 0

  constructor(cacheRoot: string) {
    const sessions = path.join(cacheRoot, 'dev')
    removeAbandoned(sessions)
    this.directory = path.join(sessions, ownName())
    mkdirSync(this.directory, { recursive: true })
  }

  /** Sees to an executable in which a program of so many bytes has room. */
  async link(base: PreparedBase, fuses: number, size: number): Promise<void> {
    const known = this.#executable
    if (known && known.room >= size && known.base === base.identity && known.fuses === fuses) return
    const room = 2 ** Math.ceil(Math.log2(Math.max(2 * size, LEAST_ROOM)))
    const number = ++this.#count
    const file = path.join(this.directory, `node-${number}`)
    await linkDevelopment(base, { fuses, room }, file)
    const code = await bundleBootstrap('development', 'linux')
    try {
      writeFileSync(besideExecutable(file).code, code)
    } catch (cause) {
      throw unwritable(file, cause)
    }
    if (known) rmSync(known.file)
    this.#executable = { file, room, base: base.identity, fuses }
    this.#linkedAt = number
  }

  /** Whether it was placed since the last link. */
  isOfThisLink(executable: string): boolean {
    return Number(path.basename(path.dirname(executable))) > this.#linkedAt
  }

  /**
   * The executable for one more process.
   * @param name what the program is called
   * @param last for getting ready
   * @throws BuildError DEV_UNWRITABLE
   */
  place(name: string, last: StoredProgram | undefined): string {
    const directory = path.join(this.directory, `${++this.#count}`)
    const executable = path.join(directory, name)
    const { file } = this.#executable!
    const beside = besideExecutable(executable)
    try {
      mkdirSync(directory)
      linkSync(file, executable)
      linkSync(besideExecutable(file).code, beside.code)
      if (last && existsSync(last.payload)) linkSync(last.payload, beside.spare)
      if (last && existsSync(last.loaded)) linkSync(last.loaded, beside.loaded)
    } catch (cause) {
      throw unwritable(directory, cause)
    }
    return executable
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

/**
 * Lays down what a process is to run.
 * @throws BuildError DEV_UNWRITABLE
 */
export function storeProgram(executable: string, archive: readonly Uint8Array[], order: Order): void {
  const beside = besideExecutable(executable)
  const temporary = `${beside.payload}.tmp`
  try {
    const descriptor = openSync(temporary, 'w')
    try {
      writeAll(descriptor, archive)
    } finally {
      closeSync(descriptor)
    }
    writeFileSync(beside.order, JSON.stringify(order))
    renameSync(temporary, beside.payload)
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw unwritable(beside.payload, cause)
  }
}

/** Replaced as a whole: the one before is read by who gets ready with it. */
export function storeLoaded(executable: string, loaded: Loaded): void {
  const file = besideExecutable(executable).loaded
  const temporary = `${file}.tmp`
  try {
    writeFileSync(temporary, JSON.stringify(loaded))
    renameSync(temporary, file)
  } catch {
    // The next process gets ready with less.
    rmSync(temporary, { force: true })
  }
}

/** Whatever is in them by now. Whoever is killed may not come to the end of its line. */
export function readReports(executable: string): Report[] {
  const { reports } = besideExecutable(executable)
  if (!existsSync(reports)) return []
  const lines = readFileSync(reports, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Report)
}

function unwritable(file: string, cause: unknown): BuildError {
  return new BuildError('DEV_UNWRITABLE', `the program cannot be written: ${(cause as Error).message}`, {
    at: { file },
    help: 'free some space there, or set XDG_CACHE_HOME to a directory that has some',
    cause,
  })
}

/** writev takes at most IOV_MAX buffers. */
const MOST_BUFFERS = 1024

function writeAll(descriptor: number, chunks: readonly Uint8Array[]): void {
  for (let i = 0; i < chunks.length; i += MOST_BUFFERS) {
    const batch = chunks.slice(i, i + MOST_BUFFERS)
    const size = batch.reduce((sum, chunk) => sum + chunk.length, 0)
    const written = writevSync(descriptor, batch)
    if (written !== size) writeFileSync(descriptor, Buffer.concat(batch).subarray(written))
  }
}
