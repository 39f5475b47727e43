// The sockets that the processes of a program listen on, one process after the other. They are held here as well, so
// that they outlive each of them: who connects in between waits, and is not refused.

import { rmSync } from 'node:fs'

import type { KeptSocket, SocketHandle } from './instance.ts'

export class KeptSockets {
  #all: readonly KeptSocket[] = []

  /** Another list whenever it is a different one. */
  get all(): readonly KeptSocket[] {
    return this.#all
  }

  /** @param handle missing for one that is held already */
  add(key: string, handle: SocketHandle | undefined): void {
    if (handle) this.#all = [...this.#all, { key, handle }]
  }

  /** Lets go of those that nobody listens on any more. */
  keep(keys: ReadonlySet<string>): void {
    this.#release(this.#all.filter(({ key }) => !keys.has(key)))
  }

  /** Of several with this key it may be any: they are bound to some port. */
  remove(key: string): void {
    this.#release(this.#all.filter((socket) => socket.key === key).slice(-1))
  }

  #release(sockets: readonly KeptSocket[]): void {
    if (sockets.length === 0) return
    for (const socket of sockets) release(socket)
    this.#all = this.#all.filter((socket) => !sockets.includes(socket))
  }
}

/** A path in the file system would stay, and be in the way of whoever wants to listen there next. */
function release({ key, handle }: KeptSocket): void {
  handle.close()
  const [, name, port] = JSON.parse(key) as [bind: string, name: string, port?: number]
  if (port === undefined && !name.startsWith('\0')) rmSync(name, { force: true })
}
