// Addons where the system loads them from files only (addon-cache.ts).

import type fs from 'node:fs'
import type os from 'node:os'
import path from 'node:path'

import type { NativeCode } from '../format/archive.ts'
import { AddonCache, isLibrary, type CacheFiles } from './addon-cache.ts'
import type { Internals } from './internals.ts'
import { isFile, type Archive } from './vfs/archive.ts'
import { toArchivePath } from './vfs/paths.ts'
import { patch } from './vfs/requests.ts'

/** Windows has it before paths that may be long. */
const NAMESPACE = '\\\\?\\'

/** Where on the disk a file inside is to be found. */
export type PlaceNative = (file: string) => string

/**
 * @param isLimited the program may not use the disk as it wants, and so not the cache either: all is placed before it runs
 * @throws ERR_ADDON_CACHE
 */
export function placeNative(
  { requireBuiltin }: Pick<Internals, 'requireBuiltin'>,
  archive: Archive,
  { set, files: native }: NativeCode,
  isLimited: boolean,
): PlaceNative {
  // Now: a program may change node:fs for itself.
  const files = filesOf(requireBuiltin('fs'))
  let cache: AddonCache | undefined
  const place = (file: string) => {
    cache ??= new AddonCache({
      files,
      directories: cacheDirectories(requireBuiltin('os')),
      set,
      native,
      read(wanted) {
        const found = archive.find(wanted)
        if (!found) throw new Error(`ingot: ${wanted} is not inside`)
        return archive.data(found)
      },
    })
    return cache.place(file)
  }
  if (!isLimited) return place
  const placed = new Map(native.filter((file) => !isLibrary(file)).map((file) => [file, place(file)]))
  return (file) => placed.get(file) ?? place(file)
}

/** Both loaders, and programs themselves, load addons with process.dlopen: that gets the path of a copy. */
export function installAddons(archive: Archive, place: PlaceNative): void {
  patch(process, 'dlopen', (native, [module, filename, ...flags]) => {
    const file = String(filename)
    const inside = toArchivePath(file.startsWith(NAMESPACE) ? file.slice(NAMESPACE.length) : file)
    const entry = inside === undefined ? undefined : archive.resolve(inside, true)
    const isInside = typeof entry === 'object' && isFile(entry)
    return native([module, isInside ? place(entry.path) : file, ...flags])
  })
}

function filesOf(builtin: typeof fs): CacheFiles {
  const { closeSync, lstatSync, mkdirSync, openSync, readdirSync } = builtin
  const { readFileSync, renameSync, rmSync, utimesSync, writeSync } = builtin
  return {
    closeSync,
    lstatSync,
    mkdirSync,
    openSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    utimesSync,
    writeSync,
  }
}

/** The user's own first; what is temporary is there where nobody has a home. */
function cacheDirectories({ homedir, tmpdir, userInfo }: typeof os): string[] {
  const temporary = () =>
    // A user need not have a name.
    path.join(tmpdir(), `ingot-addons-${process.getuid?.() ?? userInfo().username}`)
  return [() => path.join(userCache(homedir), 'ingot', 'addons'), temporary].flatMap((find) => {
    try {
      return [find()]
    } catch {
      return [] // neither a variable says so, nor does the system know the user
    }
  })
}

function userCache(homedir: () => string): string {
  switch (process.platform) {
    case 'darwin':
      return path.join(homedir(), 'Library', 'Caches')
    case 'win32':
      return absolute(process.env['LOCALAPPDATA']) ?? path.join(homedir(), 'AppData', 'Local')
    default:
      return absolute(process.env['XDG_CACHE_HOME']) ?? path.join(homedir(), '.cache')
  }
}

/** Others are not to be used (XDG Base Directory Specification). */
function absolute(directory: string | undefined): string | undefined {
  return directory !== undefined && path.isAbsolute(directory) ? directory : undefined
}
