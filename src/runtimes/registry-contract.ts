// What a registry client can do, however it reaches the registry. Type file: no code.

import type { NpmSettings } from './npmrc.ts'

/** A published version. */
export interface Release {
  readonly version: string
  /** SRI with sha512, if the registry states one. */
  readonly integrity: string | undefined
  /** Address of the tarball. */
  readonly tarball: string
  /** What it runs on, as its package.json says it. */
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
}

export interface Registry {
  releases(packageName: string): Promise<readonly Release[]>
  /** Writes the tarball of a release to a new file. */
  download(packageName: string, release: Release, file: string): Promise<void>
}

export interface RegistryOptions {
  readonly settings: NpmSettings
  readonly projectDir: string
  readonly env: NodeJS.ProcessEnv
}
