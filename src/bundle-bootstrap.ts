// What runs inside an executable, as one file each: a part of the published package, and in a clone made from the sources.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Platform } from './base/targets.ts'

const HERE = path.dirname(fileURLToPath(import.meta.url))

const SOURCES = {
  /** In every executable. */
  bootstrap: 'bootstrap/entry.ts',
  /** Beside the executable of `ingot dev` (bootstrap/development.ts). */
  development: 'bootstrap/development/develop.ts',
  /** In the archive of a program with a contract (bootstrap/contract.ts). */
  contract: 'bootstrap/contract/install.ts',
  /** In that of one whose contract is enforced. */
  enforcement: 'bootstrap/contract/enforce.ts',
  /** In the archive of tests. */
  tests: 'bootstrap/tests/test-runner.ts',
} as const

export const PARTS = Object.keys(SOURCES) as readonly (keyof typeof SOURCES)[]

/** Where the published package has it. */
export function bundledFile(part: keyof typeof SOURCES, os: Platform['os']): string {
  return path.join(HERE, os === 'linux' ? `${part}.js` : `${part}-${os}.js`)
}

/** @param os that it is to run on: nothing of the others is in it */
export async function bundleBootstrap(part: keyof typeof SOURCES, os: Platform['os']): Promise<string> {
  const bundled = bundledFile(part, os)
  if (existsSync(bundled)) return readFileSync(bundled, 'utf8')
  const { rolldown } = await import('rolldown')
  const bundle = await rolldown({
    input: path.join(HERE, SOURCES[part]),
    cwd: HERE,
    platform: 'node',
    external: /^internal\//,
    treeshake: true,
    transform: { define: { 'process.platform': JSON.stringify(os) } },
  })
  const { output } = await bundle.generate({
    format: 'cjs',
    // The functions that decide what a program may do must not be shown to it by stack traces.
    banner: part === 'contract' || part === 'enforcement' ? "'use strict';" : '',
    // Every executable has it. Names of functions stay: some are of node's, and stack traces show them.
    minify: {
      compress: { keepNames: { function: true, class: true } },
      mangle: { keepNames: true },
      codegen: { removeWhitespace: true },
    },
  })
  await bundle.close()
  return output[0].code
}
