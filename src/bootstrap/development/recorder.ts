// What a traced program (`ingot trace`) loads and touches, in every thread and child of it. It is said at once, and once
// each: a process may end in any way. What node does for itself is left out as far as call sites tell.

import type fs from 'node:fs'
import type { Stats } from 'node:fs'
import path from 'node:path'

import type { Order, Report } from '../../format/development.ts'
import type { ProgramPlace, Touch } from '../../format/touches.ts'
import type { Internals } from '../internals.ts'
import type { Archive } from '../vfs/archive.ts'
import type { ModuleLoaderOverrides } from '../vfs/loader.ts'
import { toArchivePath, toVirtualPath } from '../vfs/paths.ts'
import { DiskFiles } from './disk-files.ts'
import { absolute, isArgument, isForWriting } from './host-paths.ts'
import { placeIn, type CallSite } from './program-place.ts'
import { recordEnvironment } from './recorded-environment.ts'
import { recordLibraries } from './recorded-libraries.ts'
import { recordProcesses } from './recorded-processes.ts'
import { recordSockets } from './recorded-sockets.ts'

const DEPTH = 30
/** Devices, and what the bootstrap says to the launcher. */
const NO_FILES = /^\/(?:dev|proc)(?:\/|$)/

export class Recorder {
  readonly internals: Internals
  readonly #order: Order
  readonly #report: (report: Report) => void
  readonly #known = new Set<string>()
  readonly #beganMs = Date.now()
  #files: DiskFiles | undefined
  /** Who has looked a file up: it may be read later, when nobody knows for whom. By path in the archive. */
  readonly #found = new Map<string, ProgramPlace | undefined>()
  /** What is done now is not the program's doing. */
  #isQuiet = false
  /** What is read now is read by node's loaders. */
  #isLoading = false

  /** Before the loaders are told of the archive. */
  constructor(internals: Internals, order: Order, report: (report: Report) => void) {
    this.internals = internals
    this.#order = order
    this.#report = report
    this.#watchLoaders()
  }

  /** When all is installed, and before the program runs. */
  begin(archive: Archive): void {
    const { requireBuiltin } = this.internals
    const { root, record } = this.#order
    this.#files = new DiskFiles(archive, {
      fs: requireBuiltin('fs'),
      root,
      external: record?.external ?? [],
      onFound: (archivePath) => {
        if (!this.#isLoading && !this.#isQuiet && !this.#found.has(archivePath))
          this.#found.set(archivePath, this.place())
      },
      onUse: (kind, archivePath, isMissing) => {
        if (kind === 'link') this.note({ kind, file: toVirtualPath(archivePath) })
        else if (!this.#isLoading)
          this.#noteFile(kind, toVirtualPath(archivePath), isMissing, this.#found.get(archivePath))
      },
      quietly: (run) => this.quietly(run),
    })
    this.#watchHost()
    recordEnvironment(this)
    recordSockets(this)
    recordProcesses(this)
    recordLibraries(this, this.#files)
  }

  note(touch: Touch, at: ProgramPlace | undefined = this.place()): void {
    const key = JSON.stringify(touch)
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.quietly(() => this.#report({ kind: 'touch', touch, ...(at && { at }) }))
  }

  /** Who is doing something in the program now, as far as known. */
  place(): ProgramPlace | undefined {
    return placeIn(this.sites()).at
  }

  /** Without this file and its kind. */
  sites(): readonly CallSite[] {
    const own = `${process.execPath}.js`
    const sites = this.internals.util.getCallSites(DEPTH) as CallSite[]
    return sites.filter(({ scriptName }) => scriptName !== own)
  }

  quietly<T>(run: () => T): T {
    const wasQuiet = this.#isQuiet
    this.#isQuiet = true
    try {
      return run()
    } finally {
      this.#isQuiet = wasQuiet
    }
  }

  #watchLoaders(): void {
    const { loaderHelpers } = this.internals
    const { setLoaderOverrides } = loaderHelpers
    const watch = (overrides: Record<string, (...args: unknown[]) => unknown>) => {
      const watched = Object.entries(overrides).map(([name, override]) => [
        name,
        (...args: unknown[]) => {
          if (name === 'readFileSync') this.#noteModule(args[0] as string | URL)
          const wasLoading = this.#isLoading
          this.#isLoading = true
          try {
            return override(...args)
          } finally {
            this.#isLoading = wasLoading
          }
        },
      ])
      return Object.fromEntries(watched) as Partial<ModuleLoaderOverrides>
    }
    loaderHelpers.setLoaderOverrides = (overrides) => {
      loaderHelpers.setLoaderOverrides = setLoaderOverrides
      setLoaderOverrides(watch(overrides as never))
    }
  }

  #noteModule(given: string | URL): void {
    const file = typeof given === 'string' ? given : decodeURIComponent(given.pathname)
    const archivePath = toArchivePath(file)
    const isMissing = archivePath !== undefined && this.#files?.isEmbedded(archivePath) === false
    this.#noteFile('module', file, isMissing)
  }

