// A server: what it holds in memory, and how many requests it answers. All servers are up at once, and loaded in turns,
// each on the same core, with the load on another.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

import { NO_COMPILE_CACHE } from '../programs.ts'
import { median } from '../sample.ts'
import { requestsPerSecond } from '../wrk.ts'
import type { FigureName, Value } from './figure.ts'
import { shortened, type Built } from './subject.ts'

const SETTLE_MS = 2000
/** One core each, if there are two. */
const CORES = cpus().length > 1 ? { server: '0', load: '1' } : { server: '0', load: '0' }
const LOAD = { seconds: 2, connections: 32, processor: CORES.load }

interface Server {
  readonly built: Built
  readonly child: ChildProcess
  readonly port: string
}

export async function servers(built: readonly Built[], rounds: number): Promise<Value[]> {
  const running: Server[] = []
  const values: Value[] = []
  const add = (figure: FigureName, { built }: Server, value: number, extreme?: number): void => {
    const of = built.project.program.name
    values.push({ figure, of, peer: built.peer.name, value, ...(extreme !== undefined && { extreme }) })
  }
  try {
    for (const one of built) {
      try {
        running.push(await start(one))
      } catch (error) {
        const common = { of: one.project.program.name, peer: one.peer.name }
        values.push({ figure: 'throughput', ...common, error: shortened((error as Error).message) })
      }
    }
    await sleep(SETTLE_MS)
    for (const server of running) {
      const { rss, pss } = memoryOf(server.child.pid!)
      add('memory-idle', server, rss)
      add('memory-idle-pss', server, pss)
    }
    for (const server of running) load(server)
    const rates = running.map((): number[] => [])
    for (let i = 0; i < rounds * running.length; i++) {
      const at = (i + Math.floor(i / running.length)) % running.length
      rates[at]!.push(load(running[at]!))
    }
    for (const [i, server] of running.entries()) {
      add('throughput', server, median(rates[i]!), Math.max(...rates[i]!))
      add('memory-loaded', server, memoryOf(server.child.pid!).rss)
    }
    return values
  } finally {
    for (const { child } of running) for (const pid of familyOf(child.pid!)) process.kill(pid, 'SIGKILL')
  }
}

async function start(built: Built): Promise<Server> {
  const { command, args, project } = built
  const child = spawn('taskset', ['-c', CORES.server, command, ...args, 'serve'], {
    cwd: project.directory,
    env: { ...process.env, ...NO_COMPILE_CACHE },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'exit').then(([status]) =>
    Promise.reject(new Error(`the server ended with ${status}`)),
  )
  ended.catch(() => {})
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer]
  return { built, child, port: line.toString().trim() }
}

function load({ built, port }: Server): number {
  try {
    return requestsPerSecond(`http://127.0.0.1:${port}/`, LOAD)
  } catch (cause) {
    throw new Error(`of ${built.peer.name}`, { cause })
  }
}

/** In MB, of a process and all below it. */
function memoryOf(pid: number): { rss: number; pss: number } {
  let rss = 0
  let pss = 0
  for (const one of familyOf(pid)) {
    rss += kilobytes(readFileSync(`/proc/${one}/status`, 'utf8'), 'VmRSS')
    pss += kilobytes(readFileSync(`/proc/${one}/smaps_rollup`, 'utf8'), 'Pss')
  }
  return { rss: (rss * 1024) / 1e6, pss: (pss * 1024) / 1e6 }
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
}

function familyOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(familyOf)]
}
