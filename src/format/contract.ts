// What a program needs from the world, as it is embedded: the config's `contract` with all defaults filled in.
// Checked at every start (bootstrap/contract/), shown by `ingot inspect`, and enforced if it says so.

export interface Contract {
  /** Node's permission model refuses what is not declared. */
  readonly enforce: boolean
  readonly env: Readonly<Record<string, VariableRule>>
  /** Paths on the machine; a directory means all below it. `$NAME` stands for the value of a declared variable. */
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

export interface VariableRule {
  readonly type:
    | 'string'
    | 'number'
    | 'integer'
    | 'boolean'
    | 'port'
    | 'url'
    | 'duration'
    | 'bytes'
    | 'json'
    | 'enum'
  /** Of an enum. */
  readonly values: readonly string[] | undefined
  /** As it would be written in the environment. */
  readonly default: string | undefined
  readonly required: boolean
  /** Never printed. */
  readonly secret: boolean
  readonly description: string | undefined
}
