// Before the freeze: loads what the program will load, and what most programs do, and runs once what most will run first,
// so that it lies in the image compiled. A start touches no page of what it does not use. The barriers are up already:
// a module that looked at the machine would end the build run here, and not bring the builder's along.

import { CONTROL_ROOT } from './control.ts'
import { hasWorkAtEnd } from './exit.ts'
import type { InternalRequire } from './internals.ts'

/** What most programs load, sooner or later. */
export const USUAL_MODULES = [
  'async_hooks',
  'buffer',
  'child_process',
  'crypto',
  'diagnostics_channel',
  'events',
  'fs/promises',
  'http',
  'https',
  'net',
  'path',
  'perf_hooks',
  'querystring',
  'stream',
  'stream/web',
  'string_decoder',
  'timers/promises',
  'tls',
  'tty',
  'url',
  'util',
  'v8',
  'vm',
  'worker_threads',
  'zlib',
]

/** Warn when they are loaded; and what begins so is loaded by others. */
const NOT_AHEAD = /^(?:internal\/|_|punycode$|sys$|wasi$)/

/** @param builtins that the program is known to load */
export function warmUp(load: InternalRequire, builtins: readonly string[]): void {
  loadAhead(load, builtins)
  print(load)
  stream(load)
  lookAtAddress(load)
}

export function loadAhead(load: InternalRequire, builtins: readonly string[]): void {
  for (const id of builtins) if (!NOT_AHEAD.test(id) && !hasWorkAtEnd(id)) load(id)
}

export function loadedBuiltins(): string[] {
  const prefix = 'NativeModule '
  const { moduleLoadList } = process as any as { moduleLoadList: string[] }
  return moduleLoadList.filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length))
}

/** What most programs do first. */
function print(load: InternalRequire): void {
  const { openSync, closeSync } = load('fs')
  const SyncWriteStream = load('internal/fs/sync_write_stream')
  const { Console } = load('console')
  // Memory that the launcher gives: a file of the host would be the end of the build run.
  const descriptor = openSync(`${CONTROL_ROOT}arguments`, 'r')
  const stream = new SyncWriteStream(descriptor, { autoClose: false })
  const own = new Console({ stdout: stream, stderr: stream, colorMode: false })
  for (let i = 0; i < 3; i++) {
    own.log('%s %d %o', 'text', i, { list: [i, 'text'] })
    own.error('text', i, true, null, undefined)
  }
  closeSync(descriptor)
}

/** What servers and clients do: older nodes have a regular expression for it that takes 5 ms to compile. No match leaves no trace. */
function lookAtAddress(load: InternalRequire): void {
  load('net').isIP('localhost')
}

/** What most do that read or send more than a line. */
function stream(load: InternalRequire): void {
  const { PassThrough, Readable } = load('stream')
  for (const objectMode of [false, true]) {
    const first = new Readable({ objectMode, read() {} })
    const last = new PassThrough({ objectMode })
    first.on('end', () => last.end())
    first.pipe(last, { end: false }) // else it looks whether that is standard output
    last.on('data', () => {}).on('end', () => {})
    for (const chunk of ['a', 'b', null]) first.push(chunk)
    ;(process as any)._tickCallback()
  }
}
