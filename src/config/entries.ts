// Turns the entries that somebody named into files, each with the name that selects it at run time.

import { basename, dirname, extname, resolve } from 'node:path'
import { BuildError, type Place } from '../base/diagnostics.ts'
import type { ConfigFlags, EntryPoint } from './config.ts'
import { isFile, kindOf, nearestPackageDir } from './files.ts'
import type { Layer } from './layer.ts'
import { manifestLayer, readManifest } from './manifest.ts'
import { packageEntries } from './package-entries.ts'

type Entry = NonNullable<ConfigFlags['entry']>

interface NamedPath {
  readonly name?: string
  /** Absolute; a module, or a directory that stands for its package. */
  readonly path: string
}

/** Reads the three ways to write entries, without looking for them. */
export function namedPaths(entry: Entry, { baseDir }: Layer): NamedPath[] {
  if (typeof entry === 'string') return [namedPath(entry, baseDir)]
  if (isList(entry)) return entry.map((text) => namedPath(text, baseDir))
  return Object.entries(entry).map(([name, path]) => ({ name, path: resolve(baseDir, path) }))
}

export async function locateEntries(entry: Entry, layer: Layer): Promise<EntryPoint[]> {
  const found = await Promise.all(namedPaths(entry, layer).map((named) => locateEntry(named, layer.at)))
  const entries = found.flat()
  for (const [index, { name, file }] of entries.entries()) {
    const other = entries.slice(0, index).find((earlier) => earlier.name === name)
    if (other === undefined) continue
    throw new BuildError('ENTRY_NAME', `${other.file} and ${file} would both be called "${name}"`, {
      ...(layer.at && { at: layer.at }),
      help: `Give one of them another name: other=${file}`,
    })
  }
  return entries
}

/** Directory of the nearest package.json above the first entry, else the entry's own. */
export function projectDirOf(entries: readonly EntryPoint[]): string {
  const dir = dirname(entries[0]!.file)
  return nearestPackageDir(dir) ?? dir
}

/** `path` or `name=path`; a file that is really called `a=b.ts` stays one. */
function namedPath(text: string, baseDir: string): NamedPath {
  const [, name, path] = /^([^/=]+)=(.+)$/.exec(text) ?? []
  if (name === undefined || path === undefined || isFile(resolve(baseDir, text))) {
    return { path: resolve(baseDir, text) }
  }
  return { name, path: resolve(baseDir, path) }
}

async function locateEntry({ name, path }: NamedPath, at: Place | undefined): Promise<EntryPoint[]> {
  const kind = kindOf(path)
  if (kind === 'file') return [{ name: name ?? basename(path, extname(path)), file: path }]
  if (kind === undefined) throw notFound(path, at)

  const found = await directoryEntries(path)
  if (name === undefined) return found
  if (found.length === 1) return [{ name, file: found[0]!.file }]
  throw new BuildError('ENTRY_NAME', `"${name}" names a package with ${found.length} entries`, {
    ...(at && { at }),
    help: 'Name its files one by one, or leave the name out.',
  })
}

async function directoryEntries(dir: string): Promise<EntryPoint[]> {
  const manifest = readManifest(dir)
  const layer = manifest && (await manifestLayer(manifest))
  const entry = layer?.values.entry
  if (layer === undefined || entry === undefined) return packageEntries(dir, manifest)
  // Files only: "entry": "." would come back here for ever.
  const directory = namedPaths(entry, layer).find(({ path }) => kindOf(path) === 'directory')
  if (directory !== undefined) throw notFound(directory.path, layer.at)
  return locateEntries(entry, layer)
}

function notFound(path: string, at: Place | undefined): BuildError {
  const stem = path.slice(0, path.length - extname(path).length)
  const near = ['.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs'].map((end) => stem + end).find(isFile)
  const reason = kindOf(path) === 'directory' ? 'is a directory, not a module' : 'does not exist'
  return new BuildError('ENTRY_NOT_FOUND', `${path} ${reason}`, {
    ...(at && { at }),
    help: near === undefined ? 'Check the path of the entry module.' : `Did you mean ${near}?`,
  })
}

/** Array.isArray does not narrow a union with a readonly array. */
function isList(entry: Entry): entry is readonly string[] {
  return Array.isArray(entry)
}
