// What a report shows, as the page gets it: JSON inside it. Type file: no code. Sizes in bytes.

import type { BuildInfo } from '../format/build-info.ts'

export interface ReportData {
  /** Of the executable. */
  readonly name: string
  readonly size: number
  readonly title: string
  readonly facts: readonly Fact[]
  readonly map: MapNode
  readonly files: readonly FileRow[]
  readonly packages: BuildInfo['packages']
  readonly native: BuildInfo['native']
  readonly crypto: BuildInfo['crypto']
  readonly contract: BuildInfo['contract']
  readonly fuses: readonly (readonly [name: string, isOpen: boolean])[]
  readonly notices: readonly { readonly of: readonly string[]; readonly text: string | undefined }[]
}

export type Fact = readonly [name: string, value: string]

/** The size of a node with children is theirs. */
export interface MapNode {
  readonly name: string
  readonly size: number
  /** Which colour it has; its parent's if it has none. */
  readonly kind?: MapKind
  readonly children?: readonly MapNode[]
}

export type MapKind =
  | 'runtime'
  | 'libraries'
  | 'bootstrap'
  | 'packages'
  | 'modules'
  | 'assets'
  | 'cache'
  | 'frozen'
  | 'rest'

/** One of the archive's files, or a module whose code is in another one. */
export interface FileRow {
  readonly path: string
  readonly kind: 'module' | 'asset' | 'link' | 'bundled'
  /** Name and version. */
  readonly package: string
  readonly size: number
  readonly code: number
  readonly cache: number
}
