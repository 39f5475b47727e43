// The second build of `ingot build --verify-reproducible`: a process of its own, with an environment of its own.

import type { BuildOptions } from './base/build-result.ts'
import { BuildError } from './base/diagnostics.ts'
import { build } from './build.ts'

/** What it answers. */
export type Rebuilt =
  | { readonly file: string }
  | {
      readonly failed: string
      /** If the cause is none of the program's. */ readonly help?: string | undefined
    }

/** Of the machine: no room, no permission, no node. */
const OUTSIDE = /^(?:OUTPUT|CACHE|RUNTIME)_/

process.umask(0o077)
process.once('message', async (options: BuildOptions) => {
  const answer: Rebuilt = await build(options).then(
    ({ out }) => ({ file: out }),
    (error: unknown) => {
      if (!(error instanceof BuildError)) return { failed: String(error) }
      const failed = `${error.code} ${error.message}`
      return OUTSIDE.test(error.code) ? { failed, help: error.help } : { failed }
    },
  )
  process.send!(answer, undefined, undefined, () => process.disconnect!())
})
