// Embedded files against files on disk: the programs of test/fixtures/throughput, built, and under plain
// Node. Show 5 of test/spec/throughput.test.ts and `npm run bench -- files` both measure with this.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { ingotBuild, REPOSITORY } from '../test/support/commands.ts'
import { median, SAME_NODE } from './sample.ts'

const FIXTURES = path.join(REPOSITORY, 'test/fixtures/throughput')
const FILES_PER_DIRECTORY = 100

/** Nothing but the thread's own work: what else the machine does can be left out of its time. */
const SYNCHRONOUS = ['readFileSync', 'readFileSync utf8', 'openSync, readSync, closeSync']
/**
 * How much faster a process's first pass is at least. Node reads several files at a time in four threads; of few
 * files, most is what the program itself does for the first time.
 */
export const leastFirstRatio = (way: string, files: number): number =>
  files >= 10_000 && SYNCHRONOUS.includes(way) ? 3 : 2

/** What test/fixtures/throughput/read.mjs knows and has to be three times as fast. */
export const WAYS = [
  ...SYNCHRONOUS,
  'readFile, one by one',
  'readFile, 32 at a time',
  'promises.readFile, one by one',
  'promises.readFile utf8, one by one',
  'promises.readFile, 100 at a time',
  'promises.readFile utf8, 100 at a time',
]
/** 20 MB of content that is there at once: both wait for memory. */
export const ALL_AT_ONCE = ['readFile, all at once', 'promises.readFile, all at once']

/** A program of the fixtures, to be run by node in `cwd` and as an executable. */
export interface Program {
  readonly script: string
  readonly out: string
  readonly cwd: string
}

async function build(name: string, cwd: string, embedded: string): Promise<Program> {
  const out = path.join(cwd, 'out')
  await ingotBuild([`${name}.mjs`, '-o', out, `--include=${embedded}`, ...SAME_NODE], { cwd })
  return { script: `${name}.mjs`, out, cwd }
}

function project(directory: string): string {
  cpSync(FIXTURES, directory, { recursive: true })
  return directory
}

/** With so many files beside it; `sizeOf` gives each one's. */
export function programWithFiles(
  directory: string,
  { name, count, sizeOf }: { name: 'read' | 'hello'; count: number; sizeOf: (index: number) => number },
): Promise<Program> {
  project(directory)
  for (let i = 0; i < count; i++) {
    const parent = path.join(directory, 'files', `directory-${Math.floor(i / FILES_PER_DIRECTORY)}`)
    if (i % FILES_PER_DIRECTORY === 0) mkdirSync(parent, { recursive: true })
    writeFileSync(path.join(parent, `file-${i}.txt`), `file ${i} `.repeat(sizeOf(i) / 8).slice(0, sizeOf(i)))
  }
  return build(name, directory, 'files')
}

/** 200 bytes to 4 kB, as sources and templates are. */
export const sourceSize = (index: number): number => 200 + ((index * 7919) % 3800)

/** With one asset of so many zeros, which takes no room on the disk. */
export function programWithAsset(directory: string, size: number): Promise<Program> {
  const asset = path.join(project(directory), 'asset.bin')
  writeFileSync(asset, '')
  truncateSync(asset, size)
  return build('asset', directory, 'asset.bin')
}

/** What a program prints as JSON, under plain Node and inside. */
export function runBoth<T>({ script, out, cwd }: Program, args: readonly string[]): { plain: T; inside: T } {
  return { plain: read(process.execPath, [script, ...args], cwd) as T, inside: read(out, args, cwd) as T }
}

function read(command: string, args: readonly string[], cwd: string): unknown {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

interface ReadReport {
  readonly files: number
  readonly characters: number
  readonly times: readonly number[]
  /** What of the times the thread was at work. */
  readonly working: readonly number[]
}

export interface ReadSample {
  readonly way: string
  readonly files: number
  /** Of the first pass, in which much is compiled still, and of the best one; medians over the rounds. */
  readonly plainMs: { readonly first: number; readonly best: number }
  readonly insideMs: { readonly first: number; readonly best: number }
  /** Of the medians, and of the least that either needed: what else the machine does only adds. */
  readonly ratio: number
  readonly minimumRatio: number
  /** Of the least that a first pass needed: of the thread's own work, if it is synchronous. */
  readonly minimumFirstRatio: number
}

const PASSES = 6

/** @param isEnough asked after each round but the first two: whether what is known by then will do */
export function sampleReads(
  program: Program,
  way: string,
  rounds: number,
  isEnough: (sample: ReadSample) => boolean = () => false,
): ReadSample {
  const plain: ReadReport[] = []
  const inside: ReadReport[] = []
  for (;;) {
    const both = runBoth<ReadReport>(program, [way, String(PASSES)])
    if (both.plain.characters !== both.inside.characters)
      throw new Error(`${way} reads something else inside`)
    plain.push(both.plain)
    inside.push(both.inside)
    const sample = summary(way, plain, inside)
    if (plain.length === rounds || (plain.length > 1 && isEnough(sample))) return sample
  }
}

function summary(way: string, plain: readonly ReadReport[], inside: readonly ReadReport[]): ReadSample {
  const timesOf = (reports: readonly ReadReport[]) => ({
    first: median(reports.map(({ times }) => times[0]!)),
    best: median(reports.map(({ times }) => Math.min(...times))),
  })
  const minimumOf = (reports: readonly ReadReport[]) => Math.min(...reports.flatMap(({ times }) => times))
  const measured = SYNCHRONOUS.includes(way) ? 'working' : 'times'
  const firstOf = (reports: readonly ReadReport[]) =>
    Math.min(...reports.map((report) => report[measured][0]!))
  const [plainMs, insideMs] = [timesOf(plain), timesOf(inside)]
  return {
    way,
    files: plain[0]!.files,
    plainMs,
    insideMs,
    ratio: plainMs.best / insideMs.best,
    minimumRatio: minimumOf(plain) / minimumOf(inside),
    minimumFirstRatio: firstOf(plain) / firstOf(inside),
  }
}

export function renderReads(samples: readonly ReadSample[]): string {
  const rows = samples.map(({ way, plainMs, insideMs, ...ratios }) => {
    const times = [plainMs.first, insideMs.first, plainMs.best, insideMs.best].map((ms) => ms.toFixed(1))
    const { ratio, minimumRatio, minimumFirstRatio } = ratios
    const columns = [ratio, minimumRatio, minimumFirstRatio].map((times) => `${times.toFixed(1)} ×`)
    return `| ${[way, ...times, ...columns].join(' | ')} |`
  })
  return [
    `| read ${samples[0]?.files} files | node, first pass, ms | inside | node, best pass | inside | ratio | of minima | of first passes' minima |`,
    '|---|---:|---:|---:|---:|---:|---:|---:|',
    ...rows,
  ].join('\n')
}
