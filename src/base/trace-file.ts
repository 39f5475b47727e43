// ingot.trace.json: what a program has used when it was traced (`ingot trace`), for people, version control and later
// builds. Sorted, and without anything that is another the next time: no times, no ports that the kernel chose.
// Names in the project, and of packages that it uses, are relative to its directory; others are absolute.

export const TRACE_NAME = 'ingot.trace.json'
export const TRACE_VERSION = 1

export interface TraceFile {
  readonly version: typeof TRACE_VERSION
  /** What node's loaders have loaded: code and JSON. */
  readonly modules: readonly UsedFile[]
  /** What was read in other ways. */
  readonly files: readonly UsedFile[]
  /** Of which the names were read. */
  readonly directories: readonly UsedFile[]
  /** Links on the way to what is missing, as package managers make them. */
  readonly links: readonly Used<'file'>[]
  /** In which something was made or written. */
  readonly written: readonly Used<'directory'>[]
  /** Addons, and the shared libraries that came with them. */
  readonly libraries: readonly UsedFile[]
  /** Names; `*` if all were asked for at once. */
  readonly variables: readonly Used<'name'>[]
  readonly listening: readonly Used<'address'>[]
  readonly connections: readonly Used<'address'>[]
  readonly processes: readonly (Used<'file'> & { readonly arguments: readonly string[] })[]
}

export type Used<Name extends string> = { readonly [Key in Name]: string } & {
  /** `file:line:column` of who did it first, as far as known. */
  readonly at?: string
}

export type UsedFile = Used<'file'> & { readonly from: FileOrigin }

/**
 * `embedded`: the build had found it; `missing`: it was asked for as an embedded one, and the build had not found it;
 * `host`: it was asked for by its path on the machine.
 */
export type FileOrigin = 'embedded' | 'missing' | 'host'

/** One item to a line, so that a comparison of two shows what is different. */
export function formatTrace({ version, ...lists }: TraceFile): string {
  const parts = Object.entries(lists).map(([name, items]) => {
    const lines = items.map((item) => `    ${JSON.stringify(item)}`)
    return `  ${JSON.stringify(name)}: [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n  `}]`
  })
  return `{\n  "version": ${version},\n${parts.join(',\n')}\n}\n`
}

/** One run seldom shows all that a program does. */
export function mergeTraces(before: TraceFile, after: TraceFile): TraceFile {
  const both = <Item extends object>(older: readonly Item[], newer: readonly Item[]): Item[] => {
    const items = new Map<string, Item>()
    for (const item of older) items.set(identityOf(item), item)
    for (const item of newer) {
      // A build that went by the older trace has found what is missing without it.
      const isMissing = (items.get(identityOf(item)) as { from?: FileOrigin } | undefined)?.from === 'missing'
      items.set(identityOf(item), isMissing ? { ...item, from: 'missing' } : item)
    }
    return sorted([...items.values()])
  }
  return {
    version: TRACE_VERSION,
    modules: both(before.modules, after.modules),
    files: both(before.files, after.files),
    directories: both(before.directories, after.directories),
    links: both(before.links, after.links),
    written: both(before.written, after.written),
    libraries: both(before.libraries, after.libraries),
    variables: both(before.variables, after.variables),
    listening: both(before.listening, after.listening),
    connections: both(before.connections, after.connections),
    processes: both(before.processes, after.processes),
  }
}

/** By what they are, the same on every machine. */
export function sorted<Item extends object>(items: readonly Item[]): Item[] {
  const keyed = items.map((item) => [identityOf(item), item] as const)
  return keyed.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item)
}

/** Without who did it, and without what the build knew then. */
export function identityOf(item: object): string {
  const { at: _at, from, ...identity } = item as { at?: string; from?: FileOrigin }
  return JSON.stringify(from === 'host' ? { ...identity, from } : identity)
}
