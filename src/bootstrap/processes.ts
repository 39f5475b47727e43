// Child processes: `process.execPath` is this executable, and a program that starts it with one of
// its scripts means "node". Replaced at the two native functions in which all of child_process and
// cluster end, so options, stdio, IPC and errors stay node's own.

import path from 'node:path'

import type { PlaceNative } from './addons.ts'
import { CHILD_VARIABLE, RUN_SCRIPT, type OptionTable } from './arguments.ts'
import { optionTable, type Internals } from './internals.ts'
import { HAS_LAUNCHER, IS_WINDOWS } from './platform.ts'
import { getVirtualWorkingDirectory, toArchivePath, toVirtualPath } from './vfs/paths.ts'
import type { RealDescriptors } from './vfs/real-descriptors.ts'
import { isFile, type Tree } from './vfs/tree.ts'

/** What node's native side is to make of a descriptor of a child. */
interface Stdio {
  readonly type: string
  readonly fd?: number
}

interface Spawn {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string | undefined
  /** `name=value` */
  readonly envPairs: readonly string[] | undefined
}

/** @param place where the system starts programs from files only */
export function installProcesses(
  internals: Internals,
  tree: Tree,
  place: PlaceNative | undefined,
  descriptors: RealDescriptors,
): void {
  const { processWrap, spawnSync } = internals
  const redirect = createRedirect(tree, () => optionTable(internals), place)
  const { spawn } = processWrap.Process.prototype
  processWrap.Process.prototype.spawn = function (
    file: string,
    args: string[],
    cwd: string | undefined,
    envPairs: string[] | undefined,
    stdio: readonly Stdio[],
    ...rest: unknown[]
  ) {
    const child = redirect({ file, args, cwd, envPairs })
    return withReal(descriptors, stdio, (real) =>
      Reflect.apply(spawn, this, [child.file, child.args, child.cwd, child.envPairs, real, ...rest]),
    )
  }
  const native = spawnSync.spawn
  // Without a prototype, like node's own options: native code would read what a program has put on Object's.
  spawnSync.spawn = (options: Spawn & { readonly stdio: readonly Stdio[] }) =>
    withReal(descriptors, options.stdio, (stdio) =>
      native({ __proto__: null, ...options, ...redirect(options), stdio }),
    )
}

/** Starts a child with the kernel's descriptors of embedded files. */
function withReal<T>(
  descriptors: RealDescriptors,
  stdio: readonly Stdio[],
  start: (stdio: readonly Stdio[]) => T,
): T {
  const opened: number[] = []
  const real = stdio.map((each) => {
    const fd = descriptors.open(each.fd)
    if (fd === undefined) return each
    opened.push(fd)
    return { ...each, fd }
  })
  try {
    return start(opened.length > 0 ? real : stdio)
  } finally {
    for (const fd of opened) descriptors.close(fd)
  }
}

