import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'

/** A directory that is gone when the tests of this file (or of the suite that asks) are done. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(realpathSync(tmpdir()), 'ingot-spec-'))
  after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }))
  return directory
}
