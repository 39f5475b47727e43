// Finds the program of a package that does not say under "ingot" where it is. There is no guessing
// between built output and its source: a "bin" that points to a file that is not there is an error,
// because building the file that looks like its source might ship another program.

import { basename, extname, join, normalize } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import type { EntryPoint } from './config.ts'
import { isFile } from './files.ts'
import { commandName, type Manifest } from './manifest.ts'

export const CONVENTIONS = ['src/main.ts', 'src/index.ts', 'main.ts', 'index.ts']
const SOURCE_EXTENSIONS = ['.ts', '.tsx', '.mts', '.cts']
/** What Node may add to a "main" without an extension. */
const NODE_SUFFIXES = ['', '.js', '/index.js']

/** "bin", then "main", then the usual files. Several bins become several entries. */
export function packageEntries(dir: string, manifest: Manifest | undefined): EntryPoint[] {
  const declared = manifest === undefined ? [] : declaredEntries(manifest)
  if (declared.length > 0) return declared

  const file = CONVENTIONS.map((path) => join(dir, path)).find(isFile)
  if (file !== undefined) return [{ name: stemOf(file), file }]
  const fields = manifest === undefined ? [] : ['"ingot.entry", "bin" and "main" in package.json']
  throw new BuildError('ENTRY_NOT_FOUND', `no entry module in ${dir}`, {
    help: `Name one: ingot build path/to/main.ts (tried ${[...fields, ...CONVENTIONS].join(', ')}).`,
  })
}

function declaredEntries(manifest: Manifest): EntryPoint[] {
  const { bin, main } = manifest.fields
  if (typeof bin === 'string') {
    const file = manifestFile(manifest, 'bin', bin)
    return [{ name: commandName(manifest) ?? stemOf(file), file }]
  }
  const bins = Object.entries(bin ?? {}).filter(([, path]) => typeof path === 'string')
  if (bins.length > 0)
    return bins.map(([name, path]) => ({
      name,
      file: manifestFile(manifest, `bin.${name}`, path),
    }))
  if (typeof main !== 'string') return []
  const file = manifestFile(manifest, 'main', main)
  return [{ name: stemOf(file), file }]
}

function manifestFile(manifest: Manifest, key: string, path: string): string {
  const tried = NODE_SUFFIXES.map((suffix) => normalize(path + suffix))
  const found = tried.map((candidate) => join(manifest.dir, candidate)).find(isFile)
  if (found !== undefined) return found
  const source = sourceOf(manifest.dir, normalize(path)) ?? 'src/main.ts'
  throw new BuildError(
    'ENTRY_NOT_FOUND',
    `"${key}" names a file that does not exist (tried ${tried.join(', ')})`,
    {
      at: { file: manifest.file },
      help: `Build it first, or name the source in package.json: "ingot": { "entry": "${source}" }.`,
    },
  )
}

/** The source that output such as dist/cli/run.js was probably made from, relative to `dir`. */
function sourceOf(dir: string, output: string): string | undefined {
  const stem = output.replace(/\.[cm]?js$/, '')
  const inner = stem.slice(stem.indexOf('/') + 1)
  return [`src/${inner}`, stem, inner]
    .flatMap((path) => SOURCE_EXTENSIONS.map((extension) => path + extension))
    .find((path) => isFile(join(dir, path)))
}

function stemOf(file: string): string {
  return basename(file, extname(file))
}
