// What tests fetch from elsewhere is made once, and kept between runs.

import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/**
 * @param name with a hash of all that it is made from
 * @param make gets a directory, and returns what of it is kept: the directory, or one inside
 */
export async function kept(name: string, make: (temporary: string) => Promise<string>): Promise<string> {
  const store = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'ingot-test')
  const result = path.join(store, name)
  if (existsSync(result)) return result
  const temporary = path.join(store, `.tmp-${randomUUID()}`)
  mkdirSync(temporary, { recursive: true })
  try {
    renameSync(await make(temporary), result)
  } catch (error) {
    // Another test file may have been first.
    if (!existsSync(result)) throw error
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  return result
}
