// A build for each target: side by side, as each waits for other things, and independent of each other.

import type { BuildOptions, BuildResult } from './base/build-result.ts'
import type { Target } from './base/targets.ts'
import { resolveConfig } from './config/resolve-config.ts'

export type TargetOutcome =
  | { readonly target: Target; readonly result: BuildResult }
  | { readonly target: Target; readonly error: unknown }

/**
 * Builds what `target` names in the options or the configuration. With several, the names of the executables end in
 * the target; one that fails is no reason to go without the others.
 * @param build of one target
 * @throws BuildError if the configuration is wrong
 */
export async function buildEach(
  options: BuildOptions,
  build: (options: BuildOptions) => Promise<BuildResult>,
): Promise<TargetOutcome[]> {
  const { cwd = process.cwd(), onStage } = options
  const { targets } = await resolveConfig(options, { cwd })
  const isOneOfSeveral = targets.length > 1
  return Promise.all(
    targets.map((target) =>
      build({
        ...options,
        target,
        isOneOfSeveral,
        ...(onStage && isOneOfSeveral && { onStage: (event) => onStage({ ...event, target }) }),
      }).then(
        (result) => ({ target, result }),
        (error: unknown) => ({ target, error }),
      ),
    ),
  )
}
