// What goes into an image and what comes out of it, as the command line, the public API and container-image.ts see it.
// Types only, and none of Node's: programs that import them need not have those.

import type { BuildOptions } from './build-result.ts'
import type { Diagnostic } from './diagnostics.ts'

export type Compression = 'gzip' | 'zstd'
export type LayersMode = 'split' | 'whole'

export interface ImageOptions extends BuildOptions {
  /** Executables that were built before, one for each platform. Without any, what `entry` and `target` name is built. */
  readonly executables?: readonly string[]
  /** `name:tag`, `registry/name:tag`. */
  readonly tags: readonly string[]
  /** A directory (an image layout), or a file whose name ends in `.tar`. */
  readonly output?: string
  readonly push?: boolean
  /** Push over plain HTTP. On loopback that is so anyhow. */
  readonly insecure?: boolean
  /** gzip, which all engines read. */
  readonly compression?: Compression
  /** Two layers, of which the larger one is the same for all programs; or the executable as it is. */
  readonly layers?: LayersMode
  readonly sbom?: boolean
  /** The process's own by default: credentials, proxies, SOURCE_DATE_EPOCH. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface ImageResult {
  readonly names: readonly string[]
  /** What the tags lead to. */
  readonly digest: string
  readonly platforms: readonly {
    /** `linux/amd64` */
    readonly platform: string
    readonly digest: string
    readonly start: 'cold' | 'frozen'
    /** The lowest first; sizes as they are stored and sent. */
    readonly layers: readonly { readonly comment: string; readonly digest: string; readonly size: number }[]
    /** Digest of the attached artifact. */
    readonly sbom: string | undefined
  }[]
  /** Absolute path. */
  readonly output: string | undefined
  readonly pushed: readonly Pushed[]
  readonly diagnostics: readonly Diagnostic[]
}

export interface Pushed {
  readonly registry: string
  readonly repository: string
  readonly tags: readonly string[]
  /** Bytes that were sent, and bytes of layers that the registry had. */
  readonly uploaded: number
  readonly known: number
}
