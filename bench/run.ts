// npm run bench [-- --runs 30] [--only peer,program,…] [--out bench/results]: Ingot against its peers on five programs, in
// one paired run; a page and data go to bench/results/.
// npm run bench -- growth: start and build against modules, embedded files and bytes; charts go to docs/.
// npm run bench -- starts: what a start costs, of six programs, from a warm page cache and from a cold one.
// npm run bench -- run: what a warm `ingot run` adds to the built file itself, through an executable and through Node.
// npm run bench -- dev [--runs 50]: from a saved file to the first answer, under load.
// npm run bench -- sealed: what seal, contract and verification add to a start.
// npm run bench -- files: reading embedded files against reading them from the disk.
// npm run bench -- server [--runs 10]: requests per second and memory of the http example.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

import { writeFiles } from '../test/support/files.ts'
import { installed } from '../test/support/installed.ts'
import { nativeIngot } from '../test/support/native-ingot.ts'
import { compare } from './compare.ts'
import { renderEdits, sampleEdits, writeServer } from './dev.ts'
import { ALL_AT_ONCE, programWithFiles, renderReads, sampleReads, sourceSize, WAYS } from './files.ts'
import { renderGrowth, withSection } from './growth-report.ts'
import { AXES, measureGrowth, type Growth } from './growth.ts'
import { machine } from './machine.ts'
import { BUN } from './peers/bun.ts'
import { renderComparison, renderVerdicts, verdictsOf } from './report.ts'
import { renderSamples, samplePaired, type Subject } from './sample.ts'
import { sealedSubjects } from './sealed.ts'
import { renderServers, sampleServers, serverSubjects } from './server.ts'
import { startSubjects } from './starts.ts'

const { values, positionals } = parseArgs({
  options: {
    runs: { type: 'string', default: '30' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: path.join(import.meta.dirname, 'results') },
  },
  allowPositionals: true,
})
const rounds = Number(values.runs)
const repository = path.join(import.meta.dirname, '..')
const ingot = path.join(repository, 'bin/ingot.mjs')
const bun = BUN
const node = process.execPath
const work = mkdtempSync(path.join(tmpdir(), 'ingot-bench-'))
const at = (name: string): string => path.join(work, name)

try {
  if (positionals[0] === 'files') await compareFiles()
  else if (positionals[0] === 'dev') await compareDev()
  else if (positionals[0] === 'run') await compareRun()
  else if (positionals[0] === 'starts') await compareStarts()
  else if (positionals[0] === 'sealed') await compareSealed()
  else if (positionals[0] === 'growth') await compareGrowth()
  else if (positionals[0] === 'server') await compareServers()
  else await comparePeers()
} finally {
  rmSync(work, { recursive: true, force: true })
}

async function compareFiles(): Promise<void> {
  printMachine()
  const options = { name: 'read', count: 10_000, sizeOf: sourceSize } as const
  const reads = await programWithFiles(at('reads'), options)
  const samples = [...WAYS, ...ALL_AT_ONCE].map((way) => sampleReads(reads, way, rounds))
  console.log(`${renderReads(samples)}\n`)
  const starts = [10, 100_000].map(async (count) => {
    const { out } = await programWithFiles(at(String(count)), { name: 'hello', count, sizeOf: () => 0 })
    return { name: `with ${count} files`, command: out, args: [], prints: /^hello\n$/ }
  })
  print('start', await Promise.all(starts))
}

async function compareServers(): Promise<void> {
  printMachine()
  const load = { seconds: 5, path: '/api/hello/you', connections: 32 }
  console.log(renderServers(await sampleServers(await serverSubjects(work), rounds, load)))
}

async function compareDev(): Promise<void> {
  printMachine()
  const packages = await installed(path.join(repository, 'examples/http'))
  const watchers = [
    { name: 'node --watch', command: node, args: ['--watch', 'src/main.ts'] },
    { name: 'bun --watch', command: bun, args: ['--watch', 'src/main.ts'] },
    { name: 'ingot dev', command: node, args: [ingot, 'dev', 'src/main.ts'] },
  ]
  const samples = await sampleEdits(watchers, rounds, (name) => {
    writeServer(at(name), 300, packages)
    return at(name)
  })
  console.log(renderEdits(samples))
}

