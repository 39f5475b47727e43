// Ingot as an executable of its own making, from a package that is laid out as npm would.

import assert from 'node:assert/strict'
import { cpSync, symlinkSync } from 'node:fs'
import path from 'node:path'

import { ingotBuild, REPOSITORY, runNode, type CommandOptions } from './commands.ts'

/** The executable, in a directory of its own. */
export async function nativeIngot(directory: string, env: CommandOptions['env']): Promise<string> {
  const root = path.join(directory, 'ingot-package')
  for (const name of ['package.json', 'LICENSE', 'bin', 'launcher/prebuilt'])
    cpSync(path.join(REPOSITORY, name), path.join(root, name), { recursive: true })
  symlinkSync(path.join(REPOSITORY, 'node_modules'), path.join(root, 'node_modules'))
  const script = path.join(REPOSITORY, 'scripts/build-package.ts')
  const { status, stderr } = await runNode([script, path.join(root, 'dist')], { cwd: REPOSITORY })
  assert.equal(status, 0, stderr)
  const out = path.join(directory, 'ingot')
  await ingotBuild([root, '-o', out], { cwd: directory, ...(env && { env }) })
  return out
}
