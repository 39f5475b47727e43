// Paired samples: in each round every subject runs once, so that what the machine does in the
// meantime hits all of them alike. Ratios are taken round by round, before the median.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** For a build of what is compared with the node that runs this: another version has another speed. */
export const SAME_NODE = [`--runtime=node@${process.versions.node}`]

export interface Subject {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What it has to print, so that nothing is measured that does not work. */
  readonly prints?: RegExp
  /** Its file's pages are dropped before each run. */
  readonly isCold?: boolean
  /** What has to be done before each run, and is not timed. */
  readonly before?: () => void
}

export interface Sample {
  readonly name: string
  readonly medianMs: number
  readonly minimumMs: number
  /** Median over the rounds of time / time of the reference, and of the minima. */
  readonly ratio: number
  readonly minimumRatio: number
  /** Median over the rounds of time - time of the reference. */
  readonly differenceMs: number
}

/** @param subjects the first one is the reference of the ratios */
export function samplePaired(subjects: readonly Subject[], rounds: number): Sample[] {
  for (const subject of subjects) checkOutput(subject)
  const times = subjects.map((): number[] => [])
  for (const at of turns(subjects.length, rounds)) times[at]!.push(timeOf(subjects[at]!))
  return summarize(subjects, times)
}

/** The same up to the first byte that each prints. */
export async function sampleFirstOutput(subjects: readonly Subject[], rounds: number): Promise<Sample[]> {
  const times = subjects.map((): number[] => [])
  for (const at of turns(subjects.length, rounds)) times[at]!.push(await timeToOutput(subjects[at]!))
  return summarize(subjects, times)
}

/** Each round begins with another one: nobody always runs right after the largest. */
function turns(subjects: number, rounds: number): number[] {
  return Array.from({ length: subjects * rounds }, (_, i) => (i + Math.floor(i / subjects)) % subjects)
}

function summarize(subjects: readonly Subject[], times: readonly (readonly number[])[]): Sample[] {
  const reference = times[0]!
  return subjects.map(({ name }, i) => {
    const own = times[i]!
    const minimumMs = Math.min(...own)
    return {
      name,
      medianMs: median(own),
      minimumMs,
      ratio: median(own.map((time, round) => time / reference[round]!)),
      minimumRatio: minimumMs / Math.min(...reference),
      differenceMs: median(own.map((time, round) => time - reference[round]!)),
    }
  })
}

async function timeToOutput({ name, command, args, cwd, env }: Subject): Promise<number> {
  const begin = performance.now()
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'close')
  await Promise.race([once(child.stdout, 'data'), ended])
  const elapsed = performance.now() - begin
  child.stdout.resume()
  const [status] = (await ended) as [number | null]
  if (status !== 0) throw new Error(`${name} ended with ${status}`)
  return elapsed
}

function timeOf({ name, command, args, cwd, env, isCold, before }: Subject): number {
  before?.()
  if (isCold) dropPages(command)
  const begin = performance.now()
  const { status } = spawnSync(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'ignore' })
  const elapsed = performance.now() - begin
  if (status !== 0) throw new Error(`${name} ended with ${status}`)
  return elapsed
}

/** Of the page cache; coreutils' dd gives the advice. */
function dropPages(file: string): void {
  const { status } = spawnSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'])
  if (status !== 0) throw new Error(`the pages of ${file} cannot be dropped`)
}

/**
 * Also the run that warms the caches up.
 * @throws Error if it fails, or prints something else
 */
export function checkOutput({ name, command, args, cwd, env, prints }: Subject): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  if (status === 0 && (prints?.test(stdout) ?? true)) return
  throw new Error(`${name} ended with ${status}: ${stdout}${stderr}`, { cause: error })
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** A Markdown table with a row per sample. */
export function renderSamples(title: string, samples: readonly Sample[]): string {
  const rows = samples.map(({ name, medianMs, minimumMs, ratio, minimumRatio }) =>
    row([
      name,
      medianMs.toFixed(1),
      minimumMs.toFixed(1),
      `${ratio.toFixed(2)} ×`,
      `${minimumRatio.toFixed(2)} ×`,
    ]),
  )
  const head = row([title, 'median ms', 'minimum ms', 'ratio', 'ratio of minima'])
  return [head, '|---|---:|---:|---:|---:|', ...rows].join('\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
