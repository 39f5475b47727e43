// Other builds may read a file while we write it, and this build may be killed half way:
// a file is only ever seen whole, the old one or the new one.

import { randomUUID } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'

export function writeFileAtomic(file: string, data: string): void {
  // Same directory: a rename is atomic only within one file system.
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    writeFileSync(temporary, data)
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
