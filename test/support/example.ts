// A copy of an example with its packages installed, so that building it leaves the clone as it is.

import { cpSync, existsSync } from 'node:fs'
import path from 'node:path'

import { REPOSITORY } from './commands.ts'
import { installed } from './installed.ts'
import { temporaryDirectory } from './temporary.ts'

export const EXAMPLES = path.join(REPOSITORY, 'examples')

export async function copyOfExample(name: string): Promise<string> {
  const source = path.join(EXAMPLES, name)
  const copy = path.join(temporaryDirectory(), name)
  cpSync(source, copy, { recursive: true, filter: (file) => path.basename(file) !== 'node_modules' })
  const packages = path.join(await installed(source), 'node_modules')
  if (existsSync(packages))
    cpSync(packages, path.join(copy, 'node_modules'), { recursive: true, verbatimSymlinks: true })
  return copy
}
