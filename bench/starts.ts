// What a start costs: six programs as Ingot's executables, as Bun's with and without bytecode, and under plain
// Node, paired; from a warm page cache and from a cold one.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { installed } from '../test/support/installed.ts'
import type { Subject } from './sample.ts'

interface Program {
  readonly name: string
  /** Its files, beside node_modules. */
  readonly files: Readonly<Record<string, string>>
  readonly fixture?: string
  /** What Ingot and Node are given, and what Bun, which cannot follow every entry. */
  readonly entry: string
  readonly bunEntry?: string
  readonly starts: readonly {
    readonly title: string
    readonly args: readonly string[]
    readonly prints: RegExp
  }[]
}

const PROGRAMS: readonly Program[] = [
  {
    name: 'hello',
    files: { 'main.ts': `const name: string = 'world'\nconsole.log(\`hello, \${name}\`)\n` },
    entry: 'main.ts',
    starts: [{ title: 'hello', args: [], prints: /^hello, world\n$/ }],
  },
  {
    name: 'tsc',
    files: {},
    fixture: 'test/fixtures/tools',
    entry: 'node_modules/typescript/lib/tsc.js',
    starts: [{ title: 'tsc --version', args: ['--version'], prints: /^Version 5\.9/ }],
  },
  {
    name: 'prettier',
    files: {
      'bun.mjs': `import { run } from './node_modules/prettier/internal/legacy-cli.mjs'\nawait run()\n`,
      'sample.ts':
        `export const longName = (first: number, second: number) => { return first + second }\n`.repeat(40),
    },
    fixture: 'test/fixtures/tools',
    entry: 'node_modules/prettier/bin/prettier.cjs',
    bunEntry: 'bun.mjs',
    starts: [
      { title: 'prettier --version', args: ['--version'], prints: /^3\./ },
      { title: 'prettier, one file', args: ['sample.ts'], prints: /^export const longName/ },
    ],
  },
  {
    name: 'sqlite',
    files: {
      'main.mjs': `import Database from 'better-sqlite3'
const db = new Database(':memory:')
db.exec('create table t (a integer, b text)')
const insert = db.prepare('insert into t values (?, ?)')
for (let i = 0; i < 10; i++) insert.run(i, 'row ' + i)
console.log(db.prepare('select count(*) as n from t').get().n)
`,
    },
    fixture: 'test/fixtures/frozen/stress',
    entry: 'main.mjs',
    starts: [{ title: 'better-sqlite3', args: [], prints: /^10\n$/ }],
  },
  {
    name: 'fastify',
    files: {
      'main.mjs': `import net from 'node:net'
import Fastify from 'fastify'
const app = Fastify()
app.get('/', async () => ({ hello: 'world' }))
await app.listen({ port: 0, host: '127.0.0.1' })
const socket = net.connect(app.server.address().port, '127.0.0.1')
socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n')
socket.once('data', (answer) => {
  process.stdout.write(answer.subarray(0, 15) + '\\n', () => process.exit(0))
})
`,
    },
    fixture: 'test/fixtures/frozen/stress',
    entry: 'main.mjs',
    starts: [{ title: 'fastify, first answer', args: [], prints: /^HTTP\/1\.1 200 OK\n$/ }],
  },
]

/** tsc and prettier would write a compile cache into the temporary directory, and look faster for it. */
const ENV = { NODE_DISABLE_COMPILE_CACHE: '1', NODE_COMPILE_CACHE: undefined }

export interface Tools {
  readonly repository: string
  readonly work: string
  readonly node: string
  readonly ingot: string
  readonly bun: string
}

/** By title, the ways to start each program; the first one is the reference. */
export async function startSubjects(tools: Tools): Promise<Map<string, Subject[]>> {
  const tables = new Map<string, Subject[]>()
  for (const program of PROGRAMS) {
    const directory = path.join(tools.work, program.name)
    mkdirSync(directory)
    writeFileSync(path.join(directory, 'package.json'), '{ "name": "bench" }')
    for (const [name, text] of Object.entries(program.files)) writeFileSync(path.join(directory, name), text)
    if (program.fixture !== undefined) {
      const packages = await installed(path.join(tools.repository, program.fixture))
      symlinkSync(path.join(packages, 'node_modules'), path.join(directory, 'node_modules'))
      copyFileSync(path.join(packages, 'package.json'), path.join(directory, 'package.json'))
    }
    for (const [title, subjects] of subjectsOf(program, directory, tools)) tables.set(title, subjects)
  }
  return tables
}

function subjectsOf(
  { entry, bunEntry = entry, starts }: Program,
  directory: string,
  { node, ingot, bun }: Tools,
): [title: string, subjects: Subject[]][] {
  const bunBuild = ['build', '--compile', '--format=esm', bunEntry, '--outfile']
  run(directory, bun, [...bunBuild, 'bun-bytecode', '--bytecode'])
  run(directory, bun, [...bunBuild, 'bun-plain'])
  run(directory, node, [
    ingot,
    'build',
    `program=${path.join(directory, entry)}`,
    '-o',
    'ingot-program',
    '-q',
  ])
  const at = (name: string) => path.join(directory, name)
  return starts.map(({ title, args, prints }) => {
    const common = { prints, cwd: directory, env: ENV }
    return [
      title,
      [
        { name: 'bun --bytecode', command: at('bun-bytecode'), args, ...common },
        { name: 'bun', command: at('bun-plain'), args, ...common },
        { name: 'ingot, frozen', command: at('ingot-program'), args, ...common },
        {
          name: 'ingot, cold',
          command: at('ingot-program'),
          args,
          ...common,
          env: { ...ENV, INGOT_START: 'cold' },
        },
        { name: 'node', command: node, args: [at(entry), ...args], ...common },
      ],
    ]
  })
}

function run(cwd: string, command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`)
}
