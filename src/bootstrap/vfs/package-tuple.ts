// A package.json as node's native parser reads it (src/node_modules.cc), for a node whose parser takes the path of a
// file and no bytes.

/** [name, main, type, imports, exports, path], as node's parser gives it. */
export type PackageTuple = (string | undefined)[]

/** undefined for what node calls an invalid package config. */
export function parsePackage(bytes: Buffer, file: string): PackageTuple | undefined {
  let fields: unknown
  try {
    fields = JSON.parse(bytes.toString().replace(/^\uFEFF/, ''))
  } catch {
    return undefined
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return undefined
  const { name, main, type = 'none', imports, exports } = fields as Record<string, unknown>
  if (![name ?? '', type, textIn(imports), textIn(exports)].every(isText) || name === null) return undefined
  return [
    name as string | undefined,
    isText(main) ? main : undefined,
    TYPES.has(type) ? (type as string) : 'none',
    targets(imports),
    targets(exports),
    file,
  ]
}

const TYPES = new Set<unknown>(['commonjs', 'module'])

/** What has half of a surrogate pair in it is no text to the parser. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed()
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Text as it is, what has structure as JSON, and nothing else. */
function targets(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : undefined
}