function createRedirect(
  tree: Tree,
  options: () => OptionTable,
  place: PlaceNative | undefined,
): (spawn: Spawn) => Spawn {
  const namesEmbeddedScript = (args: readonly string[]) => {
    const { takesValue } = options()
    let at = 1
    while (args[at]?.startsWith('-')) at += widthOf(args[at]!, takesValue)
    const script = toArchivePath(args[at] ?? '')
    const entry = script === undefined ? undefined : tree.archive.resolve(script, true)
    return entry !== undefined && typeof entry !== 'string' && isFile(entry)
  }
  return (spawn) => {
    const { cwd } = spawn
    // node passes on what it was given, numbers and URLs too; native code would turn them into text.
    const args = Array.from(spawn.args, String)
    const virtualCwd = cwd === undefined ? getVirtualWorkingDirectory() : virtualDirectory(cwd)
    // The kernel cannot go there: the child starts where we are, and is told if it is ours.
    const realCwd = virtualCwd === undefined ? cwd : undefined
    const runScript = (scriptArgs: readonly string[]) => ({
      file: process.execPath,
      args: scriptArguments(scriptArgs, virtualCwd, options()),
      cwd: realCwd,
      envPairs: [...(spawn.envPairs ?? []), CHILD_VARIABLE],
    })
    if (spawn.file === process.execPath) return runScript(args)
    // By its name, from PATH: no other node could open the script.
    if (isNode(spawn.file) && namesEmbeddedScript(args)) return runScript(args)

    const isRelative = path.basename(spawn.file) !== spawn.file && !path.isAbsolute(spawn.file)
    const file = isRelative && virtualCwd !== undefined ? path.join(virtualCwd, spawn.file) : spawn.file
    const archivePath = toArchivePath(file)
    const entry = archivePath === undefined ? undefined : tree.archive.resolve(archivePath, true)
    const isEmbedded = entry !== undefined && typeof entry !== 'string' && isFile(entry)
    const wanted = isEmbedded && entry.mode & 0o111 ? nodeOptionsOf(tree.archive.data(entry)) : undefined
    if (wanted) return runScript([args[0] ?? file, ...wanted, file, ...args.slice(1)])
    // Windows has no permission for it.
    if (place && isEmbedded && (IS_WINDOWS || entry.mode & 0o111))
      return { ...spawn, args, file: place(entry.path), cwd: realCwd }
    // An embedded executable is libc's affair where there is a launcher: its execve knows the tree (launcher/execute.c).
    return { ...spawn, args, file, cwd: realCwd }
  }
}

/** What a script that node is to run ("#!/usr/bin/env node") wants of it; undefined for everything else. */
function nodeOptionsOf(content: Uint8Array): string[] | undefined {
  const line = /^#!\s*([^\n]*)/.exec(Buffer.from(content.subarray(0, 256)).toString())?.[1]
  const [interpreter = '', ...words] = line?.trim().split(/\s+/) ?? []
  const isEnv = path.basename(interpreter) === 'env'
  if (isEnv && (words[0] === '-S' || words[0] === '--split-string')) words.shift()
  const [name, ...options] = isEnv ? words : [interpreter, ...words]
  return name !== undefined && isNode(name) ? options : undefined
}

function isNode(program: string): boolean {
  const name = path.basename(program)
  return IS_WINDOWS ? /^node(?:\.exe)?$/i.test(name) : name === 'node'
}

function virtualDirectory(directory: string): string | undefined {
  const archivePath = toArchivePath(directory)
  return archivePath === undefined ? undefined : toVirtualPath(archivePath)
}

/** Of an option and its value, in arguments. */
function widthOf(option: string, takesValue: OptionTable['takesValue']): number {
  return takesValue(option.replaceAll('_', '-')) ? 2 : 1
}

/**
 * node obeys its own options only from this argument, and the launcher lets it pass only behind the marker. Where there
 * is none, the bootstrap sees to those that it can (run.ts).
 */
function scriptArguments(
  [name = '', ...args]: readonly string[],
  cwd: string | undefined,
  { takesValue }: OptionTable,
): string[] {
  const forNode: string[] = []
  for (let at = 0; args[at]?.startsWith('-');) {
    const option = args[at]!
    if (option === '-' || option === '--') break
    const given = args.slice(at, at + widthOf(option, takesValue))
    if (!OURS.test(option) && process.allowedNodeEnvironmentFlags.has(option)) forNode.push(...given)
    at += given.length
  }
  const options = forNode.length > 0 && HAS_LAUNCHER ? [`--node-options=${forNode.map(quote).join(' ')}`] : []
  return [name, RUN_SCRIPT, ...options, cwd ?? '', ...args]
}

/**
 * Handled by the bootstrap: they load code, which may be embedded. A worker would inherit --input-type, and
 * take the bootstrap, which is evaluated there, for a module.
 */
const OURS = /^(?:-r|--require|-e|--eval|-p|--print|-pe|--input-type)(?:=|$)/

function quote(option: string): string {
  return /[\s"\\]/.test(option) ? `"${option.replace(/["\\]/g, '\\$&')}"` : option
}
