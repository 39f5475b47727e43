// Loads valibot, and so is only loaded itself when there is something to check (as is trace-file.ts):
// a project without configuration starts several milliseconds sooner.

import * as v from 'valibot'
import { BuildError, type Place } from '../base/diagnostics.ts'
import { nearest } from '../base/nearest.ts'
import { TARGETS, type Target } from '../base/targets.ts'
import { FUSE_NAMES, type Fuse } from '../format/fuses.ts'
import { VARIABLE_TYPES } from '../format/contract.ts'
import type { UserConfig, UserContract, UserDarwin, UserVariable, UserWindows } from './config.ts'
import { withoutUndefined } from './layer.ts'

const text = v.pipe(v.string('must be a string'), v.nonEmpty('must not be empty'))
const texts = v.array(text, 'must be an array of strings')
const flag = v.boolean('must be true or false')

// v.record takes an array too, and would name the entries of ['a.ts', 'b.ts'] "0" and "1".
const dictionary = <T>(value: v.GenericSchema<T>, message: string) =>
  v.pipe(
    v.custom<Record<string, unknown>>(
      (input) => typeof input === 'object' && input !== null && !Array.isArray(input),
      message,
    ),
    v.record(v.string(), value),
  )

const entries = v.pipe(
  dictionary(text, 'must be a path, or an object of names and paths'),
  v.check((names) => Object.keys(names).length > 0, 'must name at least one entry'),
  // The name is compared with the base name of argv[0].
  v.check((names) => Object.keys(names).every((name) => /^[^/=]+$/.test(name)), 'has a name with "/" or "="'),
)

const fuses = v.strictObject(
  Object.fromEntries(FUSE_NAMES.map((name) => [name, v.exactOptional(flag)])) as Record<
    Fuse,
    v.ExactOptionalSchema<typeof flag, undefined>
  >,
  'must be an object of names and booleans',
)

const variable = {
  type: v.exactOptional(v.picklist(VARIABLE_TYPES, `must be one of ${VARIABLE_TYPES.join(', ')}`)),
  values: v.exactOptional(v.pipe(texts, v.nonEmpty('must name at least one value'))),
  default: v.exactOptional(
    v.custom<string | number | boolean | object>(
      (value) => ['string', 'number', 'boolean', 'object'].includes(typeof value) && value !== null,
      'must be a value of its type',
    ),
  ),
  required: v.exactOptional(flag),
  secret: v.exactOptional(flag),
  description: v.exactOptional(text),
} satisfies Record<keyof UserVariable, unknown>

const service = { env: text, description: v.exactOptional(text) }

const port = v.pipe(
  v.number(),
  v.integer('must be a port'),
  v.minValue(0, 'must be a port'),
  v.maxValue(65_535, 'must be a port'),
)

const OF_ZSTD = 'must be a number from 1 to 22'
const level = v.pipe(v.number(OF_ZSTD), v.integer(OF_ZSTD), v.minValue(1, OF_ZSTD), v.maxValue(22, OF_ZSTD))

const contract = {
  env: v.exactOptional(
    dictionary(
      v.lazy((input) => {
        if (Array.isArray(input)) return variable.values.wrapped
        if (typeof input === 'string') return variable.type.wrapped
        return v.strictObject(variable, 'must be a type, a list of values or an object')
      }),
      'must be an object of names and types',
    ),
  ),
  files: v.exactOptional(
    v.strictObject({ read: v.exactOptional(texts), write: v.exactOptional(texts) }, 'must be an object'),
  ),
  listen: v.exactOptional(
    v.array(
      v.lazy((input) => (typeof input === 'number' ? port : text)),
      'must be an array',
    ),
  ),
  connect: v.exactOptional(texts),
  run: v.exactOptional(texts),
  workers: v.exactOptional(flag),
  native: v.exactOptional(flag),
  services: v.exactOptional(
    dictionary(
      v.lazy((input) => (typeof input === 'string' ? text : v.strictObject(service, 'must be an object'))),
      'must be an object of names and variables',
    ),
  ),
  enforce: v.exactOptional(flag),
} satisfies Record<keyof UserContract, unknown>

const runtimes = v.strictObject(
  Object.fromEntries(TARGETS.map((target) => [target, v.exactOptional(text)])) as Record<
    Target,
    v.ExactOptionalSchema<typeof text, undefined>
  >,
  'must be a runtime, or an object of targets and runtimes',
)

const windows = {
  icon: v.exactOptional(text),
  subsystem: v.exactOptional(v.picklist(['console', 'gui'], 'must be "console" or "gui"')),
  version: v.exactOptional(dictionary(text, 'must be an object of names and texts')),
} satisfies Record<keyof UserWindows, unknown>

