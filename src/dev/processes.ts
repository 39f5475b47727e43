// The processes of a program while it is developed: the one that runs, the one that is to take its place, one that is
// ready for the next change, and old ones that still answer what they were asked.

import path from 'node:path'

import { VIRTUAL_ROOT } from '../format/archive.ts'
import type { HostFileReport, InspectorPlace } from '../format/development.ts'
import type { DevVersion } from './incremental-build.ts'
import { Instance, type Ending, type SocketHandle } from './instance.ts'
import { KeptSockets } from './kept-sockets.ts'
import { Session } from './session.ts'

/** The same again; nothing before the next change; the last process goes on; or the next one takes its place. */
export type Then = 'again' | 'wait' | 'last' | 'next'

export interface ProcessesReporter {
  /** A process has ended, any of them: each leaves the terminal as it was when it began. */
  gone(): void
  listening(url: string | undefined): void
  /** @param then what is to come of it */
  ended(ending: Ending, then: Then): void
  /**
   * Once for each file.
   * @param root of the program, on this machine
   */
  hostFile(report: HostFileReport, root: string): void
}

/** A program that lives for less has a reason to end, which will be there again. */
const STABLE_AFTER_MS = 1000
/** A program that does not listen by then is not going to: the old one has done its work. */
const LONGEST_START_MS = 10_000
/** Until requests that come in the meantime are answered by the old one after all. */
const LONGEST_REST_MS = 500
/** For requests that an old process still answers. */
const LONGEST_RETIREMENT_MS = 10_000
/** When the first requests have their answers. */
const SPARE_AFTER_MS = 30

export class Processes {
  readonly #args: readonly string[]
  readonly #cwd: string
  readonly #reporter: ProcessesReporter
  readonly #session: Session
  readonly #sockets = new KeptSockets()
  readonly #all = new Set<Instance>()
  readonly #toldFiles = new Set<string>()
  #version: DevVersion | undefined
  /** Runs, or has run last. */
  #current: Instance | undefined
  /** Takes its place once it listens. */
  #next: Instance | undefined
  #spare: Instance | undefined
  #spareTimer: NodeJS.Timeout | undefined
  #inspector: InspectorPlace | undefined
  #isOver = false

  constructor(
    program: { readonly args: readonly string[]; readonly cwd: string },
    cacheRoot: string,
    reporter: ProcessesReporter,
  ) {
    this.#args = program.args
    this.#cwd = program.cwd
    this.#reporter = reporter
    this.#session = new Session(cacheRoot)
  }

  /** A program runs, and has not only been run. */
  get isRunning(): boolean {
    return this.#current !== undefined && !this.#current.ending
  }

  get inspector(): InspectorPlace | undefined {
    return this.#inspector
  }

  /** Of what runs, and of what will; undefined closes it. */
  set inspector(place: InspectorPlace | undefined) {
    this.#inspector = place
    this.#current?.tell({ kind: 'inspector', place })
  }

