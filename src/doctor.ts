// `ingot doctor`: looks at everything that a build and a start need, and says what is wrong and how to mend it.

import { accessSync, constants, existsSync } from 'node:fs'
import path from 'node:path'

import type { BuildOptions } from './base/build-result.ts'
import { BuildError } from './base/diagnostics.ts'
import type { ResolvedConfig } from './config/config.ts'
import { resolveConfig } from './config/resolve-config.ts'
import { checkCache } from './doctor/cache.ts'
import { broken, ok, warning, type Check } from './doctor/check.ts'
import { checkHost, checkKernel } from './doctor/host.ts'
import { checkLibraries, checkRuntime, fromError } from './doctor/inputs.ts'
import { cacheRoot } from './runtimes/cache-root.ts'
import { lockFileOf, readLock } from './runtimes/lock.ts'

export type { Check } from './doctor/check.ts'

export async function examine(options: BuildOptions, env: NodeJS.ProcessEnv = process.env): Promise<Check[]> {
  const { cwd = process.cwd() } = options
  const checks = checkHost()
  const root = cacheRoot(env)
  const cache = await checkCache(root)
  checks.push(...cache)
  const isUsable = cache.every(({ status }) => status !== 'broken')
  if (isUsable) checks.push(...checkKernel(root))

  const { config, checks: project } = await checkProject(options, cwd)
  if (isUsable) {
    const lockDir = config?.projectDir ?? cwd
    const request = config?.runtime ?? ({ kind: 'npm', version: '26' } as const)
    if (isSound(project)) checks.push(await checkRuntime(request, 'linux-x64', lockDir, root))
    checks.push(...(await checkLibraries('linux-x64', root, env)))
  }
  return [...checks, ...project]
}

function isSound(checks: readonly Check[]): boolean {
  return checks.every(({ code, status }) => code !== 'PROJECT_LOCK' || status !== 'broken')
}

/** No project is no fault: there may be one elsewhere. */
const NOTHING_HERE = new Set(['ENTRY_NOT_FOUND'])

async function checkProject(
  options: BuildOptions,
  cwd: string,
): Promise<{ config?: ResolvedConfig; checks: Check[] }> {
  try {
    const { config, diagnostics } = await resolveConfig(options, { cwd })
    const names = config.entries.map(({ file }) => path.relative(cwd, file) || file)
    const checks = [
      ok('PROJECT_CONFIG', `builds ${names.join(', ')} into ${path.relative(cwd, config.out) || config.out}`),
      ...diagnostics.map(({ message, at, help = '' }) => warning('PROJECT_CONFIG', message, help, at?.file)),
      checkLock(config.projectDir),
      checkOutput(config.out),
    ]
    return { config, checks }
  } catch (error) {
    if (
      options.entry === undefined &&
      error instanceof BuildError &&
      NOTHING_HERE.has(error.code) &&
      !error.at
    ) {
      return { checks: [warning('PROJECT_CONFIG', error.message, error.help ?? '')] }
    }
    return { checks: [fromError('PROJECT_CONFIG', error)] }
  }
}

function checkLock(projectDir: string): Check {
  try {
    readLock(projectDir)
  } catch (error) {
    return fromError('PROJECT_LOCK', error)
  }
  const file = lockFileOf(projectDir)
  if (existsSync(file)) return ok('PROJECT_LOCK', 'ingot.lock pins what executables are made of')
  return warning('PROJECT_LOCK', 'there is no ingot.lock yet', 'build once, and commit the file', file)
}

function checkOutput(out: string): Check {
  let directory = path.dirname(out)
  while (!existsSync(directory)) directory = path.dirname(directory)
  try {
    accessSync(directory, constants.W_OK)
    return ok('PROJECT_OUTPUT', 'the output can be written')
  } catch {
    return broken(
      'PROJECT_OUTPUT',
      'the output cannot be written',
      'choose another place with --out',
      directory,
    )
  }
}
