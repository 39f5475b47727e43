// Debian's wrk, one thread of it on a processor of its own.

import { spawnSync } from 'node:child_process'

import { needsDebian } from './debian.ts'

export interface Load {
  readonly seconds: number
  readonly connections: number
  /** Number of the processor that wrk runs on. */
  readonly processor: string
}

/** Over connections that stay open. @throws if an answer is none, or another status than 2xx or 3xx */
export function requestsPerSecond(url: string, { seconds, connections, processor }: Load): number {
  needsDebian('wrk')
  const options = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '30s']
  const { status, stdout, stderr } = spawnSync('taskset', ['-c', processor, 'wrk', ...options, url], {
    encoding: 'utf8',
  })
  const [, rate] = /Requests\/sec:\s+([\d.]+)/.exec(stdout) ?? []
  if (status !== 0 || rate === undefined || /Non-2xx|connect [1-9]/.test(stdout))
    throw new Error(`wrk ${url}: ${stdout}${stderr}`)
  return Number(rate)
}
