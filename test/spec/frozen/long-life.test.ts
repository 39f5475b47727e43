// A frozen server that answers many requests, with workers, child processes, timers and garbage: it answers as
// plain node, beside it in the same run, and holds no more after a while than that does.
// INGOT_REQUESTS is how many each gets; `npm run stress` makes it two million.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { outcomeOf, printed } from '../../support/empty-root.ts'
import { installed } from '../../support/installed.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'
import { buildFrozen, FIXTURES, skip } from './frozen.fixture.ts'

const REQUESTS = Number(process.env['INGOT_REQUESTS'] ?? (THOROUGH ? 20_000 : 5000))
const CONNECTIONS = 16
const TIMEOUT_MS = 30 * 60_000

/** What is asked for at the number of a request; the last that fits. */
const MIX: readonly (readonly [every: number, ask: (n: number) => string])[] = [
  [1, () => get('/')],
  [5, (n) => post('/echo', { text: 'ä'.repeat(n % 3000) })],
  [20, () => get('/timer')],
  [50, (n) => get(`/allocate/${n % 256}`)],
  [100, () => get('/pack')],
  [130, () => get('/file')],
  [1000, (n) => get(`/worker/${n}`)],
  [1500, (n) => get(`/child/${n}`)],
]

const get = (url: string): string => `GET ${url} HTTP/1.1\r\nHost: test\r\n\r\n`
const post = (url: string, body: object): string => {
  const text = JSON.stringify(body)
  const head = `POST ${url} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: `
  return `${head}${Buffer.byteLength(text)}\r\n\r\n${text}`
}
const request = (n: number): string => MIX.findLast(([every]) => n % every === 0)![1](n)

/** One connection that is kept: asks, and gives the body of the answer. */
class Connection {
  readonly #socket: net.Socket
  #text = ''
  #waiting: PromiseWithResolvers<string> | undefined

  constructor(port: number) {
    this.#socket = net.connect(port, '127.0.0.1').setNoDelay().setEncoding('utf8')
    this.#socket.on('data', (text) => this.#receive(String(text)))
    this.#socket.on('error', (error) => this.#waiting?.reject(error))
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the server has closed the connection')))
  }

  ask(message: string): Promise<string> {
    this.#waiting = Promise.withResolvers()
    this.#socket.write(message)
    return this.#waiting.promise
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(text: string): void {
    this.#text += text
    const end = this.#text.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = Number(/content-length: (\d+)/i.exec(this.#text)?.[1])
    const body = this.#text.slice(end + 4)
    if (Buffer.byteLength(body) < length) return
    const { 0: status = '' } = this.#text.split('\r\n', 1)
    this.#text = ''
    const waiting = this.#waiting!
    this.#waiting = undefined
    if (status === 'HTTP/1.1 200 OK') waiting.resolve(body)
    else waiting.reject(new Error(`${status}: ${body}`))
  }
}

interface Usage {
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
  readonly descriptors: number
  readonly threads: number
  readonly mappings: number
}

class Server {
  readonly #child
  readonly #outcome
  readonly #connections: Connection[] = []

  constructor(command: string, args: readonly string[]) {
    const child = spawn(command, args, { env: { PATH: '/usr/bin:/bin' }, stdio: 'pipe' })
    this.#child = child
    this.#outcome = outcomeOf(child)
  }

  async connect(): Promise<void> {
    const port = Number((await printed(this.#child.stdout, /(?<=listening on )\d+(?=\n)/)).trim())
    for (let i = 0; i < CONNECTIONS; i++) this.#connections.push(new Connection(port))
  }

  async usage(): Promise<Usage> {
    return JSON.parse(await this.#connections[0]!.ask(get('/usage'))) as Usage
  }

  /** Each number once, over all connections; what was answered goes into a sum that does not know the order. */
  async answer(from: number, to: number): Promise<number> {
    let next = from
    let sum = 0
    const serve = async (connection: Connection) => {
      while (next < to) {
        const n = next++
        const body = await connection.ask(request(n))
        for (let i = 0; i < body.length; i++) sum = (sum + body.charCodeAt(i) * ((n + i) % 1009)) % 2 ** 32
      }
    }
    await Promise.all(this.#connections.map(serve))
    return sum
  }

  async end(): Promise<{
    status: number | null
    signal: string | null
    stderr: string
    started: string | undefined
  }> {
    for (const connection of this.#connections) connection.close()
    this.#child.kill('SIGTERM')
    const { status, signal, stdout, stderr } = await this.#outcome
    return { status, signal, stderr, started: /^started (\w+)/m.exec(stdout)?.[1] }
  }
}

if (THOROUGH)
  suite(`a server that answers ${REQUESTS} requests`, { skip, timeout: TIMEOUT_MS }, () => {
    const work = temporaryDirectory()
    const main = path.join(work, 'project/stress/fastify.mjs')
    let file: string
    before(async () => {
      if (skip) return
      const packages = path.join(await installed(path.join(FIXTURES, 'stress')), 'node_modules')
      cpSync(packages, path.join(work, 'project/stress/node_modules'), { recursive: true })
      file = await buildFrozen(work, 'stress/fastify.mjs')
    })

    test('holds no more than plain node', { timeout: TIMEOUT_MS }, async (context) => {
      const servers = [new Server(file, []), new Server(process.execPath, [main])] as const
      const both = <T>(what: (server: Server) => Promise<T>): Promise<[frozen: T, plain: T]> =>
        Promise.all([what(servers[0]), what(servers[1])])
      await both((server) => server.connect())
      const settled = Math.ceil(REQUESTS / 4)
      const [early, plainEarly] = await both((server) => server.answer(0, settled))
      assert.equal(early, plainEarly)
      const before = await both((server) => server.usage())
      const [late, plainLate] = await both((server) => server.answer(settled, REQUESTS))
      assert.equal(late, plainLate)
      const after = await both((server) => server.usage())
      const ended = await both((server) => server.end())

      for (const [i, name] of ['frozen', 'plain'].entries())
        context.diagnostic(`${name}: ${JSON.stringify(before[i])} ${JSON.stringify(after[i])}`)
      const ending = { status: 0, signal: null, stderr: '' }
      assert.deepEqual(ended, [
        { ...ending, started: 'thawed' },
        { ...ending, started: 'cold' },
      ])
      const [frozen, plain] = after
      assert.equal(frozen.descriptors, before[0].descriptors, 'descriptors stay open')
      assert.equal(frozen.threads, before[0].threads, 'threads stay')
      // Heaps are in different places each time: a tenth of what it may be is nothing.
      assert.ok(frozen.mappings < 1.5 * Math.max(before[0].mappings, plain.mappings), 'mappings stay')
      // What is compiled ahead is there from the start.
      const [grown, plainGrown] = after.map(({ heapUsed }, i) => heapUsed - before[i as 0 | 1].heapUsed) as [
        number,
        number,
      ]
      assert.ok(grown < plainGrown + 0.1 * plain.heapUsed, 'the heap grows')
      assert.ok(frozen.rss < 1.2 * plain.rss, 'memory grows')
      const growth = frozen.rss - before[0].rss - Math.max(0, plain.rss - before[1].rss)
      assert.ok(growth < 0.2 * plain.rss, `it grew by ${growth} more than plain node`)
    })
  })
