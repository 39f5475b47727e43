// npm packages that tests need, installed once per lock file and kept between runs.

import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync } from 'node:fs'
import path from 'node:path'

import { run } from './commands.ts'
import { kept } from './kept.ts'

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
  return kept(key, async (temporary) => {
    for (const name of ['package.json', 'package-lock.json']) {
      copyFileSync(path.join(directory, name), path.join(temporary, name))
    }
    const { status, stderr } = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: temporary,
    })
    if (status !== 0) throw new Error(`npm ci for ${directory} failed: ${stderr}`)
    await build?.(temporary)
    return temporary
  })
}
