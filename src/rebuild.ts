// The second build of `ingot build --verify-reproducible`: a process of its own, with an environment of its own.

import type { BuildOptions } from './base/build-result.ts'
import { BuildError } from './base/diagnostics.ts'
import { build } from './build.ts'

/** What it answers. */
export type Rebuilt = { readonly file: string } | { readonly failed: string }

process.umask(0o077)
process.once('message', async (options: BuildOptions) => {
  const answer: Rebuilt = await build(options).then(
    ({ out }) => ({ file: out }),
    (error: unknown) => ({
      failed: error instanceof BuildError ? `${error.code} ${error.message}` : String(error),
    }),
  )
  process.send!(answer, undefined, undefined, () => process.disconnect!())
})
