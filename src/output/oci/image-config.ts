// What an image says about how it is run, from what the executable says of itself: its contract first of all.

import type { BuildInfo } from '../../format/build-info.ts'
import type { Contract } from '../../format/contract.ts'
import { addressIn, parseAddress, variableIn } from '../../format/contract-address.ts'
import type { Annotations, Platform } from './descriptor.ts'

/** The user of distroless images called "nonroot": there is no /etc/passwd to have a name in. */
const USER = '65532:65532'

export interface ImageSubject {
  readonly info: BuildInfo
  readonly platform: Platform
  readonly start: 'cold' | 'frozen'
  /** SHA-256 of the executable's seal, hex. */
  readonly seal: string | undefined
  /** RFC 3339. */
  readonly created: string
}

/** The program's name as a file's: without its scope, and without what a shell would need quotes for. */
export function programName({ program, entries }: BuildInfo): string {
  const name = program.name ?? entries[0]?.name ?? ''
  return (
    name
      .replace(/^@[^/]*\//, '')
      .replace(/[^\w.-]/g, '-')
      .replace(/^[.-]+/, '') || 'program'
  )
}

/** OCI image specification, config.md. */
export function imageConfig(
  subject: ImageSubject,
  layers: readonly { readonly diffId: string; readonly comment: string }[],
): object {
  const { info, platform, created } = subject
  const { contract } = info
  const ports = portsOf(contract)
  const env = environmentOf(subject)
  return {
    created,
    ...platform,
    config: {
      User: USER,
      ...(ports.length > 0 && { ExposedPorts: Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}])) }),
      ...(env.length > 0 && { Env: env }),
      Entrypoint: [`/${programName(info)}`],
      WorkingDir: '/',
      Labels: labelsOf(subject),
      StopSignal: 'SIGTERM',
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ comment }) => ({ created, created_by: `ingot ${info.ingot}`, comment })),
  }
}

function portsOf(contract: Contract | undefined): number[] {
  const ports = (contract?.listen ?? []).flatMap((text) => {
    const name = variableIn(text)?.name
    const rule = name === undefined ? undefined : contract?.env[name]
    const address = rule ? addressIn(rule, rule.default ?? '') : parseAddress(text)
    return address?.kind === 'port' && address.port > 0 ? [address.port] : []
  })
  return [...new Set(ports)].toSorted((a, b) => a - b)
}

/**
 * Defaults, so that whoever looks at the image sees what can be set. Not of a frozen program: a variable that it has found to
 * be unset at its build makes its start a cold one, and it knows its defaults itself.
 */
function environmentOf({ info, start }: ImageSubject): string[] {
  if (start === 'frozen') return []
  return Object.entries(info.contract?.env ?? {}).flatMap(([name, rule]) =>
    rule.secret || rule.default === undefined ? [] : [`${name}=${rule.default}`],
  )
}

/** As labels of the config, and as annotations of manifest and index: tools look here or there. */
export function annotationsOf({ info, created }: ImageSubject): Annotations {
  const { program, vcs } = info
  const known: Record<string, string | undefined> = {
    created,
    title: program.name,
    version: program.version,
    licenses: program.license,
    source: program.repository,
    revision: vcs && `${vcs.commit}${vcs.dirty ? '-dirty' : ''}`,
  }
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, value]) =>
      value === undefined ? [] : [[`org.opencontainers.image.${name}`, value]],
    ),
  )
}

/** What this very executable was made with. */
function labelsOf(subject: ImageSubject): Annotations {
  const { info, seal } = subject
  return {
    ...annotationsOf(subject),
    'ingot.version': info.ingot,
    'ingot.node': info.runtime.version,
    'ingot.module-graph': `sha256:${info.moduleGraph}`,
    ...(seal !== undefined && { 'ingot.seal': `sha256:${seal}` }),
  }
}