const darwin = {
  identifier: v.exactOptional(
    v.pipe(text, v.regex(/^[\w.-]+$/, 'must be of letters, digits, dots, hyphens and underscores')),
  ),
  infoPlist: v.exactOptional(text),
  entitlements: v.exactOptional(
    v.array(v.pipe(text, v.regex(/^[\w.-]+$/, 'must be a name as com.apple.security.device.camera'))),
  ),
} satisfies Record<keyof UserDarwin, unknown>

const fields = {
  // A union would hide which of its members failed, and where in it.
  entry: v.exactOptional(v.lazy((input) => (typeof input === 'string' ? text : entries))),
  out: v.exactOptional(text),
  define: v.exactOptional(
    dictionary(v.string('must be a string that holds a JavaScript expression'), 'must be an object'),
  ),
  include: v.exactOptional(texts),
  external: v.exactOptional(texts),
  native: v.exactOptional(
    v.lazy((input) =>
      Array.isArray(input)
        ? texts
        : v.picklist(['allow', 'deny'], 'must be "allow", "deny" or a list of packages'),
    ),
  ),
  codeFromDisk: v.exactOptional(v.picklist(['allow', 'deny'], 'must be "allow" or "deny"')),
  fuses: v.exactOptional(fuses),
  compress: v.exactOptional(
    v.lazy((input) =>
      typeof input === 'boolean'
        ? flag
        : v.strictObject({ level: v.exactOptional(level) }, 'must be true, false or an object'),
    ),
  ),
  bundle: v.exactOptional(flag),
  minify: v.exactOptional(flag),
  sourcemap: v.exactOptional(flag),
  check: v.exactOptional(flag),
  runtime: v.exactOptional(v.lazy((input) => (typeof input === 'string' ? text : runtimes))),
  icu: v.exactOptional(v.lazy((input) => (Array.isArray(input) ? texts : text))),
  target: v.exactOptional(v.lazy((input) => (Array.isArray(input) ? texts : text))),
  start: v.exactOptional(v.picklist(['auto', 'frozen', 'cold'], 'must be "auto", "frozen" or "cold"')),
  trace: v.exactOptional(
    v.lazy((input) => (typeof input === 'string' ? text : v.literal(false, 'must be a path, or false'))),
  ),
  contract: v.exactOptional(v.strictObject(contract, 'must be an object')),
  windows: v.exactOptional(v.strictObject(windows, 'must be an object')),
  darwin: v.exactOptional(v.strictObject(darwin, 'must be an object')),
} satisfies Record<keyof UserConfig, v.GenericSchema | v.ExactOptionalSchema<v.GenericSchema, undefined>>

const schema = v.strictObject(fields, 'must be an object')

/** Checks what a user wrote. `prefix` is where it lies in its file: `ingot` in package.json. */
export function checkUserConfig(input: unknown, at: Place, prefix?: string): UserConfig {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  const result = v.safeParse(schema, isObject ? withoutUndefined(input) : null)
  if (result.success) return result.output

  const unknown = result.issues.find((issue) => issue.type === 'strict_object' && issue.expected === 'never')
  const issue = unknown ?? result.issues[0]
  const path = [prefix, v.getDotPath(issue)].filter((part) => part != null).join('.')
  if (unknown === undefined) {
    const subject = path === '' ? 'the default export' : `"${path}"`
    throw new BuildError('CONFIG_INVALID', `${subject} ${issue.message}`, { at })
  }
  const known = keysBeside(issue.path ?? [])
  const meant = nearest(String(issue.path?.at(-1)?.key), known)
  throw new BuildError('CONFIG_UNKNOWN_KEY', `unknown key "${path}"`, {
    at,
    help: meant === undefined ? `Use one of ${known.join(', ')}.` : `Did you mean "${meant}"?`,
  })
}

/** What there could be in the place of a key that is unknown. */
function keysBeside(path: readonly { readonly key?: unknown }[]): string[] {
  const [first, second] = path.map(({ key }) => key)
  if (first === 'fuses' && path.length > 1) return [...FUSE_NAMES]
  if (first === 'runtime' && path.length > 1) return [...TARGETS]
  if (first === 'windows' && path.length > 1) return Object.keys(windows)
  if (first === 'darwin' && path.length > 1) return Object.keys(darwin)
  if (first !== 'contract' || path.length === 1) return Object.keys(fields)
  if (path.length === 2) return Object.keys(contract)
  if (second === 'env') return Object.keys(variable)
  return second === 'services' ? Object.keys(service) : ['read', 'write']
}
