// npm packages that tests need, installed once per lock file and kept between runs.

import { createHash, randomUUID } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

import { run } from './commands.ts'

/**
 * A directory with the package.json and package-lock.json of `directory`, and node_modules as `npm ci` makes it.
 * @param build does what install scripts would: npm runs none of them here
 */
export async function installed(
  directory: string,
  build?: (installation: string) => Promise<void>,
): Promise<string> {
  const lock = readFileSync(path.join(directory, 'package-lock.json'))
  const key = createHash('sha256')
    .update(lock)
    .update(build?.toString() ?? '')
    .digest('hex')
    .slice(0, 24)
  const store = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'ingot-test')
  const result = path.join(store, key)
  if (existsSync(result)) return result

  const temporary = path.join(store, `.tmp-${randomUUID()}`)
  mkdirSync(temporary, { recursive: true })
  for (const name of ['package.json', 'package-lock.json']) {
    copyFileSync(path.join(directory, name), path.join(temporary, name))
  }
  try {
    const { status, stderr } = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: temporary,
    })
    if (status !== 0) throw new Error(`npm ci for ${directory} failed: ${stderr}`)
    await build?.(temporary)
    renameSync(temporary, result)
  } catch (error) {
    // Another test file may have been first.
    if (!existsSync(result)) throw error
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  return result
}
