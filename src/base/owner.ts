// Names of what a process makes for itself, and cannot remove when it is killed: they say whose it is, and
// so does what is left of it. Caches and projects are shared with containers and other machines, which have
// process numbers of their own.

import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'

import { isRunning } from './is-running.ts'

const BELIEVED_MS = 24 * 60 * 60 * 1000

/** Where this process's number counts. */
const SPACE = createHash('sha256').update(`${hostname()} ${pidNamespace()}`).digest('hex').slice(0, 12)

/** A name that no other process takes, and that begins with this one's number. */
export function ownName(): string {
  return `${process.pid}-${SPACE}-${randomUUID()}`
}

/**
 * Removes what killed processes have left in a directory: whatever has the prefix and then a name of theirs. Of a
 * process that cannot be seen from here it is believed for a day that it goes on.
 * @throws what rmSync throws, and readdirSync unless there is no such directory
 */
export function removeAbandoned(directory: string, prefix = ''): void {
  if (!existsSync(directory)) return
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(prefix)) continue
    const file = path.join(directory, name)
    if (isAbandoned(file, name.slice(prefix.length))) rmSync(file, { recursive: true, force: true })
  }
}

function isAbandoned(file: string, name: string): boolean {
  const [pid, space] = name.split('-')
  if (space === SPACE) return !isRunning(Number(pid))
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat !== undefined && Date.now() - stat.mtimeMs > BELIEVED_MS
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return '' // not Linux
  }
}
