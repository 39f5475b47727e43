// What a program needs from the world, as it is embedded: the config's `contract` with all defaults filled in.
// Checked at every start (bootstrap/contract/), shown by `ingot inspect`, and enforced if it says so.

export interface Contract {
  /** What is not declared is refused while the program runs. */
  readonly enforce: boolean
  readonly env: Readonly<Record<string, VariableRule>>
  /**
   * Paths on the machine; a directory means all below it. `$NAME` at the beginning stands for the value of a declared
   * variable; a relative path begins in the directory in which the program is started.
   */
  readonly files: { readonly read: readonly string[]; readonly write: readonly string[] }
  /** Ports, `host:port` or `$NAME`; `unix:/path`. */
  readonly listen: readonly string[]
  /** Hosts, `host:port` or `$NAME` (a URL's host and port). */
  readonly connect: readonly string[]
  /** Child programs, by name or absolute path. */
  readonly run: readonly string[]
  readonly workers: boolean
  readonly native: boolean
  /** What a deployment gives: each by the variable that holds its URL. */
  readonly services: Readonly<
    Record<string, { readonly env: string; readonly description: string | undefined }>
  >
}

export const VARIABLE_TYPES = [
  'string',
  'number',
  'integer',
  'boolean',
  'port',
  'url',
  'duration',
  'bytes',
  'json',
  'enum',
] as const
export type VariableType = (typeof VARIABLE_TYPES)[number]

export interface VariableRule {
  readonly type: VariableType
  /** Of an enum. */
  readonly values: readonly string[] | undefined
  /** As it would be written in the environment. */
  readonly default: string | undefined
  readonly required: boolean
  /** Never printed. */
  readonly secret: boolean
  readonly description: string | undefined
}
