// The user's own npm, for what only it knows (the default registry: no host name stands in our
// source) and for what fetch in this Node cannot do (some proxies, client certificates).

import { renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import { CommandFailure, run } from './command.ts'
import { platformFields } from './platform-fields.ts'
import type { Registry, RegistryOptions, Release } from './registry-contract.ts'

type ClientOptions = Pick<RegistryOptions, 'projectDir' | 'env'>

const TIMEOUT_MS = 10 * 60_000

/** An answer of the registry, which is not the same as no answer: `npm error code E404`. */
const REFUSED = /\bcode E[45]\d\d\b/

let knownDefault: Promise<string> | undefined

/** What npm uses when nothing is configured. Asked once per process: npm takes 100 ms to start. */
export function defaultRegistry(options: ClientOptions): Promise<string> {
  knownDefault ??= npm(['config', 'get', 'registry'], options).then((registry) => registry.trim())
  return knownDefault
}

/** The same as with fetch, by `npm view` and `npm pack`. */
export function npmRegistry(options: ClientOptions): Registry {
  return {
    async releases(packageName) {
      // A range, because a bare name shows the latest version only.
      const fields = ['version', 'dist.integrity', 'dist.tarball', 'os', 'cpu', 'libc']
      const shown = await npm(['view', `${packageName}@>=0.0.0`, ...fields, '--json'], options)
      // One match is shown without a list around it.
      return [JSON.parse(shown)].flat().map((release): Release => ({
        version: release.version,
        integrity: release['dist.integrity'],
        tarball: release['dist.tarball'],
        ...platformFields(release),
      }))
    },
    async download(packageName, { version }, file) {
      const dir = dirname(file)
      const packed = await npm(['pack', `${packageName}@${version}`, '--pack-destination', dir], options)
      renameSync(join(dir, packed.trim()), file)
    },
  }
}

async function npm(args: readonly string[], { projectDir, env }: ClientOptions): Promise<string> {
  try {
    return (await run('npm', args, { cwd: projectDir, env, timeoutMs: TIMEOUT_MS })).toString()
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    const code = REFUSED.test(error.reason) ? 'REGISTRY_HTTP' : 'REGISTRY_UNREACHABLE'
    throw new BuildError(code, `npm ${args[0]} failed: ${error.reason}`, {
      help: 'check that npm is installed and works in this project, or set "registry" in .npmrc',
      cause: error,
    })
  }
}
