// For tests only: a directory with files in it that is gone when the test is.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

/** An object becomes JSON. */
export function temporaryProject(context: TestContext, files: Record<string, string | object>): string {
  const dir = mkdtempSync(join(realpathSync(tmpdir()), 'ingot-test-'))
  context.after(() => rmSync(dir, { recursive: true }))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return dir
}
