// A debugger, as Chrome and VS Code speak to one.

import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'

interface Paused {
  readonly callFrames: readonly {
    readonly callFrameId: string
    readonly functionName: string
    readonly url: string
    readonly location: { readonly scriptId: string; readonly lineNumber: number }
  }[]
}

/** A client of the protocol (Chrome DevTools Protocol 1.3), as far as it is needed. */
export class Debugger {
  readonly scripts: { readonly scriptId: string; readonly url: string; readonly sourceMapURL: string }[] = []
  readonly #socket: WebSocket
  readonly #answers = new Map<number, (result: any) => void>()
  readonly #paused: Paused[] = []
  #last = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const { id, method, params, result, error } = JSON.parse(String(data))
      if (id !== undefined) this.#answers.get(id)?.(error ?? result)
      if (method === 'Debugger.scriptParsed') this.scripts.push(params)
      if (method === 'Debugger.paused') this.#paused.push(params)
    })
  }

  static async connect(url: string): Promise<Debugger> {
    const socket = new WebSocket(url)
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
    await promise
    return new Debugger(socket)
  }

  send(method: string, params: object = {}): Promise<any> {
    const id = ++this.#last
    this.#socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve) => this.#answers.set(id, resolve))
  }

  async paused(): Promise<Paused['callFrames'][number]> {
    for (let i = 0; i < 2000 && this.#paused.length === 0; i++) await delay(5)
    const frame = this.#paused.shift()?.callFrames[0]
    assert.ok(frame, 'it stops')
    return frame
  }

  close(): void {
    this.#socket.close()
  }
}
