// Everything Ingot has to say about a build is one of two things: a Diagnostic,
// returned beside the result, or a BuildError, thrown when there is no result.
// Both carry a stable code, a place and a remedy, and only the CLI prints them.

/** Where in the world a diagnostic points to. A binary file has an offset, a text file a line. */
export interface Place {
  readonly file: string
  /** 1-based. */
  readonly line?: number
  /** 1-based, in UTF-16 code units. */
  readonly column?: number
  /** Byte offset from the start of the file. */
  readonly offset?: number
}

/** A finding that does not stop the build. */
export interface Diagnostic {
  readonly severity: 'warning' | 'info'
  /** Stable, upper snake case; scripts may match on it. */
  readonly code: string
  readonly message: string
  readonly at?: Place
  /** What the user can do about it, as an imperative sentence. */
  readonly help?: string
}

export interface BuildErrorDetails {
  readonly at?: Place
  readonly help?: string
  readonly cause?: unknown
}

/** The one error class: a build that cannot go on. */
export class BuildError extends Error {
  override readonly name = 'BuildError'
  readonly code: string
  readonly at: Place | undefined
  readonly help: string | undefined

  constructor(code: string, message: string, details: BuildErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.at = details.at
    this.help = details.help
  }
}

/** `file:line:column`, or `file at byte 0x40` for a binary. */
export function formatPlace(at: Place): string {
  if (at.offset !== undefined) return `${at.file} at byte 0x${at.offset.toString(16)}`
  if (at.line === undefined) return at.file
  return at.column === undefined ? `${at.file}:${at.line}` : `${at.file}:${at.line}:${at.column}`
}

/** Proof for the compiler that a union has been handled completely. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`)
}
