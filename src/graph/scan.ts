// Reads what a module refers to. The program's own modules are parsed, so that every finding has
// its place; packages, of which there can be thousands and whose authors nobody here can ask, are
// scanned by pattern, which may find too much (then more is embedded) but not too little.

import path from 'node:path'

import { parseSync } from 'rolldown/utils'

import { pathOfRelativeUrl } from './file-url.ts'
import { scanOwnModule } from './own-module.ts'
import type { EdgeKind } from './resolve.ts'
import { isInPackage } from './source.ts'
import type { Exports, Imported } from './values.ts'

/** A reference by module specifier. */
export interface Reference {
  readonly kind: EdgeKind
  readonly specifier: string
  /** Offset in the source. */
  readonly start: number
  /** Failing to find it is the program's to handle: inside try, or a dynamic import. */
  readonly optional: boolean
  /** Looked up from another place, by a require that was made for it. */
  readonly elsewhere?: boolean
  /** One of several that it may be, or something of which nothing is known: `process.argv[2] ?? './default.ts'`. */
  readonly isGuess?: boolean
  /** Only its path is asked for (require.resolve, import.meta.resolve). */
  readonly byPath: boolean
  /** The import attribute `type`. */
  readonly type?: string
}

export interface Scan {
  readonly text: string
  readonly hasModuleSyntax: boolean
  readonly references: readonly Reference[]
  /** Absolute paths of files and directories it names, with WILDCARD for what varies. */
  readonly paths: readonly string[]
  /** Relative or absolute specifiers with WILDCARD. */
  readonly globs: readonly { readonly kind: EdgeKind; readonly pattern: string; readonly start: number }[]
  /** require() and import() of which nothing is known. */
  readonly computed: readonly { readonly kind: EdgeKind; readonly start: number }[]
  /** It asks where something lies by a name of which nothing is known. */
  readonly computesNames: boolean
  /** It finds files by path in ways that only the whole package can satisfy. */
  readonly looksAround: boolean
  /** It refers to __dirname or __filename as names of its own surroundings. */
  readonly usesCommonJsNames: boolean
  /** It installs hooks that see modules being loaded. */
  readonly hooksModules: boolean
  /** It must run under its own path and loader: why. */
  readonly unbundlable: string | undefined
  /** Environment variables that it asks for by name. */
  readonly variables: readonly { readonly name: string; readonly start: number }[]
  /** String literals that could name a package. */
  readonly names: ReadonlySet<string>
  readonly exports: Exports
}

/** Who remembers what parsing has found out about a text with that extension. */
export type RememberSyntax = (extension: string, text: string, parse: () => boolean) => boolean

/** @param imported what is known of other modules */
export function scanModule(
  file: string,
  text: string,
  remember: RememberSyntax,
  imported: Imported = {},
): Scan {
  return isInPackage(file) ? scanPackageModule(file, text, remember) : scanOwnModule(file, text, imported)
}

