// The programs that everybody has to build and run.

import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'

import { REPOSITORY } from '../test/support/commands.ts'
import { writeFiles } from '../test/support/files.ts'
import { installed } from '../test/support/installed.ts'

export interface Start {
  readonly title: string
  readonly args: readonly string[]
  readonly prints: RegExp
}

export interface Program {
  readonly name: string
  /** Its own files, beside node_modules. */
  readonly files: Readonly<Record<string, string>>
  readonly fixture?: string
  readonly entry: string
  /** For those who cannot follow every entry. */
  readonly bundleEntry?: string
  /** The first one takes nothing from the working directory. */
  readonly starts: readonly [Start, ...Start[]]
  /** With the argument `serve` it prints its port, and goes on. */
  readonly isServer?: true
  /** The same in Go, for reference. */
  readonly go?: string
}

export const PROGRAMS: readonly Program[] = [
  {
    name: 'hello',
    files: { 'main.ts': `const name: string = 'world'\nconsole.log(\`hello, \${name}\`)\n` },
    entry: 'main.ts',
    starts: [{ title: 'hello', args: [], prints: /^hello, world\n$/ }],
    go: `package main

import "fmt"

func main() { fmt.Println("hello, world") }
`,
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
      'bundled.mjs': `import { run } from './node_modules/prettier/internal/legacy-cli.mjs'\nawait run()\n`,
      'sample.ts':
        `export const longName = (first: number, second: number) => { return first + second }\n`.repeat(40),
    },
    fixture: 'test/fixtures/tools',
    entry: 'node_modules/prettier/bin/prettier.cjs',
    bundleEntry: 'bundled.mjs',
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
const { port } = app.server.address()
if (process.argv[2] === 'serve') {
  console.log(port)
} else {
  const socket = net.connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n')
  socket.once('data', (answer) => {
    process.stdout.write(answer.subarray(0, 15) + '\\n', () => process.exit(0))
  })
}
`,
    },
    fixture: 'test/fixtures/frozen/stress',
    entry: 'main.mjs',
    starts: [{ title: 'fastify, first answer', args: [], prints: /^HTTP\/1\.1 200 OK\n$/ }],
    isServer: true,
    go: `package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("content-type", "application/json; charset=utf-8")
		w.Write([]byte("{\\"hello\\":\\"world\\"}"))
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	address := listener.Addr().(*net.TCPAddr)
	if len(os.Args) > 1 {
		fmt.Println(address.Port)
		panic(http.Serve(listener, nil))
	}
	go http.Serve(listener, nil)
	answer, err := http.Get("http://" + address.String())
	if err != nil {
		panic(err)
	}
	fmt.Println(answer.Proto, answer.Status)
}
`,
  },
]

/** tsc and prettier would write a compile cache into the temporary directory, and look faster for it. */
export const NO_COMPILE_CACHE = { NODE_DISABLE_COMPILE_CACHE: '1', NODE_COMPILE_CACHE: undefined }

/** Writes the program's project, with its packages. */
export async function writeProgram({ files, fixture, go }: Program, directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true })
  writeFiles(directory, { 'package.json': { name: 'bench' }, ...files })
  if (go !== undefined) writeFiles(path.join(directory, 'go'), { 'main.go': go, 'go.mod': 'module bench\n' })
  if (fixture === undefined) return
  const packages = await installed(path.join(REPOSITORY, fixture))
  symlinkSync(path.join(packages, 'node_modules'), path.join(directory, 'node_modules'))
  copyFileSync(path.join(packages, 'package.json'), path.join(directory, 'package.json'))
}
