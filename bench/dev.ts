// From a saved file to the first answer of the new program: `ingot dev` beside `node --watch` and `bun --watch`, with a
// server of many modules that answers requests all the time.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { median } from './sample.ts'

export interface Watcher {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

export interface EditSample {
  readonly name: string
  readonly medianMs: number
  readonly minimumMs: number
  /** Median over the rounds of time / time of the first. */
  readonly ratio: number
  /** Of the load, from the first edit to the end. */
  readonly requests: number
  readonly failed: number
}

const CLIENTS = 8
const PAUSE_MS = 5
const LONGEST_MS = 30_000
/** An edit follows the last one when all is quiet again. */
const BETWEEN_EDITS_MS = 500

/**
 * A Fastify server of so many modules, each a plugin of its own.
 * @param packages a directory with node_modules that has fastify
 */
export function writeServer(directory: string, modules: number, packages: string): void {
  mkdirSync(path.join(directory, 'src'), { recursive: true })
  symlinkSync(path.join(packages, 'node_modules'), path.join(directory, 'node_modules'))
  const put = (name: string, text: string) => writeFileSync(path.join(directory, name), text)
  put('package.json', '{ "name": "server", "type": "module", "dependencies": { "fastify": "*" } }')
  const routes = Array.from({ length: modules - 2 }, (_, i) => i)
  for (const i of routes) {
    const below = [2 * i + 1, 2 * i + 2].filter((other) => other < routes.length)
    put(
      `src/route-${i}.ts`,
      `${below.map((other) => `import { route as route${other} } from './route-${other}.ts'\n`).join('')}import type { FastifyInstance } from 'fastify'

interface Answer {
  readonly id: number
  readonly tags: readonly string[]
}
const ANSWER: Answer = { id: ${i}, tags: ['a', 'b'] }
function describe({ id, tags }: Answer, prefix = ''): string {
  return \`\${prefix}\${id}: \${tags.join(', ')}\`
}
export function route(app: FastifyInstance): void {
  app.get('/${i}', async () => ({ text: describe(ANSWER, 'route ') }))
${below.map((other) => `  route${other}(app)\n`).join('')}}
`,
    )
  }
  put(
    'src/main.ts',
    `import fastify from 'fastify'
import { route } from './route-0.ts'
import { version } from './version.ts'
const app = fastify()
app.get('/', async () => version)
route(app)
await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
`,
  )
  writeVersion(directory, 0)
}

export function writeVersion(directory: string, version: number): void {
  writeFileSync(path.join(directory, 'src/version.ts'), `export const version: string = '${version}'\n`)
}

/** Edits are taken in turn. @param watchers the first one is the reference of the ratios */
export async function sampleEdits(
  watchers: readonly Watcher[],
  edits: number,
  makeServer: (name: string) => string,
): Promise<EditSample[]> {
  const servers = watchers.map((watcher, i) => new WatchedServer(watcher, makeServer(String(i)), 20_300 + i))
  const times = watchers.map((): number[] => [])
  try {
    for (const server of servers) await server.answers('0')
    for (let edit = 1; edit <= edits; edit++) {
      for (const [i, server] of servers.entries()) {
        const load = server.load()
        await delay(BETWEEN_EDITS_MS / 2)
        times[i]!.push(await server.edit(edit))
        await delay(BETWEEN_EDITS_MS / 2)
        await load.end()
      }
    }
  } finally {
    for (const server of servers) server.end()
  }
  return watchers.map(({ name }, i) => ({
    name,
    medianMs: median(times[i]!),
    minimumMs: Math.min(...times[i]!),
    ratio: median(times[i]!.map((time, round) => time / times[0]![round]!)),
    requests: servers[i]!.requests,
    failed: servers[i]!.failed,
  }))
}

class WatchedServer {
  requests = 0
  failed = 0
  readonly #directory: string
  readonly #port: number
  readonly #child: ChildProcess

  constructor({ command, args }: Watcher, directory: string, port: number) {
    this.#directory = directory
    this.#port = port
    const env = { ...process.env, PORT: String(port) }
    this.#child = spawn(command, args, { cwd: directory, env, stdio: 'ignore' })
  }

  /** Milliseconds until it does. */
  async answers(text: string): Promise<number> {
    const begin = performance.now()
    while ((await this.#ask().catch(() => undefined)) !== text) {
      if (performance.now() - begin > LONGEST_MS) throw new Error(`${this.#directory}: no answer ${text}`)
      await delay(1)
    }
    return performance.now() - begin
  }

  edit(version: number): Promise<number> {
    writeVersion(this.#directory, version)
    return this.answers(String(version))
  }

  /** Clients that ask all the time, one half over connections that they keep. */
  load(): { end(): Promise<void> } {
    const over = new AbortController()
    const kept = new http.Agent({ keepAlive: true })
    const clients = Array.from({ length: CLIENTS }, async (_, i) => {
      while (!over.signal.aborted) {
        this.requests++
        await this.#ask(i % 2 === 0 ? kept : undefined).catch(() => this.failed++)
        await delay(PAUSE_MS)
      }
    })
    const end = async () => {
      over.abort()
      await Promise.all(clients)
      kept.destroy()
    }
    return { end }
  }

  end(): void {
    this.#child.kill()
  }

  #ask(agent = new http.Agent()): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const request = http.get({ host: '127.0.0.1', port: this.#port, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text)).on('error', reject)
    })
    request.on('error', reject)
    return promise
  }
}

/** A Markdown table with a row per watcher. */
export function renderEdits(samples: readonly EditSample[]): string {
  const rows = samples.map(
    ({ name, medianMs, minimumMs, ratio, requests, failed }) =>
      `| ${name} | ${medianMs.toFixed(0)} | ${minimumMs.toFixed(0)} | ${ratio.toFixed(2)} × | ${failed} of ${requests} |`,
  )
  const head = '| save to first answer | median ms | minimum ms | ratio | failed requests |'
  return [head, '|---|---:|---:|---:|---:|', ...rows].join('\n')
}