async function compareSealed(): Promise<void> {
  printMachine()
  const [frozen, cold] = await sealedSubjects(work)
  print('start, frozen', frozen!)
  print('start, cold', cold!)
}

async function compareStarts(): Promise<void> {
  const tables = await startSubjects({ work, node, ingot, bun })
  spawnSync('sync') // only clean pages can be dropped
  printMachine()
  for (const [title, subjects] of tables) print(title, subjects)
  for (const [title, subjects] of tables) {
    print(
      `${title}, cold page cache`,
      subjects.filter(({ name }) => name !== 'ingot, cold').map((subject) => ({ ...subject, isCold: true })),
    )
  }
}

async function compareRun(): Promise<void> {
  writeFileSync(at('package.json'), '{ "name": "bench", "type": "module" }')
  writeFileSync(at('hello.ts'), `const name: string = 'world'\nconsole.log(\`hello, \${name}\`)\n`)
  prepare(node, [ingot, 'build', 'hello.ts', '-o', at('hello'), '-q'])
  const native = await nativeIngot(work, process.env)
  printMachine()
  const warm = { prints: /^hello, world\n$/, cwd: work }
  print('hello, warm', [
    { name: 'the built file', command: at('hello'), args: [], ...warm },
    { name: 'ingot run, as an executable', command: native, args: ['run', 'hello.ts'], ...warm },
    {
      name: 'ingot run, the package under node',
      command: node,
      args: [at('ingot-package/bin/ingot.mjs'), 'run', 'hello.ts'],
      ...warm,
    },
    { name: 'node hello.ts', command: node, args: ['hello.ts'], ...warm },
  ])
}

async function compareGrowth(): Promise<void> {
  const where = machine()
  const only = values.only.split(',').filter(Boolean)
  const all: Growth[] = []
  for (const axis of AXES.filter(({ name }) => only.length === 0 || only.includes(name)))
    all.push(await measureGrowth(axis, { work, node, rounds, log: (line) => console.error(line) }))
  const { charts, markdown } = renderGrowth(all, where)
  console.log(markdown)
  // A part of it is for whoever looks at it now.
  if (only.length > 0) return
  const docs = path.join(repository, 'docs')
  const page = readFileSync(path.join(docs, 'benchmarks.md'), 'utf8')
  writeFiles(docs, { ...charts, 'benchmarks.md': withSection(page, 'growth', markdown) })
  writeFiles(path.resolve(values.out), { 'growth.json': { machine: where, rounds, growth: all } })
}

async function comparePeers(): Promise<void> {
  const only = values.only.split(',').filter(Boolean)
  const comparison = await compare({ work, node, rounds, only, log: (line) => console.error(line) })
  const notes = readFileSync(path.join(import.meta.dirname, 'notes.md'), 'utf8')
  writeFiles(path.resolve(values.out), {
    'latest.md': renderComparison(comparison, notes),
    'latest.json': { ...comparison, verdicts: verdictsOf(comparison) },
  })
  console.log(renderVerdicts(verdictsOf(comparison)))
  console.log(`\nAll of it: ${path.resolve(values.out, 'latest.md')}`)
}

function printMachine(): void {
  const [cpu] = cpus()
  console.log(
    `Node ${process.version}, Bun ${capture(bun, ['--version'])}, ${cpus().length} × ${cpu?.model}, ${rounds} rounds\n`,
  )
}

function print(title: string, subjects: readonly Subject[]): void {
  console.log(`${renderSamples(title, samplePaired(subjects, rounds))}\n`)
}

function prepare(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { cwd: work, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`)
}

function capture(command: string, args: readonly string[]): string {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout.trim()
}
