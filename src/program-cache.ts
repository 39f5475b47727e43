// The slow half of `ingot run`: builds a program into the user's cache, and remembers what it was built from.
// A running program's file is never replaced or removed: its children, workers and addons come from it.

import { randomUUID } from 'node:crypto'
import { readdirSync, readlinkSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'

import type { BuildOptions, BuildResult } from './base/build-result.ts'
import { takeSnapshot } from './base/snapshot.ts'
import { buildTracked } from './build.ts'
import { RECORD, slotOf, slotsIn, type ProgramRecord } from './known-program.ts'
import { writeFileAtomic } from './runtimes/atomic.ts'
import { LOCK_FILE } from './runtimes/lock.ts'

/** Of 130 MB each, less where the file system shares blocks. */
const KEPT_SLOTS = 8

/** @throws BuildError */
export async function buildProgram(
  key: string,
  options: Omit<BuildOptions, 'out'>,
  env: NodeJS.ProcessEnv,
): Promise<BuildResult> {
  const startedMs = Date.now()
  const slot = slotOf(key, env)
  removeUnused(slotsIn(env), slot)
  const { result, inputs } = await buildTracked({ ...options, out: `${path.join(slot, randomUUID())}/` })
  const program = result.out
  const settled = [program, ...inputs.files.filter((file) => path.basename(file) === LOCK_FILE)]
  const snapshot = takeSnapshot({ ...inputs, files: [...inputs.files, program] }, env, startedMs, settled)
  // Without one the next start builds again, and finds out then.
  if (snapshot) {
    const record: ProgramRecord = { key, program, snapshot }
    writeFileAtomic(path.join(slot, RECORD), JSON.stringify(record))
  }
  return result
}

/** Programs that nothing will start again, or not soon: earlier ones of this slot, and the slots not used for longest. */
function removeUnused(root: string, slot: string): void {
  const slots = directoriesIn(root).filter((directory) => directory !== slot)
  const byUse = slots.toSorted((a, b) => mtimeOf(b) - mtimeOf(a))
  const old = [...byUse.slice(KEPT_SLOTS - 1), ...directoriesIn(slot)]
  if (old.length === 0) return
  const running = runningFiles()
  for (const directory of old) {
    const isRunning = running.some((file) => file.startsWith(`${directory}/`))
    if (!isRunning) rmSync(directory, { recursive: true, force: true })
  }
}

/** Executables of all processes that we may look at. */
function runningFiles(): string[] {
  return namesIn('/proc').flatMap((name) => {
    try {
      return /^\d+$/.test(name) ? [readlinkSync(`/proc/${name}/exe`)] : []
    } catch {
      return [] // gone by now, or another user's
    }
  })
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
