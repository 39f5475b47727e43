// What a build depends on, so that the next one can be left out if nothing of it is different. Type file: no code.

/** Paths are absolute and need not exist: that nothing is there is known, too. */
export interface Inputs {
  /** Files, links and other single names: as they are, or that they are not. */
  readonly files: readonly string[]
  /** Directories in which a new or a missing name would change the result. */
  readonly listings: readonly Listing[]
  /** Environment variables that were read. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Why the list cannot be complete, in which case nothing may be concluded from it. */
  readonly incomplete?: string
}

export interface Listing {
  readonly directory: string
  /**
   * `modules`: only what a resolver could find instead of what it has found; `tree`: and directories;
   * `all`: every name was looked at.
   */
  readonly names: 'modules' | 'tree' | 'all'
}