  #noteFile(
    kind: 'module' | 'file' | 'directory',
    file: string,
    isMissing: boolean,
    at: ProgramPlace | undefined = this.place(),
  ): void {
    if (!this.#isQuiet) this.note({ kind, file, ...(isMissing && { isMissing }) }, at)
  }

  /** Files of the machine. */
  #watchHost(): void {
    const { fs, fsDir } = this.internals
    const watch = (binding: any, name: string, on: (args: unknown[]) => void, pathAt = 0): void => {
      const native = binding[name]
      if (!native) return
      const isOfHost = (given: unknown) =>
        (typeof given === 'string' || given instanceof Uint8Array) && toArchivePath(given) === undefined
      const onCall = (args: unknown[]) => {
        if (!this.#isQuiet && isOfHost(args[pathAt])) on([args[pathAt], ...args.slice(1)])
      }
      binding[name] = function (this: unknown, ...args: unknown[]) {
        onCall(args)
        return Reflect.apply(native, this, args)
      }
    }
    const read = ([given]: unknown[]) => this.#noteRead('file', given)
    const list = ([given]: unknown[]) => this.#noteRead('directory', given)
    const write = ([given]: unknown[]) => this.#noteWritten(given)
    const open = (args: unknown[]) => (isForWriting(args[1]) ? write(args) : read(args))
    for (const name of ['open', 'openFileHandle']) watch(fs, name, open)
    watch(fs, 'readFileUtf8', read)
    watch(fs, 'copyFile', read)
    if (fs.ReadFileJob) watch(fs.ReadFileJob.prototype, 'run', read)
    for (const name of ['readdir', 'readdirRecursive']) watch(fs, name, list)
    for (const name of ['opendir', 'opendirSync']) watch(fsDir, name, list)
    for (const name of ['writeFileUtf8', 'mkdtemp']) watch(fs, name, write)
    watch(fs, 'mkdir', (args) => {
      if (!this.#stat(absolute(args[0]))) write(args)
    })
    for (const name of ['copyFile', 'rename']) watch(fs, name, write, 1)
    if (fs.WriteFileJob) watch(fs.WriteFileJob.prototype, 'run', write)
  }

  #noteRead(kind: 'file' | 'directory', given: unknown): void {
    const file = absolute(given)
    if (NO_FILES.test(file) || isArgument(file) || this.#isNodes()) return
    const stats = this.#stat(file)
    // What is younger is the program's own work; what is a pipe, say, is no file.
    if (!stats || stats.ctimeMs >= this.#beganMs || !(stats.isFile() || stats.isDirectory())) return
    this.note({ kind, file })
  }

  #stat(file: string): Stats | undefined {
    const { statSync }: typeof fs = this.internals.requireBuiltin('fs')
    try {
      return this.quietly(() => statSync(file, { throwIfNoEntry: false }))
    } catch {
      return undefined // then the program finds out, too
    }
  }

  /** Names of temporary files are others each time; where they lie is the same. */
  #noteWritten(given: unknown): void {
    const file = absolute(given)
    if (!NO_FILES.test(file) && !this.#isNodes())
      this.note({ kind: 'written', directory: path.dirname(file) })
  }

  /** It is a loader that does it. */
  #isNodes(): boolean {
    const innermost = this.sites().find(
      ({ scriptName }) => !/^node:(?:internal\/)?fs(?:\/|$)/.test(scriptName),
    )
    return innermost?.scriptName.startsWith('node:internal/modules/') === true
  }
}