  /**
   * Starts a process for this version. One that serves goes on until the new one listens.
   * @throws BuildError DEV_UNWRITABLE, OUTPUT_DISK_FULL and the like; what runs is as it was then
   */
  async begin(version: DevVersion): Promise<void> {
    await this.#session.link(version.target.base, version.config.fuses, version.payload.size)
    // It has not come to the point where it would be missed.
    await this.#next?.end('SIGKILL')
    this.#next = undefined
    const serving = this.#current?.isServing ? this.#current : undefined
    const instance = this.#takeSpare() ?? this.#start(version)
    instance.store(version.payload.chunks, version.graph.root, this.#inspector)
    if (this.#inspector) await this.#current?.closeInspector()
    // Of programs that serve nothing there is one at a time.
    if (!serving) await this.#current?.end()
    if (this.#isOver) return
    this.#version = version
    this.#hear(instance)
    if (serving) {
      this.#next = instance
      this.#rest(serving)
      setTimeout(() => this.#next === instance && this.#promote(), LONGEST_START_MS).unref()
    } else {
      this.#current?.removeFiles()
      this.#current = instance
      this.#prepareSpare(STABLE_AFTER_MS)
    }
    instance.begin()
  }

  /** The same program again; what runs ends before. */
  async restart(): Promise<void> {
    await Promise.all([this.#next?.end(), this.#current?.end()])
    if (this.#version) await this.begin(this.#version)
  }

  /** @param signal what the program is to end by; null if it has heard already */
  async end(signal: NodeJS.Signals | null): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#spareTimer)
    this.#dropSpare()
    await Promise.all([...this.#all].map((instance) => instance.end(signal)))
    this.#sockets.keep(new Set())
    this.#session.remove()
  }

  #start({ config }: DevVersion): Instance {
    const executable = this.#session.place(config.entries[0]!.name, this.#current?.program)
    const instance = new Instance({
      executable,
      args: this.#args,
      cwd: this.#cwd,
      sockets: this.#sockets.all,
    })
    this.#all.add(instance)
    instance.once('ended', () => {
      this.#all.delete(instance)
      this.#reporter.gone()
      // The last one's are what the next gets ready with.
      if (instance !== this.#current) instance.removeFiles()
    })
    return instance
  }

  #hear(instance: Instance): void {
    instance.on('listening', (key, url, handle) => this.#onListening(instance, { key, url, handle }))
    instance.on('closed', (key) => {
      this.#sockets.remove(key)
      // It has them, too.
      this.#dropSpare()
    })
    instance.on('connection', (key, handle) => this.#passOn(instance, key, handle))
    instance.on('retired', () => void instance.end())
    instance.on('ended', (ending) => this.#onEnded(instance, ending))
    instance.on('hostFile', (report) => this.#onHostFile(report))
  }

  #onHostFile({ file, at, ...report }: HostFileReport): void {
    if (this.#toldFiles.has(file)) return
    this.#toldFiles.add(file)
    const { root } = this.#version!.graph
    // Where the program is edited.
    const place = at && { ...at, file: path.join(root, path.relative(VIRTUAL_ROOT, at.file)) }
    this.#reporter.hostFile({ ...report, file, ...(place && { at: place }) }, root)
  }

  #onListening(
    instance: Instance,
    socket: { key: string; url: string | undefined; handle: SocketHandle | undefined },
  ): void {
    this.#sockets.add(socket.key, socket.handle)
    if (instance === this.#next) this.#promote()
    this.#reporter.listening(socket.url)
    this.#prepareSpare(SPARE_AFTER_MS)
  }

  /**
   * While the next process starts, the old one leaves it the processors, and requests wait for the new answers. Not for
   * long: a start may take its time, or come to nothing.
   */
  #rest(old: Instance): void {
    old.pause()
    setTimeout(() => old.resume(), LONGEST_REST_MS).unref()
  }

  #promote(): void {
    const old = this.#current!
    old.resume()
    this.#current = this.#next
    this.#next = undefined
    old.tell({ kind: 'retire' })
    setTimeout(() => void old.end(), LONGEST_RETIREMENT_MS).unref()
    old.once('ended', () => this.#sockets.keep(this.#current!.keys))
  }

  /** A connection on which an old process has nothing more to say. */
  #passOn(from: Instance, key: string, handle: SocketHandle): void {
    const to = this.#current
    if (to && to !== from) to.tell({ kind: 'connection', key }, handle, () => handle.close())
    else handle.close()
  }

  #onEnded(instance: Instance, ending: Ending): void {
    if (this.#isOver || instance.isAskedToEnd) return
    if (instance === this.#next) {
      this.#next = undefined
      this.#current?.resume()
      // Done, and without anything to serve: so the old one has nothing to serve either.
      if (ending.code === 0) void this.#current?.end()
      this.#reporter.ended(ending, ending.code === 0 ? 'wait' : 'last')
    } else if (instance === this.#current) {
      const then = this.#next ? 'next' : isToRunAgain(instance, ending) ? 'again' : 'wait'
      if (this.#next) this.#current = this.#next
      this.#next = undefined
      // Nobody is to wait for what has ended in order.
      if (ending.code === 0 && then === 'wait') this.#sockets.keep(new Set())
      this.#reporter.ended(ending, then)
    }
  }

  #prepareSpare(afterMs: number): void {
    clearTimeout(this.#spareTimer)
    this.#spareTimer = setTimeout(() => {
      this.#current?.readReports()
      if (this.#isOver || !this.#version) return
      if (this.#spare && this.#spare.sockets !== this.#sockets.all) this.#dropSpare()
      if (this.#spare) return
      try {
        const spare = this.#start(this.#version)
        spare.once('ended', () => {
          if (this.#spare === spare) this.#spare = undefined
        })
        this.#spare = spare
      } catch {
        // What is wrong will be said when a process is needed.
      }
    }, afterMs).unref()
  }

  #takeSpare(): Instance | undefined {
    const spare = this.#spare
    const isFit = spare?.sockets === this.#sockets.all && this.#session.isOfThisLink(spare.executable)
    if (!isFit) this.#dropSpare()
    this.#spare = undefined
    return isFit ? spare : undefined
  }

  #dropSpare(): void {
    void this.#spare?.end('SIGKILL')
    this.#spare = undefined
  }
}

/** It was killed, or has failed while it served; and not as soon as it began, as it would again. */
function isToRunAgain({ beganMs, keys }: Instance, { code, signal }: Ending): boolean {
  return performance.now() - beganMs > STABLE_AFTER_MS && (signal !== null || (keys.size > 0 && code !== 0))
}