/** Between the words: people leave notes for bundlers there. */
const GAP = String.raw`\s*(?:\/\*[^*]{0,999}\*+(?:[^/*][^*]{0,99}\*+){0,9}\/\s*){0,9}`
const REQUIRES = new RegExp(
  String.raw`\brequire(\.resolve)?\s*\(${GAP}(["'\`])([^"'\`$\n]+)\2${GAP}[,)]`,
  'g',
)
/** What follows is only looked at: the word may be the end of a string, and what follows then is between two strings. */
const IMPORTS = new RegExp(
  String.raw`(?<![\w$])(?:from|import|import\s*\(|import\.meta\.resolve\s*\(|register\s*\()(?=${GAP}(["'])([^"'\n]+)\1)`,
  'g',
)
const MODULE_SYNTAX =
  /(?:^|[\s;}])(?:import\s*(?:["'{*]|[\w$]+\s*(?:,|from\b))|export\s*(?:[{*]|default\b|const\b|let\b|var\b|function\b|class\b|async\b))/
/** Anything but one literal as the argument; or the function under another name, to fool bundlers. */
const COMPUTED_REQUIRE = new RegExp(
  String.raw`\brequire\s*\((?!${GAP}(?:\)|(["'\`])[^"'\`$\n]*\1${GAP}[,)]))|=\s*require\s*[;,)\n]`,
)
const COMPUTED_IMPORT = new RegExp(String.raw`\bimport\s*\((?!${GAP}(?:\)|(["'\`])[^"'\`$\n]*\1${GAP}[,)]))`)
const COMPUTED_RESOLVE = new RegExp(
  String.raw`\b(?:require|import\.meta)\.resolve\s*\((?!${GAP}(?:\)|(["'\`])[^"'\`$\n]*\1${GAP}[,)]))`,
)
/** node:module's two ways; OpenTelemetry, Sentry and their kin call one of them. */
const HOOKS_MODULES = /\bregisterHooks\s*\(|\bregister\s*\(\s*["'][^"'\n]+["']\s*,/
/** `new URL('./x', import.meta.url)`, `path.join(__dirname, 'x', 'y')`, `__dirname + '/x'`: what is there is wanted, whatever it is. */
const OWN_URL = /\bnew\s+URL\s*\(\s*["'`]([^"'`$\n:]+)["'`]\s*,\s*import\.meta\.url/g
const OWN_PATH = /(?:__dirname|import\.meta\.dirname)\s*((?:[,+]\s*(?:"[^"\n]*"|'[^'\n]*')\s*)+)/g
const LOOKS_AROUND =
  /__dirname|__filename|import\.meta\.(?:url|dirname|filename|resolve)|require\.resolve\b|\bcreateRequire\b|process\.dlopen|node-gyp-build|\bbindings['"]/

/** Absolute paths of what a package's module names beside itself. */
function ownPaths(file: string, text: string): string[] {
  const directory = path.dirname(file)
  const urls = [...text.matchAll(OWN_URL)].map(([, url]) => pathOfRelativeUrl(url!))
  const paths = [...text.matchAll(OWN_PATH)].map(([, parts]) =>
    path.join(...[...parts!.matchAll(/["']([^"'\n]*)["']/g)].map(([, part]) => part!)),
  )
  return [...urls, ...paths].map((found) => path.join(directory, found))
}

function scanPackageModule(file: string, text: string, remember: RememberSyntax): Scan {
  const references: Reference[] = []
  for (const match of text.matchAll(REQUIRES)) {
    const specifier = match[3]!
    references.push({
      kind: 'require',
      specifier,
      start: match.index,
      optional: true,
      byPath: match[1] !== undefined,
    })
  }
  for (const match of text.matchAll(IMPORTS)) {
    const specifier = match[2]!
    references.push({ kind: 'import', specifier, start: match.index, optional: true, byPath: false })
  }
  const computed: Scan['computed'][number][] = []
  if (COMPUTED_REQUIRE.test(text)) computed.push({ kind: 'require', start: 0 })
  if (COMPUTED_IMPORT.test(text)) computed.push({ kind: 'import', start: 0 })
  const looksAround = LOOKS_AROUND.test(text)
  return {
    text,
    // The pattern also finds strings and comments; parsing every package would take too long.
    hasModuleSyntax:
      MODULE_SYNTAX.test(text) &&
      remember(path.extname(file), text, () => parseSync(file, text).module.hasModuleSyntax),
    references,
    paths: looksAround ? ownPaths(file, text) : [],
    globs: [],
    computed,
    computesNames: looksAround && COMPUTED_RESOLVE.test(text),
    looksAround,
    usesCommonJsNames: false,
    hooksModules: HOOKS_MODULES.test(text),
    unbundlable: computed.length > 0 || looksAround ? 'finds files by path' : undefined,
    variables: [],
    names: new Set(),
    exports: {},
  }
}
