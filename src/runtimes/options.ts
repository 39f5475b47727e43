// What every resolver of this stage needs to know about the build. Type file: no code.

export interface ResolveOptions {
  /** Where ingot.lock is kept and the project's .npmrc is looked for. */
  readonly projectDir: string
  /** Decides the cache directory, the npm configuration and what child processes see. Default: process.env. */
  readonly env?: NodeJS.ProcessEnv
}
