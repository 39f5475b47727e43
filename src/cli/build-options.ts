// The options that say what is built, for every command that builds.

import type { BuildOptions } from '../base/build-result.ts'
import { BuildError } from '../base/diagnostics.ts'
import { TARGETS, type Target } from '../base/targets.ts'
import type { StartMode, UserConfig } from '../config/config.ts'
import type { OptionTable, ParsedArguments } from './arguments.ts'
import { parseFuses } from './parse-fuses.ts'

export const buildOptions = {
  config: { type: 'string', value: 'file', brief: 'Configuration file (default: ingot.config.ts)' },
  define: {
    type: 'pairs',
    value: 'key=value',
    brief: 'Replace an identifier by a JavaScript expression; repeatable',
  },
  include: {
    type: 'list',
    value: 'glob',
    brief: 'Embed files that tracing does not find; repeatable',
  },
  external: { type: 'list', value: 'package', brief: 'Leave a package out; repeatable' },
  bundle: { type: 'boolean', brief: 'Bundle ES modules, however few they are' },
  'no-bundle': { type: 'boolean', brief: 'Run all modules as files' },
  minify: { type: 'boolean', brief: 'Bundle, and minify the bundle' },
  sourcemap: { type: 'boolean', brief: 'Keep source maps' },
  check: { type: 'boolean', brief: 'Type-check with TypeScript first' },
  runtime: {
    type: 'list',
    value: 'runtime',
    brief: 'node@26, node@26.10.0 or a node’s path; target=… for one of several',
  },
  icu: {
    type: 'string',
    value: 'locales',
    brief: 'full, or the locales to have data of: en; de,fr,pt-BR',
  },
  start: {
    type: 'string',
    value: 'how',
    brief: 'auto, frozen (go on from where the program was at the build) or cold',
  },
  compress: { type: 'boolean', brief: 'Compress the file; starts take longer (linux-x64)' },
  fuse: {
    type: 'list',
    value: 'name[=off]',
    brief: 'Open or close a fuse (ingot help fuse); repeatable',
  },
} as const satisfies OptionTable

const {
  start: _start,
  compress: _compress,
  bundle: _bundle,
  'no-bundle': _noBundle,
  minify: _minify,
  ...fileOptions
} = buildOptions
/** For commands under which every module stays a file, and starts cold. */
export { fileOptions }

/** What is run here is built for here. */
export const targetOption = {
  target: {
    type: 'list',
    value: 'target',
    brief: '{linux,darwin,win32}-{x64,arm64}, several with commas, or all',
  },
} as const satisfies OptionTable

/** What the pipeline calls them. */
export function toBuildOptions({
  'no-bundle': asFiles,
  start,
  fuse,
  runtime,
  ...flags
}: ParsedArguments<typeof buildOptions & typeof targetOption>['values']): BuildOptions {
  return {
    ...flags,
    ...(asFiles && { bundle: false }),
    ...(runtime !== undefined && { runtime: runtimeOf(runtime) }),
    ...(start !== undefined && { start: startMode(start) }),
    ...(fuse !== undefined && {
      fuses: parseFuses(fuse.map((text) => (text.includes('=') ? text : `${text}=on`))),
    }),
  }
}

/** The last that is for all targets, or what each of them has. */
function runtimeOf(texts: readonly string[]): NonNullable<UserConfig['runtime']> {
  const pairs = texts.map((text) => {
    const target = TARGETS.find((name) => text.startsWith(`${name}=`))
    return { target, runtime: target === undefined ? text : text.slice(target.length + 1) }
  })
  const forAll = pairs.findLast(({ target }) => target === undefined)?.runtime
  if (forAll !== undefined && pairs.every(({ target }) => target === undefined)) return forAll
  const known: [Target, string][] = forAll === undefined ? [] : TARGETS.map((target) => [target, forAll])
  const named = pairs.flatMap(({ target, runtime }) => (target ? [[target, runtime] as const] : []))
  return Object.fromEntries([...known, ...named])
}

function startMode(text: string): StartMode {
  if (text === 'auto' || text === 'frozen' || text === 'cold') return text
  throw new BuildError('CLI_OPTION_VALUE', `--start takes auto, frozen or cold, not "${text}"`)
}
