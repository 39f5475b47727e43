// npm run demo: builds examples/http and proves that the file needs nothing but a kernel. The program
// runs in an empty root (only the file, no /proc, read-only, as nobody) and answers over loopback.
//
// Without root there is no such place: then the program runs in a plain directory, and the demo says so.

import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'

const EXAMPLE = path.join(import.meta.dirname, 'http')
const INGOT = path.join(import.meta.dirname, '../bin/ingot.mjs')
const NOBODY = 65534
const START_TIMEOUT_MS = 10_000

/** elf(5): names of the segment types that matter here. */
const SEGMENTS: Readonly<Record<number, string>> = {
  1: 'LOAD',
  2: 'DYNAMIC',
  3: 'INTERP',
  4: 'NOTE',
  6: 'PHDR',
  7: 'TLS',
  0x6474e551: 'GNU_STACK',
}
const EXECUTABLE = 1
const WRITABLE = 2

/** $1 root, $2 file; then the command to run once the root is as it has to be. */
const ISOLATE = `set -e
mount --bind "$1" "$1"
mount --bind "$2" "$1/http"
mount -o remount,bind,ro,nosuid,nodev "$1"
ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || perl -e 'use Socket;
  socket(S, AF_INET, SOCK_DGRAM, 0); ioctl(S, 0x8914, pack("a16sx22", "lo", 1)) or die "no loopback: $!"'
shift 2
exec "$@"`

const problems: string[] = []

// The second run of this script is the one inside the namespaces.
const [mode, ...given] = process.argv.slice(2)
await (mode === '--serve' ? serve(given[0]!, given[1]!) : demonstrate()).catch((error: unknown) => {
  problems.push(error instanceof Error ? error.message : String(error))
})
for (const problem of problems) console.error(`not as it should be: ${problem}`)
process.exitCode = problems.length > 0 ? 1 : 0

async function demonstrate(): Promise<void> {
  const work = mkdtempSync(path.join(tmpdir(), 'ingot-demo-'))
  try {
    const file = path.join(work, 'http')
    if (!existsSync(path.join(EXAMPLE, 'node_modules')))
      step('npm ci', 'npm', ['ci', '--ignore-scripts'], EXAMPLE)
    step('ingot build examples/http', process.execPath, [INGOT, 'build', EXAMPLE, '-o', file], work)
    heading('the file')
    if (has('file')) print(capture('file', ['-b', file]))
    print(`${statSync(file).size} bytes`)
    checkProgramHeaders(file)
    runIsolated(file, work)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function step(title: string, command: string, args: string[], cwd: string): void {
  heading(title)
  const begin = performance.now()
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error(`${title} failed`)
  print(`${Math.round(performance.now() - begin)} ms, all told`)
}

function checkProgramHeaders(file: string): void {
  const header = readAt(file, 0, 64)
  const size = header.readUInt16LE(54)
  const count = header.readUInt16LE(56)
  const table = readAt(file, Number(header.readBigUInt64LE(32)), size * count)
  const headers = Array.from({ length: count }, (_, i) => ({
    type: table.readUInt32LE(i * size),
    flags: table.readUInt32LE(i * size + 4),
  }))
  const show = ({ type, flags }: (typeof headers)[number]): string =>
    `${SEGMENTS[type] ?? `0x${type.toString(16)}`} ${flags & 4 ? 'r' : '-'}${flags & WRITABLE ? 'w' : '-'}${flags & EXECUTABLE ? 'x' : '-'}`
  print(`program headers: ${headers.map(show).join(', ')}`)
  for (const header of headers) {
    if (['INTERP', 'DYNAMIC'].includes(SEGMENTS[header.type] ?? ''))
      problems.push(`a segment ${show(header)}`)
    if (header.flags & WRITABLE && header.flags & EXECUTABLE) problems.push(`writable code: ${show(header)}`)
  }
}

function readAt(file: string, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  const descriptor = openSync(file, 'r')
  readSync(descriptor, bytes, 0, length, offset)
  closeSync(descriptor)
  return bytes
}

function runIsolated(file: string, work: string): void {
  const root = path.join(work, 'root')
  mkdirSync(root, { mode: 0o755 })
  const server = [process.execPath, import.meta.filename, '--serve', root, file]
  if (process.getuid?.() !== 0) {
    heading('in a plain directory')
    print('left out, because it needs root: the empty root, other namespaces, nobody, read-only')
    return runServer(server)
  }
  heading('in an empty root: no other file, no /proc, no network but loopback, nobody, read-only')
  writeFileSync(path.join(root, 'http'), '', { mode: 0o755 })
  const namespaces = ['--mount', '--pid', '--net', '--fork', '--propagation=private']
  runServer(['unshare', ...namespaces, 'sh', '-c', ISOLATE, 'sh', root, file, ...server])
}

function runServer([command, ...args]: string[]): void {
  const { status, error } = spawnSync(command!, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (error) throw error
  if (status !== 0) problems.push(`the program in its root: exit code ${status}`)
}

/** Inside the namespaces: starts the program and asks it. */
async function serve(root: string, file: string): Promise<void> {
  const isIsolated = process.getuid?.() === 0
  const [command, ...args] = isIsolated
    ? ['unshare', `--root=${root}`, '--wd=/', `--setuid=${NOBODY}`, `--setgid=${NOBODY}`, '/http']
    : [file]
  const begin = performance.now()
  const program = spawn(command, args, {
    cwd: root,
    env: { PATH: process.env.PATH, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => program.once('close', resolve))
  const address = await listening(program)
  const startMs = performance.now() - begin
  try {
    const page = await get(`${address}/`)
    const firstAnswerMs = performance.now() - begin
    if (!page.includes('This page was read from a file inside the executable')) problems.push('the page')
    const style = await get(`${address}/static/style.css`)
    if (style !== readFileSync(path.join(EXAMPLE, 'public/style.css'), 'utf8'))
      problems.push('the static file')
    const greeting = await get(`${address}/api/hello/you`)
    if (greeting !== '{"hello":"you"}') problems.push('the greeting')
    const host: unknown = JSON.parse(await get(`${address}/api/host`))
    const expected = { uid: NOBODY, root: ['http'], hasProc: false, writing: 'EROFS' }
    if (isIsolated && !isDeepStrictEqual(host, expected)) problems.push('what the program sees of its root')
    heading('times')
    print(`listening after ${startMs.toFixed(1)} ms, first page after ${firstAnswerMs.toFixed(1)} ms`)
  } finally {
    program.kill('SIGTERM')
  }
  const status = await ended
  if (status !== 0) problems.push(`exit code ${status} after SIGTERM`)
}

function listening(program: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    program.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const address = /http:\S+(?=\n)/.exec(text)?.[0]
      if (address !== undefined) resolve(address)
    })
    program.once('close', (code) => reject(new Error(`the program ended with ${code}: ${text}`)))
    setTimeout(() => reject(new Error('the program does not listen')), START_TIMEOUT_MS).unref()
  })
}

async function get(url: string): Promise<string> {
  const response = await fetch(url)
  const body = await response.text()
  const head = body.length > 90 ? `${body.length} bytes of ${response.headers.get('content-type')}` : body
  print(`GET ${new URL(url).pathname.padEnd(20)} ${response.status}  ${head}`)
  if (response.status !== 200) problems.push(`${url} answered ${response.status}`)
  return body
}

function has(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined
}

function capture(command: string, args: string[]): string {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout.trim()
}

function heading(text: string): void {
  console.log(`\n== ${text}`)
}

function print(text: string): void {
  console.log(`   ${text}`)
}
