// Runs the stages of a build one by one or side by side, tells whoever listens, and stops between
// them when the build is interrupted.

import type { BuildOptions, Stage } from './build-result.ts'

export type RunStage = <T>(name: Stage, run: () => Promise<T>) => Promise<T>

export function createStages({ signal, onStage }: Pick<BuildOptions, 'signal' | 'onStage'>): RunStage {
  return async (name, run) => {
    signal?.throwIfAborted()
    const begin = performance.now()
    onStage?.({ stage: name, state: 'start' })
    const result = await run()
    onStage?.({ stage: name, state: 'done', elapsedMs: performance.now() - begin })
    return result
  }
}
