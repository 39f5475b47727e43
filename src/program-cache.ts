// The slow half of `ingot run`: builds a program into the user's cache, and remembers what it was built from.
// A running program's file is never replaced or removed: its children, workers and addons come from it.

import { readdirSync, readlinkSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'

import type { BuildOptions, BuildResult } from './base/build-result.ts'
import { ofHost } from './base/targets.ts'
import { isRunning } from './base/is-running.ts'
import { ownName } from './base/owner.ts'
import { takeSnapshot } from './base/snapshot.ts'
import { buildTracked } from './build.ts'
import { RECORD, slotOf, slotsIn, type ProgramRecord } from './known-program.ts'
import { writeFileAtomic } from './runtimes/atomic.ts'
import { LOCK_FILE } from './runtimes/lock.ts'

/** Of 130 MB each, less where the file system shares blocks. */
const KEPT_SLOTS = 8
/** No build takes longer. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000

/** @throws BuildError */
export async function buildProgram(
  key: string,
  options: Omit<BuildOptions, 'out'>,
  env: NodeJS.ProcessEnv,
): Promise<BuildResult> {
  const startedMs = Date.now()
  const slot = slotOf(key, env)
  removeUnused(slotsIn(env), slot)
  // The number is the program's, too, as it takes this process's place.
  const directory = path.join(slot, ownName())
  const { result, inputs } = await buildTracked({
    ...options,
    ...ofHost(),
    compress: false,
    out: `${directory}/`,
  })
  const program = result.out
  const settled = [program, ...inputs.files.filter((file) => path.basename(file) === LOCK_FILE)]
  const snapshot = takeSnapshot({ ...inputs, files: [...inputs.files, program] }, env, startedMs, settled)
  if (snapshot) keepRecord(path.join(slot, RECORD), { key, program, snapshot })
  return result
}

function keepRecord(file: string, record: ProgramRecord): void {
  try {
    writeFileAtomic(file, JSON.stringify(record))
  } catch {
    // The program is there all the same; the next start builds again, and finds out what is wrong.
  }
}

/** Programs that nothing will start again, or not soon: earlier ones of this slot, and the slots not used for longest. */
function removeUnused(root: string, slot: string): void {
  const slots = directoriesIn(root).filter((directory) => directory !== slot)
  const old = slots.toSorted((a, b) => mtimeOf(b) - mtimeOf(a)).slice(KEPT_SLOTS - 1)
  const programs = [...old, slot].flatMap(directoriesIn)
  if (programs.length === 0) return
  const executables = executablesInUse()
  const used = programs.filter((directory) => isUsed(directory, executables))
  for (const directory of programs) if (!used.includes(directory)) remove(directory)
  for (const directory of old)
    if (!used.some((program) => path.dirname(program) === directory)) remove(directory)
}

/** Whether a program runs from there, or is on its way: its build may be in a container with process numbers of its own. */
function isUsed(directory: string, executables: readonly string[]): boolean {
  if (executables.some((file) => file.startsWith(`${directory}/`))) return true
  const pid = Number.parseInt(path.basename(directory), 10)
  // Our own are those of earlier builds: with --watch this process goes on.
  if (pid !== process.pid && isRunning(pid)) return true
  const isUnfinished = namesIn(directory).some((name) => name.startsWith('.'))
  return isUnfinished && Date.now() - mtimeOf(directory) < ABANDONED_AFTER_MS
}

/** Those of all processes that we may look at. */
function executablesInUse(): string[] {
  return namesIn('/proc').flatMap((name) => {
    try {
      return /^\d+$/.test(name) ? [readlinkSync(`/proc/${name}/exe`)] : []
    } catch {
      return [] // gone by now, or another user's
    }
  })
}

function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
}

function directoriesIn(directory: string): string[] {
  return namesIn(directory)
    .map((name) => path.join(directory, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isDirectory())
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function mtimeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
