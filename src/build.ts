// The pipeline: the table of contents of a build. Each stage takes the last one's artefact.

import { readFileSync } from 'node:fs'

import type { BuildOptions, BuildResult } from './base/build-result.ts'
import type { Inputs } from './base/inputs.ts'
import { createStages } from './base/stages.ts'
import { resolveConfig } from './config/resolve-config.ts'
import { planAppend } from './image/append.ts'
import { abandonExecutable, beginExecutable } from './output/executable.ts'
import { allInputs } from './inputs.ts'
import { judgeNativeCode } from './native-policy.ts'
import { packPayload } from './pack-payload.ts'
import { prepareBase } from './prepare-base.ts'
import { cacheRoot } from './runtimes/cache-root.ts'
import { resolveLibraries } from './runtimes/debian.ts'
import { resolveRuntime } from './runtimes/node.ts'
import { summarize } from './summary.ts'
import { traceCached } from './trace-cached.ts'
import { writeExecutable } from './write-executable.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/**
 * Builds one executable.
 * @throws BuildError with code, place and remedy; nothing of the output is left then
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  return (await buildTracked(options)).result
}

/** The same, with what it depended on. */
export async function buildTracked(options: BuildOptions): Promise<{ result: BuildResult; inputs: Inputs }> {
  const { cwd = process.cwd(), signal } = options
  const started = performance.now()
  const stage = createStages(options)

  const { config, diagnostics, inputs } = await stage('config', () => resolveConfig(options, { cwd }))
  if (config.check) await stage('check', async () => (await import('./check.ts')).checkTypes(config, signal))

  const cache = cacheRoot(process.env)
  const { runtime, libraries, base } = await stage('runtime', async () => {
    const runtime = await resolveRuntime(config.runtime, config.target, { projectDir: config.projectDir })
    const libraries = await resolveLibraries(config.target, { projectDir: config.projectDir })
    return { runtime, libraries, base: await prepareBase(runtime, libraries, cache) }
  })

  // The longest single step of a small build needs nothing of the program: it runs beside the rest.
  const pending = beginExecutable(base.file, config.out)
  try {
    const graph = await stage('graph', () => traceCached(config, cache))
    const { native, diagnostics: nativeDiagnostics } = judgeNativeCode(
      graph,
      config,
      libraries,
      base.moduleVersion,
    )
    const payload = await stage('payload', () =>
      packPayload(graph, config, { version, node: runtime.file, flagHash: base.flagHash, cache }),
    )
    const image = await stage('image', async () => planAppend(base, payload.size))
    const { start, size } = await stage('output', () =>
      writeExecutable(pending, { config, base, payload, image, cache }),
    )
    const result = summarize({
      config,
      runtime,
      libraries,
      base,
      graph,
      payload,
      size,
      start,
      native,
      diagnostics: [...diagnostics, ...graph.diagnostics, ...nativeDiagnostics],
      elapsedMs: performance.now() - started,
    })
    return { result, inputs: allInputs(config, inputs, graph) }
  } catch (error) {
    await abandonExecutable(pending)
    throw error
  }
}
