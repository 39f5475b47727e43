// Listening sockets outlive a process: the next one goes on with them, so that no connection is refused, and none
// waits for longer than the new program needs to start. Connections on which everything is answered are handed over,
// too: a client that keeps one open sees nothing of it, and has its next answer from the new program.

import type fs from 'node:fs'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { Order, ProgramMessage } from '../../format/development.ts'
import type { Internals } from '../internals.ts'
import type { Channel } from './channel.ts'

/** node's handles of sockets, as far as they are used here. */
interface Handle {
  open(descriptor: number): number
  close(): void
  readStop(): number
  getsockname?(out: object): number
  getProviderType(): number
  onconnection(status: number, client: unknown): void
}

interface Listening {
  readonly key: string
  /** Of a socket in the file system that this process has made: libuv removes it when it is closed. */
  readonly path: string | undefined
}

export class KeptSockets {
  readonly #channel: Channel
  readonly #onListening: () => void
  readonly #fs: typeof fs
  /** Where a handle has its socket. */
  readonly #owner: symbol
  /** From the processes before, by where they are bound. */
  readonly #inherited: { key: string; descriptor: number }[]
  readonly #listening = new Map<Handle, Listening>()
  #isRetiring = false
  /** All that are open, and some that were. */
  #connections = new Set<Connection>()
  #pruneAt = 64
  readonly #handedOver = new WeakSet<Connection>()
  /** Servers whose next answers are looked at. */
  readonly #watched = new Set<HttpServer>()

  /** @param onListening called before it is said that one does */
  constructor(
    { requireBuiltin, symbols }: Internals,
    sockets: Order['sockets'],
    channel: Channel,
    onListening: () => void,
  ) {
    this.#channel = channel
    this.#onListening = onListening
    this.#fs = requireBuiltin('fs')
    this.#owner = symbols['owner_symbol']!
    this.#inherited = [...sockets]
    const { internalBinding } = requireBuiltin('internal/test/binding')
    const { TCPSERVERWRAP, PIPESERVERWRAP } = internalBinding('async_wrap').Providers
    const isServer = (handle: Handle) => [TCPSERVERWRAP, PIPESERVERWRAP].includes(handle.getProviderType())
    for (const { prototype } of [internalBinding('tcp_wrap').TCP, internalBinding('pipe_wrap').Pipe])
      this.#watch(prototype, isServer)
  }

  /** A connection that the process before has handed over. */
  accept(key: string, client: any): void {
    const [handle] = [...this.#listening].find(([, listening]) => listening.key === key) ?? []
    if (handle) handle.onconnection(0, client)
    else client.close()
  }

  /** Another process listens on the same sockets now: this one answers what it has been asked, and no more. */
  retire(): void {
    this.#isRetiring = true
    // Connections that wait to be sent keep nobody alive.
    this.#channel.channel.ref()
    for (const [handle, { path }] of this.#listening) this.#stopListening(handle, path)
    const look = (): void => {
      const open = this.#open()
      for (const socket of open) this.#watchAnswers(socket.server)
      this.#handOver(open)
      if (open.some(isAnswering)) setTimeout(look, LOOK_EVERY_MS)
      else this.#tell({ kind: 'retired' })
    }
    look()
  }

  #tell(message: ProgramMessage, handle?: Handle, sent?: () => void): void {
    this.#channel.send(message, handle, {}, sent)
  }

  #watch(prototype: any, isServer: (handle: Handle) => boolean): void {
    const bound = new WeakMap<Handle, Listening & { readonly isInherited: boolean }>()
    const inherit = (key: string) => {
      const at = this.#inherited.findIndex((socket) => socket.key === key)
      return at === -1 ? undefined : this.#inherited.splice(at, 1)[0]!.descriptor
    }
    for (const name of ['bind', 'bind6']) {
      const bind = prototype[name]
      if (!bind) continue
      prototype[name] = function (this: Handle, ...args: unknown[]) {
        if (!isServer(this)) return Reflect.apply(bind, this, args)
        const key = JSON.stringify([name, ...args])
        const descriptor = inherit(key)
        const isInherited = descriptor !== undefined && this.open(descriptor) === 0
        const result: number = isInherited ? 0 : Reflect.apply(bind, this, args)
        const path = args.length === 1 && !isInherited ? String(args[0]) : undefined
        if (result === 0) bound.set(this, { key, path, isInherited })
        return result
      }
    }
    const { listen } = prototype
    const announce = (handle: Handle) => {
      const socket = bound.get(handle)
      if (!socket || this.#listening.has(handle)) return
      this.#listening.set(handle, socket)
      this.#watchConnections(handle)
      const { key, isInherited } = socket
      this.#onListening()
      this.#tell({ kind: 'listening', key, url: urlOf(handle) }, isInherited ? undefined : handle)
    }
    const { close } = prototype
    const onClose = (handle: Handle) => {
      const socket = this.#listening.get(handle)
      if (!socket || this.#isRetiring) return
      // By the program itself: then nobody is to wait for it.
      this.#listening.delete(handle)
      this.#tell({ kind: 'closed', key: socket.key })
    }
    prototype.close = function (this: Handle, ...args: unknown[]) {
      onClose(this)
      return Reflect.apply(close, this, args)
    }
    prototype.listen = function (this: Handle, ...args: unknown[]) {
      const result: number = Reflect.apply(listen, this, args)
      if (result === 0) announce(this)
      return result
    }
  }

  #stopListening(handle: Handle, path: string | undefined): void {
    const isFile = path !== undefined && !path.startsWith('\0')
    const second = `${path}.${process.pid}`
    if (isFile) this.#fs.linkSync(path, second)
    handle.close()
    if (isFile) this.#fs.renameSync(second, path)
  }

  #watchConnections(handle: Handle): void {
    const { onconnection } = handle
    const add = (client: any) => this.#connections.add(client[this.#owner])
    const prune = () => this.#prune()
    handle.onconnection = function (status, client) {
      Reflect.apply(onconnection, this, [status, client])
      if (!client) return
      add(client)
      prune()
    }
  }

