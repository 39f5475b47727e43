// Child processes: `process.execPath` is this executable, and a program that starts it with one of
// its scripts means "node". Replaced at the two native functions in which all of child_process and
// cluster end, so options, stdio, IPC and errors stay node's own.

import { CHILD_VARIABLE, RUN_EXECUTABLE, RUN_SCRIPT } from './arguments.ts'
import type { Internals } from './internals.ts'
import { getVirtualWorkingDirectory, toArchivePath, toVirtualPath } from './vfs/paths.ts'
import { isFile, type Tree } from './vfs/tree.ts'

interface Spawn {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string | undefined
  /** `name=value` */
  readonly envPairs: readonly string[] | undefined
}

export function installProcesses({ processWrap, spawnSync }: Internals, tree: Tree): void {
  const redirect = createRedirect(tree)
  const { spawn } = processWrap.Process.prototype
  processWrap.Process.prototype.spawn = function (
    file: string,
    args: string[],
    cwd: string | undefined,
    envPairs: string[] | undefined,
    ...rest: unknown[]
  ) {
    const child = redirect({ file, args, cwd, envPairs })
    return Reflect.apply(spawn, this, [child.file, child.args, child.cwd, child.envPairs, ...rest])
  }
  const native = spawnSync.spawn
  spawnSync.spawn = (options: Spawn) => native({ ...options, ...redirect(options) })
}

function createRedirect(tree: Tree): (spawn: Spawn) => Spawn {
  return (spawn) => {
    const { file, args, cwd } = spawn
    const virtualCwd = cwd === undefined ? getVirtualWorkingDirectory() : virtualDirectory(cwd)
    const own = {
      file: process.execPath,
      cwd: virtualCwd === undefined ? cwd : undefined,
      envPairs: [...(spawn.envPairs ?? []), CHILD_VARIABLE],
    }
    if (file === process.execPath) return { ...own, args: scriptArguments(args, virtualCwd) }

    const path = toArchivePath(file)
    const entry = path === undefined ? undefined : tree.archive.resolve(path, true)
    if (entry === undefined || typeof entry === 'string' || !isFile(entry)) return spawn
    return { ...own, args: [args[0] ?? file, RUN_EXECUTABLE, entry.path, ...args] }
  }
}

function virtualDirectory(directory: string): string | undefined {
  const path = toArchivePath(directory)
  return path === undefined ? undefined : toVirtualPath(path)
}

/** node obeys its own options only from this argument, and the launcher lets it pass only behind the marker. */
function scriptArguments([name = '', ...args]: readonly string[], cwd: string | undefined): string[] {
  const end = args.findIndex((arg) => !arg.startsWith('-'))
  const before = end === -1 ? args : args.slice(0, end)
  const forNode = before.filter(
    (option) => !OURS.test(option) && process.allowedNodeEnvironmentFlags.has(option),
  )
  const options = forNode.length > 0 ? [`--node-options=${forNode.map(quote).join(' ')}`] : []
  return [name, RUN_SCRIPT, ...options, cwd ?? '', ...args]
}

/** Handled by the bootstrap: they load code, which may be embedded. */
const OURS = /^(?:-r|--require|-e|--eval|-p|--print|-pe)(?:=|$)/

function quote(option: string): string {
  return /[\s"\\]/.test(option) ? `"${option.replace(/["\\]/g, '\\$&')}"` : option
}
