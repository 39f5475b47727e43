// Names and shapes of the OCI image specification 1.1: https://github.com/opencontainers/image-spec

import { createHash } from 'node:crypto'

export const INDEX = 'application/vnd.oci.image.index.v1+json'
export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const CONFIG = 'application/vnd.oci.image.config.v1+json'
export const LAYER = 'application/vnd.oci.image.layer.v1.tar'
/** The config of a manifest that is no image. */
export const EMPTY = 'application/vnd.oci.empty.v1+json'
export const CYCLONEDX = 'application/vnd.cyclonedx+json'

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
  readonly artifactType?: string
  readonly platform?: Platform
  readonly annotations?: Annotations
}

export interface Platform {
  readonly os: 'linux'
  readonly architecture: string
  readonly variant?: string
}

export type Annotations = Readonly<Record<string, string>>

export interface Manifest {
  readonly schemaVersion: 2
  readonly mediaType: typeof MANIFEST
  readonly artifactType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Annotations
}

export interface Index {
  readonly schemaVersion: 2
  readonly mediaType: typeof INDEX
  readonly manifests: readonly Descriptor[]
  readonly annotations?: Annotations
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** Of a descriptor, what tells that it is the same. */
export function bare({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size }
}