  #prune(): void {
    if (this.#connections.size < this.#pruneAt) return
    this.#connections = new Set([...this.#connections].filter((socket) => !socket.destroyed))
    this.#pruneAt = 2 * Math.max(32, this.#connections.size)
  }

  /** Open ones of servers that speak HTTP. */
  #open(): Connection[] {
    return [...this.#connections].filter((socket) => {
      const server: HttpServer | undefined | null = socket.server
      return !socket.destroyed && server?._handle != null && 'closeIdleConnections' in server
    })
  }

  #watchAnswers(server: HttpServer): void {
    if (this.#watched.has(server)) return
    this.#watched.add(server)
    const onAnswered = (): void => this.#handOver(this.#open())
    for (const socket of this.#open()) socket._httpMessage?.once('close', onAnswered)
    server.prependListener('request', (_request, response) => response.once('close', onAnswered))
  }

  /** Those on which nothing is under way. What a client sends in the meantime waits in the kernel. */
  #handOver(open: readonly Connection[]): void {
    for (const socket of idle(open)) {
      // On its way, behind others.
      if (this.#handedOver.has(socket)) continue
      this.#handedOver.add(socket)
      const { key } = this.#listening.get(socket.server._handle!)!
      // An encrypted one has a state that only this process knows.
      if (socket.encrypted || !socket._handle) {
        socket.destroy()
        continue
      }
      socket._handle.readStop()
      this.#tell({ kind: 'connection', key }, socket._handle, () => socket.destroy())
    }
  }
}

interface HttpServer {
  readonly _handle: Handle | null
  closeIdleConnections(): void
  prependListener(event: 'request', listener: (request: unknown, response: ServerResponse) => void): void
}

type Connection = Socket & {
  readonly _handle: Handle | null
  /** The response being made. */
  readonly _httpMessage?: ServerResponse | null
  readonly server: HttpServer
  readonly encrypted?: boolean
}

const LOOK_EVERY_MS = 20

/**
 * node knows which they are, and tells nobody, but which of them it would close.
 * @param open all that their servers have: another one it would close
 */
function idle(open: readonly Connection[]): Connection[] {
  const found = new Set<Connection>()
  for (const socket of open) socket.destroy = () => (found.add(socket), socket)
  for (const server of new Set(open.map((socket) => socket.server))) server.closeIdleConnections()
  for (const socket of open) delete (socket as Partial<Connection>).destroy
  // Opened ahead, and nothing asked yet.
  for (const socket of open) if (socket.bytesRead === 0) found.add(socket)
  // The last answer is on its way, or the connection ends with it.
  return [...found].filter(
    ({ _httpMessage, writableLength, writableEnded }) =>
      !_httpMessage && writableLength === 0 && !writableEnded,
  )
}

/** Somebody waits for an end: not a stream of events, nor what is no HTTP any more. */
function isAnswering(socket: Connection): boolean {
  if (socket.destroyed || socket.bytesRead === 0) return false
  const isEvents = String(socket._httpMessage?.getHeader('content-type')).startsWith('text/event-stream')
  return !isEvents && (socket as { parser?: unknown }).parser != null
}

/** Where a browser finds it. */
function urlOf(handle: Handle): string | undefined {
  const name: { address?: string; port?: number; family?: string } = {}
  if (!handle.getsockname || handle.getsockname(name) !== 0) return undefined
  const isAnywhere = name.address === '::' || name.address === '0.0.0.0'
  const host = isAnywhere ? 'localhost' : name.family === 'IPv6' ? `[${name.address}]` : name.address
  return `http://${host}:${name.port}`
}
