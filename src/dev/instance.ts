// One process of the program: started ahead, told to begin when there is something to run, replaced by the next, ended.

import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { rmSync } from 'node:fs'
import path from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

import {
  besideExecutable,
  type HostFileReport,
  type InspectorPlace,
  type Order,
  type ProgramMessage,
  type SupervisorMessage,
} from '../format/development.ts'
import { readReports, storeLoaded, storeProgram, type StoredProgram } from './session.ts'

/** Known to launcher/launch.c. */
const SUPERVISED = '\u0001INGOT_DEV'
/** Standard streams, the order's pipe and the channel come before. */
const FIRST_SOCKET = 5
/** Until a process that does not end when it is asked to is made to. */
const GRACE_MS = 3000
/** A program that computes does not hear us. */
const LONGEST_ANSWER_MS = 300

/** A native handle of node's: sockets travel as these. */
export interface SocketHandle {
  readonly fd: number
  close(): void
}

export interface KeptSocket {
  /** Where it is bound (bootstrap/development/kept-sockets.ts). */
  readonly key: string
  readonly handle: SocketHandle
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

interface InstanceEvents {
  /** The handle is missing for a socket that it was given. */
  listening: [key: string, url: string | undefined, handle: SocketHandle | undefined]
  /** The program itself has closed it. */
  closed: [key: string]
  connection: [key: string, handle: SocketHandle]
  inspector: [url: string | undefined]
  retired: []
  hostFile: [report: HostFileReport]
  ended: [ending: Ending]
}

export interface Start {
  readonly executable: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly sockets: readonly KeptSocket[]
}

export class Instance extends EventEmitter<InstanceEvents> {
  readonly sockets: readonly KeptSocket[]
  /** Of the sockets that it listens on. */
  readonly keys = new Set<string>()
  beganMs = 0
  isAskedToEnd = false
  ending: Ending | undefined
  readonly executable: string
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #reportsRead = 0

  constructor({ executable, args, cwd, sockets }: Start) {
    super()
    this.executable = executable
    this.sockets = sockets
    this.#child = spawn(executable, [...args], {
      cwd,
      env: { ...process.env, [SUPERVISED]: '1' },
      stdio: ['inherit', 'inherit', 'inherit', 'pipe', 'ipc', ...sockets.map(({ handle }) => handle.fd)],
    })
    this.#child.on('message', (message, handle) => this.#hear(message as ProgramMessage, handle as never))
    this.#ended = new Promise((resolve) => {
      const end = (ending: Ending) => {
        if (this.ending) return
        this.readReports()
        this.ending = ending
        this.emit('ended', ending)
        resolve()
      }
      this.#child.on('error', () => end({ code: null, signal: null }))
      this.#child.on('exit', (code, signal) => end({ code, signal }))
    })
    this.#order?.on('error', () => {}) // it has ended
  }

  /** It takes connections. */
  get isServing(): boolean {
    return this.keys.size > 0 && !this.ending
  }

  /** None if there is no process: the machine has too many. */
  get #order(): Writable | undefined {
    return (this.#child.stdio as readonly unknown[] | undefined)?.[3] as Writable | undefined
  }

  /** What it runs, for the next one to get ready with. */
  get program(): StoredProgram {
    const { payload, loaded } = besideExecutable(this.executable)
    return { payload, loaded }
  }

  /**
   * What it is to run.
   * @throws BuildError DEV_UNWRITABLE
   */
  store(archive: readonly Uint8Array[], root: string, inspect: InspectorPlace | undefined): void {
    const sockets = this.sockets.map(({ key }, i) => ({ key, descriptor: FIRST_SOCKET + i }))
    storeProgram(this.executable, archive, { root, sockets, ...(inspect && { inspect }) } satisfies Order)
  }

  begin(): void {
    this.beganMs = performance.now()
    this.#order?.end('!')
  }

  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  /** Its port is free then. */
  async closeInspector(): Promise<void> {
    if (this.ending) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.once('inspector', () => resolve()).once('ended', () => resolve())
    this.tell({ kind: 'inspector', place: undefined })
    await Promise.race([promise, delay(LONGEST_ANSWER_MS)])
  }

  tell(message: SupervisorMessage, handle?: SocketHandle, sent?: () => void): void {
    if (this.#child.connected) this.#child.send(message, handle as never, {}, () => sent?.())
    else sent?.()
  }

  /**
   * Asks it to end, and then makes it.
   * @param signal null if it has heard already
   */
  async end(signal: NodeJS.Signals | null = 'SIGTERM'): Promise<void> {
    if (this.ending) return
    this.isAskedToEnd = true
    this.resume()
    if (signal) this.#child.kill(signal)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS)
    await this.#ended
    clearTimeout(timer)
  }

  /** Its files are needed as long as a process has come from them. */
  removeFiles(): void {
    rmSync(path.dirname(this.executable), { recursive: true, force: true })
  }

  readReports(): void {
    const reports = readReports(this.executable)
    for (const report of reports.slice(this.#reportsRead)) {
      if (report.kind === 'host-file') this.emit('hostFile', report)
      else if (report.kind === 'loaded') storeLoaded(this.executable, report)
    }
    this.#reportsRead = reports.length
  }

  #hear(message: ProgramMessage, handle: SocketHandle | undefined): void {
    switch (message.kind) {
      case 'listening':
        this.keys.add(message.key)
        this.emit('listening', message.key, message.url, handle)
        return
      case 'closed':
        this.keys.delete(message.key)
        this.emit('closed', message.key)
        return
      case 'connection':
        if (handle) this.emit('connection', message.key, handle)
        return
      case 'inspector':
        this.emit('inspector', message.url)
        return
      case 'retired':
        this.emit('retired')
    }
  }
}
