// `ingot deploy`: files for the system that an executable is deployed to, from its contract.

import { existsSync } from 'node:fs'

import { BuildError, type Diagnostic } from './base/diagnostics.ts'
import { resolveConfig } from './config/resolve-config.ts'
import type { Format } from './deploy/deployment.ts'
import { kubernetes } from './deploy/kubernetes.ts'
import { launchd } from './deploy/launchd.ts'
import { nomad } from './deploy/nomad.ts'
import { planDeployment, type Given } from './deploy/plan.ts'
import { systemd } from './deploy/systemd.ts'
import { readExecutable } from './inspect/read-executable.ts'
import { writeText } from './output/write-text.ts'

export type DeployFormat = 'systemd' | 'kubernetes' | 'nomad' | 'launchd'

export interface DeployOptions extends Given {
  readonly format: DeployFormat
  /** Of Kubernetes. */
  readonly image?: string
}

export interface DeploymentFile {
  readonly text: string
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * The same for the same executable and options.
 * @throws BuildError DEPLOY_…, and as readExecutable
 */
export function deploymentOf(file: string, { format, image, ...given }: DeployOptions): DeploymentFile {
  const { manifest, info, fuses } = readExecutable(file)
  const form = formOf(format, image)
  const { deployment, diagnostics } = planDeployment(
    { file, contract: manifest.contract, info, fuses },
    given,
    form,
  )
  return { text: form.render(deployment), diagnostics }
}

/** What a build of the project in `cwd` makes. @throws BuildError DEPLOY_NOT_BUILT */
export async function builtFile(cwd: string): Promise<string> {
  const { config } = await resolveConfig({}, { cwd })
  if (existsSync(config.out)) return config.out
  throw new BuildError('DEPLOY_NOT_BUILT', 'the program is not built yet', {
    at: { file: config.out },
    help: 'run `ingot build` first, or pass the path of an executable',
  })
}

/** @throws BuildError OUTPUT_… */
export function writeDeployment(file: string, text: string): void {
  writeText(file, text, 'deployment file')
}

function formOf(format: DeployFormat, image: string | undefined): Format {
  switch (format) {
    case 'systemd':
      return systemd
    case 'kubernetes':
      return kubernetes(image)
    case 'nomad':
      return nomad
    case 'launchd':
      return launchd
  }
}
