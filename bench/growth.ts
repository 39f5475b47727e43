// How a start and a build grow: with modules that a program uses, with files that are embedded, with bytes.

import { mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { INGOT } from '../test/support/commands.ts'
import { writeFiles } from '../test/support/files.ts'
import type { Series } from './chart.ts'
import { shortened } from './figures/subject.ts'
import { BUN } from './peers/bun.ts'
import { succeed } from './peers/peer.ts'
import { checkOutput, sampleFirstOutput, type Subject } from './sample.ts'

export interface Axis {
  readonly name: 'modules' | 'files' | 'bytes'
  readonly title: string
  readonly sizes: readonly number[]
  /** Writes a project whose main.mjs prints `hello`. */
  readonly write: (directory: string, size: number) => void
  /** What of it has to be embedded. */
  readonly embedded?: string
}

/** A directory of so many files would be slow for all of them. */
const PER_DIRECTORY = 100

const inDirectory = (name: string, i: number): string =>
  `${name}/${Math.floor(i / PER_DIRECTORY)}/${name}-${i}`

export const AXES: readonly Axis[] = [
  {
    name: 'modules',
    title: 'modules that the program uses',
    sizes: [10, 100, 1000, 10_000],
    write: (directory, size) => {
      const all = Array.from({ length: size }, (_, i) => i)
      writeFiles(directory, {
        ...Object.fromEntries(
          all.map((i) => [
            `${inDirectory('module', i)}.mjs`,
            `const values = [${i}, ${i + 1}, ${i + 2}]\nexport function value${i}() {\n  return values.reduce((sum, value) => sum + value, 0)\n}\n`,
          ]),
        ),
        'main.mjs': [
          ...all.map((i) => `import { value${i} } from './${inDirectory('module', i)}.mjs'\n`),
          `const sum = [${all.map((i) => `value${i}`).join(', ')}].reduce((sum, value) => sum + value(), 0)\n`,
          `console.log(sum > 0 ? 'hello' : sum)\n`,
        ].join(''),
      })
    },
  },
  {
    name: 'files',
    title: 'embedded files',
    sizes: [10, 100, 1000, 10_000, 100_000],
    write: (directory, size) => {
      for (let i = 0; i < size; i++) {
        const file = path.join(directory, `${inDirectory('file', i)}.txt`)
        if (i % PER_DIRECTORY === 0) mkdirSync(path.dirname(file), { recursive: true })
        writeFileSync(file, `file ${i}\n`)
      }
      writeFiles(directory, { 'main.mjs': `console.log('hello')\n` })
    },
    embedded: 'file',
  },
  {
    name: 'bytes',
    title: 'bytes of embedded files',
    sizes: [1e6, 1e7, 1e8, 1e9, 2e9],
    write: (directory, size) => {
      writeFiles(directory, { 'main.mjs': `console.log('hello')\n`, 'asset.bin': '' })
      // A hole in the source takes no room; executables have all of it.
      truncateSync(path.join(directory, 'asset.bin'), size)
    },
    embedded: 'asset.bin',
  },
]

export interface Measured {
  readonly by: string
  /** To the first output. */
  readonly startMs?: number
  readonly startMinimumMs?: number
  readonly buildS?: number
  readonly sizeMB?: number
  readonly error?: string
}

export interface Step {
  readonly size: number
  readonly measured: readonly Measured[]
}

export interface Growth {
  readonly axis: Axis['name']
  readonly title: string
  readonly steps: readonly Step[]
}

export interface GrowthOptions {
  readonly work: string
  readonly node: string
  readonly rounds: number
  readonly log: (line: string) => void
}

export async function measureGrowth(
  { name, title, sizes, ...axis }: Axis,
  options: GrowthOptions,
): Promise<Growth> {
  const steps: Step[] = []
  prepareBase(options)
  for (const size of sizes) {
    options.log(`${name}: ${size}`)
    const directory = path.join(options.work, `${name}-${size}`)
    writeFiles(directory, { 'package.json': { name: 'growth', type: 'module' } })
    axis.write(directory, size)
    const measured = await measureStep(directory, axis.embedded, options)
    for (const { by, startMinimumMs, buildS, error } of measured)
      options.log(
        `  ${by}: ${error ?? `start ${startMinimumMs?.toFixed(1)} ms, build ${buildS?.toFixed(1) ?? '—'} s`}`,
      )
    steps.push({ size, measured })
    rmSync(directory, { recursive: true, force: true })
  }
  return { axis: name, title, steps }
}

/** So that the first one is not the one that fills the cache. */
function prepareBase({ work, node }: GrowthOptions): void {
  const directory = path.join(work, 'first')
  writeFiles(directory, { 'package.json': { name: 'growth' }, 'main.mjs': '' })
  const env = { XDG_CACHE_HOME: path.join(work, 'cache') }
  succeed({ command: node, args: [INGOT, 'build', 'main.mjs', '-o', 'by-ingot', '-q'], env }, directory)
}

/** What a slow program gets of the rounds. */
const LONGEST_S = 20

async function measureStep(
  directory: string,
  embedded: string | undefined,
  { work, node, rounds }: GrowthOptions,
): Promise<Measured[]> {
  const builds = [
    {
      by: 'ingot',
      command: node,
      args: [
        INGOT,
        'build',
        '-q',
        'main.mjs',
        '-o',
        'by-ingot',
        ...(embedded ? ['--include', embedded] : []),
      ],
      // What other builds of this machine leave there is not of this run.
      env: { XDG_CACHE_HOME: path.join(work, 'cache') },
    },
    {
      by: 'bun',
      command: BUN,
      args: [
        'build',
        '--compile',
        'main.mjs',
        '--outfile',
        'by-bun',
        ...(embedded ? [`--asset=${embedded}`] : []),
      ],
    },
  ].map(({ by, ...command }): Measured => {
    const begin = performance.now()
    try {
      succeed(command, directory)
      const buildS = (performance.now() - begin) / 1000
      return { by, buildS, sizeMB: statSync(path.join(directory, `by-${by}`)).size / 1e6 }
    } catch (error) {
      return { by, error: shortened((error as Error).message) }
    }
  })
  const buildOf = (by: string): Measured | undefined => builds.find((build) => build.by === by)
  const subjects = [
    { name: 'node', command: node, args: ['main.mjs'] },
    { name: 'ingot', command: path.join(directory, 'by-ingot'), args: [] },
    {
      name: 'ingot, cold',
      command: path.join(directory, 'by-ingot'),
      args: [],
      env: { INGOT_START: 'cold' },
    },
    { name: 'bun', command: path.join(directory, 'by-bun'), args: [] },
  ]
    .filter(({ name }) => buildOf(name.split(',')[0]!)?.error === undefined)
    .map((subject): Subject => ({ ...subject, cwd: directory, prints: /^hello\n$/ }))
  const begin = performance.now()
  for (const subject of subjects) checkOutput(subject)
  const oneRoundS = (performance.now() - begin) / 1000
  const few = Math.max(3, Math.min(rounds, Math.floor(LONGEST_S / oneRoundS)))
  const samples = await sampleFirstOutput(subjects, few)
  return [
    ...samples.map(({ name, medianMs, minimumMs }) => ({
      ...buildOf(name),
      by: name,
      startMs: medianMs,
      startMinimumMs: minimumMs,
    })),
    ...builds.filter(({ error }) => error !== undefined),
  ]
}

export function seriesOf({ steps }: Growth, key: 'startMs' | 'buildS'): Series[] {
  const names = [...new Set(steps.flatMap(({ measured }) => measured.map(({ by }) => by)))]
  return names
    .map((name) => ({
      name,
      points: steps.flatMap(({ size, measured }): (readonly [number, number])[] => {
        const value = measured.find(({ by }) => by === name)?.[key]
        return value === undefined ? [] : [[size, value]]
      }),
    }))
    .filter(({ points }) => points.length > 0)
}
