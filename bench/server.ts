// A server under load: the http example as an executable and under plain Node, in turn. Requests per second of wrk over
// connections that stay open, with the server on one processor and wrk on another; and the server's memory, before
// and after.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

import { ingotBuild, REPOSITORY } from '../test/support/commands.ts'
import { installed } from '../test/support/installed.ts'
import { median, SAME_NODE } from './sample.ts'
import { requestsPerSecond } from './wrk.ts'

export interface ServerSubject {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** In kB, of /proc/…/smaps_rollup. Pages of files are in `Rss` as far as the process has mapped them. */
const FIELDS = ['Rss', 'Pss', 'Pss_Anon', 'Private_Dirty'] as const
type Memory = Readonly<Record<(typeof FIELDS)[number], number>>

interface Round {
  readonly requests: number
  /** Per second in which the server had its processor: what else the machine does takes less away from that. */
  readonly requestsAtWork: number
  readonly idle: Memory
  readonly loaded: Memory
}

/** Medians over the rounds. */
export interface ServerSample extends Round {
  readonly name: string
}

export interface Load {
  readonly seconds: number
  readonly path: string
  readonly connections: number
}

const SERVER_PROCESSOR = '0'
const LOAD_PROCESSOR = '1'
const WARM_UP_SECONDS = 2
/** After the start, and after the load: timers have run, and V8's idle tasks. */
const SETTLE_MS = 1500

/** The http example under plain Node, as a frozen process and started cold. */
export async function serverSubjects(directory: string): Promise<ServerSubject[]> {
  const example = path.join(REPOSITORY, 'examples/http')
  const packages = await installed(example)
  for (const name of ['src', 'public', 'templates', 'package.json'])
    cpSync(path.join(example, name), path.join(directory, name), { recursive: true })
  symlinkSync(path.join(packages, 'node_modules'), path.join(directory, 'node_modules'))
  const out = path.join(directory, 'server')
  await ingotBuild(['-o', out, ...SAME_NODE], { cwd: directory })
  const node = { name: 'node', command: process.execPath, args: ['src/main.ts'], cwd: directory }
  const frozen = { name: 'ingot', command: out, args: [], cwd: directory }
  return [node, frozen, { ...frozen, name: 'ingot, cold', env: { INGOT_START: 'cold' } }]
}

/** @param subjects servers as the http example: they listen at $PORT, and say so */
export async function sampleServers(
  subjects: readonly ServerSubject[],
  rounds: number,
  load: Load,
): Promise<ServerSample[]> {
  const all = subjects.map((): Round[] => [])
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < subjects.length; i++) {
      const at = (i + round) % subjects.length
      all[at]!.push(await measure(subjects[at]!, load))
    }
  }
  return subjects.map(({ name }, i) => {
    const own = all[i]!
    const memory = (when: 'idle' | 'loaded') =>
      Object.fromEntries(
        FIELDS.map((field) => [field, median(own.map((round) => round[when][field]))]),
      ) as Memory
    return {
      name,
      requests: median(own.map(({ requests }) => requests)),
      requestsAtWork: median(own.map(({ requestsAtWork }) => requestsAtWork)),
      idle: memory('idle'),
      loaded: memory('loaded'),
    }
  })
}

async function measure(
  { command, args, cwd, env }: ServerSubject,
  { seconds, path, connections }: Load,
): Promise<Round> {
  // Becomes the server: taskset executes it.
  const server = spawn('taskset', ['-c', SERVER_PROCESSOR, command, ...args], {
    cwd,
    env: { ...process.env, ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const url = (await addressOf(server)) + path
    await delay(SETTLE_MS)
    const idle = memoryOf(server)
    const load = { connections, processor: LOAD_PROCESSOR }
    requestsPerSecond(url, { ...load, seconds: WARM_UP_SECONDS })
    const before = secondsAtWork(server)
    const requests = requestsPerSecond(url, { ...load, seconds })
    const requestsAtWork = (requests * seconds) / (secondsAtWork(server) - before)
    await delay(SETTLE_MS)
    return { requests, requestsAtWork, idle, loaded: memoryOf(server) }
  } finally {
    server.kill()
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  }
}

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: stdout! })) {
    const [address] = /http:\/\/\S+/.exec(line) ?? []
    if (address) return address
  }
  throw new Error('the server has ended before it listened')
}

/** proc(5): user and system time of all threads are the 14th and 15th field, in hundredths of a second. */
function secondsAtWork({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function memoryOf({ pid }: ChildProcess): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Object.fromEntries(
    FIELDS.map((field) => [field, Number(new RegExp(`^${field}: +(\\d+) kB`, 'm').exec(rollup)![1])]),
  ) as Memory
}

/** Two Markdown tables; the first sample is the reference of the ratios. */
export function renderServers(samples: readonly ServerSample[]): string {
  const [reference] = samples
  const beside = (value: number, peer: number) => `${(value / peer).toFixed(3)} ×`
  const speeds = samples.map(({ name, requests, requestsAtWork }) => {
    const ratios = [
      beside(requests, reference!.requests),
      requestsAtWork.toFixed(0),
      beside(requestsAtWork, reference!.requestsAtWork),
    ]
    return `| ${name} | ${requests.toFixed(0)} | ${ratios.join(' | ')} |`
  })
  const memory = samples.flatMap(({ name, ...sample }) =>
    (['idle', 'loaded'] as const).map((when) => {
      const figures = FIELDS.flatMap((field) => [
        (sample[when][field] / 1024).toFixed(1),
        beside(sample[when][field], reference![when][field]),
      ])
      return `| ${name}, ${when} | ${figures.join(' | ')} |`
    }),
  )
  return [
    '| server | requests per second | ratio | per second of processor time | ratio |',
    '|---|---:|---:|---:|---:|',
    ...speeds,
    '',
    `| MB | ${FIELDS.map((field) => `${field} | ratio`).join(' | ')} |`,
    `|---|${'---:|'.repeat(2 * FIELDS.length)}`,
    ...memory,
  ].join('\n')
}
