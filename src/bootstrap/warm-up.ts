// Before the freeze: loads what most programs will load, and runs what most will run first or often, so that it
// lies in the image compiled. A start touches no page of what it does not use. The barriers are up already:
// a module that looked at the machine would end the build run here, and not bring the builder's along.

import { CONTROL_ROOT } from './control.ts'
import type { InternalRequire } from './internals.ts'
import type { Entry } from './vfs/archive.ts'
import { toVirtualPath } from './vfs/paths.ts'
import { isFile, type Tree } from './vfs/tree.ts'

/** Not what has work to do at the end (exit.ts). */
const MODULES = [
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

/** @param main path in the tree of what will run */
export function warmUp(load: InternalRequire, tree: Tree, main: string): void {
  for (const id of MODULES) load(id)
  print(load)
  read(load, tree, main)
  collectGarbage(load)
}

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

/** Until V8 optimizes a function that is called once in a loop. */
const READS = 1000
/** Larger ones would take longer than the compilation is worth. */
const SMALL = 65_536
const LOOKED_AT = 100

/** Embedded files, present and missing, and one that is not embedded: each for code of its own. */
function read(load: InternalRequire, tree: Tree, main: string): void {
  const { openSync, readSync, closeSync, readFileSync, existsSync, statSync } = load('fs')
  const { setFlagsFromString } = load('v8')
  const root = toVirtualPath('')
  const { path, dataSize } = smallestBeside(tree, main)
  const buffer = Buffer.alloc(SMALL)
  // In a thread of V8's it could still be under way at the freeze, and a start would do it again.
  setFlagsFromString('--no-concurrent-recompilation')
  for (let i = 0; i < READS; i++) {
    const file = `${root}/${path}`
    existsSync(`${root}/${i}/missing`)
    existsSync(`${CONTROL_ROOT}is-freezing`)
    statSync(file)
    const descriptor = openSync(file)
    readSync(descriptor, buffer)
    closeSync(descriptor)
    if (dataSize > SMALL) continue
    readFileSync(file)
    readFileSync(file, i % 2 ? 'utf8' : { encoding: 'utf8' })
  }
  setFlagsFromString('--concurrent-recompilation')
}

function smallestBeside(tree: Tree, main: string): Entry {
  const directory = tree.lookup(main.slice(0, Math.max(0, main.lastIndexOf('/'))), 'stat')
  let smallest = tree.lookup(main, 'stat')
  for (const entry of tree.archive.children(directory).take(LOOKED_AT))
    if (isFile(entry) && entry.dataSize < smallest.dataSize) smallest = entry
  return smallest
}

const LAST_TASKS_MS = 20

/**
 * What has been started with is garbage, and V8 counts the payload as memory that was allocated since the last
 * collection: soon after the thaw it would look through all of the heap, and copy the image's pages by marking
 * in them. So it is done here.
 */
function collectGarbage(load: InternalRequire): void {
  const { setFlagsFromString } = load('v8')
  setFlagsFromString('--expose-gc')
  const gc = load('vm').runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  gc()
  // These finish what a thread of V8's may still be sweeping: a start would have to.
  gc()
  gc({ type: 'minor' })
  // And what else these threads do gets some time: frozen with a lock of theirs, a start would wait for them.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_TASKS_MS)
}
