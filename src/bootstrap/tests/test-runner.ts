// An executable of tests: `node --test` for the test files inside. The runner is node's own, and so are its options,
// reporters, output and exit code; each file runs in a process of its own, which is this executable again. This code is
// in such executables only.

import path from 'node:path'

import type { Manifest } from '../../format/archive.ts'
import type { Internals } from '../internals.ts'
import { installOptionValues, parseOptions } from '../option-values.ts'
import { toVirtualPath } from '../vfs/paths.ts'
import { isFile, type Tree } from '../vfs/tree.ts'

/** @param args options of `node --test`, and names or patterns of test files */
export function runTests(
  internals: Internals,
  tree: Tree,
  { tests, sourceMaps }: Manifest & { readonly tests: NonNullable<Manifest['tests']> },
  args: readonly string[],
): void {
  const { values, flags, rest } = parseOptions(args, internals)
  const unknown = rest.find((word) => word.startsWith('-'))
  if (unknown !== undefined) {
    end(9, `${process.argv0}: bad option: ${unknown}`) // node's exit code for it
    return
  }
  const realDirectory = process.cwd()
  const virtualDirectory = path.join(toVirtualPath(''), tests.directory)
  const place = placer({ realDirectory, virtualDirectory, tree })
  const placed = [...values].map(([name, value]) => [name, place(name, value)] as const)
  const placedFlags = flags.map((flag) => {
    const [name = '', ...value] = flag.split('=')
    return value.length > 0 ? `${name}=${String(place(name, value.join('=')))}` : flag
  })
  installOptionValues(
    internals,
    new Map([['--enable-source-maps', sourceMaps], ...placed, ['--test', true]]),
    placedFlags,
  )

  const files =
    rest.length === 0 ? tests.files : tests.files.filter((file) => rest.some((word) => isMeant(word, file)))
  if (files.length === 0 && rest.length > 0 && !rest.some((word) => MAGIC.test(word))) {
    end(1, `Could not find '${rest.join(', ')}'`)
    return
  }
  const { run } = internals.requireBuiltin('internal/test_runner/runner')
  const { parseCommandLine } = internals.requireBuiltin('internal/test_runner/utils')
  const options = parseCommandLine()
  // Names and places are shown relative to the working directory, as they would be beside the sources.
  if (files.length > 0) process.chdir(virtualDirectory)
  if (options.isolation === 'process')
    placeChildren(internals, new Set(files), { realDirectory, virtualDirectory })
  process.argv.splice(1, process.argv.length, ...rest)
  const { setup } = options
  options.setup = async (reporter: unknown) => {
    await setup(reporter)
    // Tests that run in this process have the real one.
    if (options.isolation === 'none') process.chdir(realDirectory)
  }
  const events = run({ ...options, files, cwd: virtualDirectory })
  events.on('test:summary', ({ success }: { success: boolean }) => {
    if (!success) process.exitCode = 1
  })
}

const MAGIC = /[*?[\]{}()!]/

/** As node means them: a file, a directory with all its tests, or a glob. */
function isMeant(word: string, file: string): boolean {
  const name = path.normalize(word).replace(/\/$/, '')
  return name === '.' || file === name || file.startsWith(`${name}/`) || path.matchesGlob(file, name)
}

/** A test file is inside, but its working directory is where we were started. */
function placeChildren({ processWrap }: Internals, files: ReadonlySet<string>, places: Directories): void {
  const { realDirectory, virtualDirectory } = places
  const { spawn } = processWrap.Process.prototype
  processWrap.Process.prototype.spawn = function (
    file: string,
    args: string[],
    cwd: string,
    ...rest: unknown[]
  ) {
    const at = file === process.execPath ? args.findIndex((arg) => files.has(arg)) : -1
    if (at === -1) return Reflect.apply(spawn, this, [file, args, cwd, ...rest])
    const placed = args.with(at, path.join(virtualDirectory, args[at]!))
    return Reflect.apply(spawn, this, [file, placed, realDirectory, ...rest])
  }
}

interface Directories {
  readonly realDirectory: string
  readonly virtualDirectory: string
}

interface Places extends Directories {
  readonly tree: Tree
}

/** Paths in options: what is written is written where we were started; what is loaded may be inside. */
function placer({
  realDirectory,
  virtualDirectory,
  tree,
}: Places): (name: string, value: unknown) => unknown {
  const written = (name: string) =>
    name === 'stdout' || name === 'stderr' ? name : path.resolve(realDirectory, name)
  const loaded = (name: string) => {
    if (!/^\.{0,2}\//.test(name)) return name
    const inside = path.relative(toVirtualPath(''), path.resolve(virtualDirectory, name))
    const found = tree.archive.resolve(inside, true)
    const isInside = typeof found !== 'string' && isFile(found)
    return path.resolve(isInside ? virtualDirectory : realDirectory, name)
  }
  return (name, value) => {
    const place = WRITTEN.has(name) ? written : LOADED.has(name) ? loaded : (text: string) => text
    if (Array.isArray(value)) return value.map((text: string) => place(text))
    return typeof value === 'string' ? place(value) : value
  }
}

const WRITTEN = new Set(['--test-reporter-destination', '--test-rerun-failures'])
const LOADED = new Set(['--test-reporter', '--test-global-setup', '--import', '--require'])

function end(code: number, message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = code
}
