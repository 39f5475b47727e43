// The pipeline: the table of contents of a build. Each stage takes the last one's artefact.

import { readFileSync } from 'node:fs'
import path from 'node:path'

import type { BuildOptions, BuildResult } from './base/build-result.ts'
import type { Inputs } from './base/inputs.ts'
import { BuildError } from './base/diagnostics.ts'
import { createStages } from './base/stages.ts'
import { platformOf, type Target } from './base/targets.ts'
import { buildEach, type TargetOutcome } from './build-each.ts'
import { resolveConfig } from './config/resolve-config.ts'
import { abandonExecutable, beginExecutable } from './output/executable.ts'
import { writeEnvTypes } from './env-types.ts'
import { notEmbedded } from './asked-for.ts'
import { allInputs } from './inputs.ts'
import { lookAtGit } from './known/git.ts'
import { judgeNativeCode } from './native-policy.ts'
import { codeCacheDiagnostics, packPayload } from './pack-payload.ts'
import { planImage } from './plan-image.ts'
import { prepareTarget } from './prepare-target.ts'
import { cacheRoot } from './runtimes/cache-root.ts'
import { signedElsewhere } from './seal/code-signature.ts'
import { readPrivateKey } from './seal/signature.ts'
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
  return (await buildTracked(options, lookAtGit)).result
}

/**
 * Builds an executable for each target that the options or the configuration name. One that fails is no reason to go
 * without the others.
 * @throws BuildError if the configuration is wrong
 */
export function buildTargets(options: BuildOptions): Promise<TargetOutcome[]> {
  return buildEach(options, build)
}

function severalTargets(targets: readonly Target[]): BuildError {
  return new BuildError('TARGET_SEVERAL', `one executable is for one target, not for ${targets.join(', ')}`, {
    help: 'name one with "target"; ingot build and buildTargets() build several',
  })
}

/** The same, with what it depended on. A build that is not for shipping has no commit. */
export async function buildTracked(
  options: BuildOptions,
  findCommit?: typeof lookAtGit,
): Promise<{ result: BuildResult; inputs: Inputs }> {
  const { cwd = process.cwd(), signal, sign } = options
  const started = performance.now()
  const stage = createStages(options)

  const { config, targets, diagnostics, inputs } = await stage('config', () =>
    resolveConfig(options, { cwd }),
  )
  if (targets.length > 1) throw severalTargets(targets)
  const ofTypes = writeEnvTypes(config)
  if (config.check) await stage('check', async () => (await import('./check.ts')).checkTypes(config, signal))

  if (sign !== undefined && platformOf(config.target).os === 'darwin') throw signedElsewhere(config.out)
  const keyFile = sign === undefined ? undefined : path.resolve(cwd, sign)
  const key = keyFile === undefined ? undefined : readPrivateKey(keyFile)
  const cache = cacheRoot(process.env)
  const target = await stage('runtime', () => prepareTarget(config, cache))
  const { base } = target

  // git takes as long as the graph of a small program.
  const tree = findCommit?.(config.projectDir)
  // The longest single step of a small build needs nothing of the program: it runs beside the rest.
  const pending = beginExecutable(base.file, config.out)
  try {
    const { graph, code } = await stage('graph', () => traceCached(config, cache))
    const { native, ...judged } = judgeNativeCode(graph, config, target, cache)
    const read = (file: string) => code.memory.read(file)
    const payload = await stage('payload', () =>
      packPayload(graph, config, { version, target, cache, read, native, tree }),
    )
    const image = await stage('image', () => planImage(base, payload.size, config))
    const onProgress = (detail: string) => options.onStage?.({ stage: 'output', state: 'start', detail })
    const written = await stage('output', () =>
      writeExecutable(pending, { config, base, payload, image, cache, key, onProgress }),
    )
    const result = summarize({
      config,
      target,
      graph,
      payload,
      ...written,
      native,
      diagnostics: [
        ...diagnostics,
        ...ofTypes,
        ...codeCacheDiagnostics(config.target, target),
        ...graph.diagnostics,
        ...judged.diagnostics,
        ...notEmbedded(graph, written.missing),
      ],
      elapsedMs: performance.now() - started,
    })
    return { result, inputs: allInputs(config, inputs, graph, keyFile) }
  } catch (error) {
    await abandonExecutable(pending)
    throw error
  }
}
