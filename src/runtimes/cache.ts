// The per-user cache: prepared files that are expensive to make again and the same for every
// project. An entry is a directory named by its key and never changes once it is there.
//
// Two builds at once need no lock file: each fills a directory of its own and renames it to the
// key; who comes second finds the name taken and uses what is there.
//
// Trust: a manifest names each file's SHA-256. Hashing 150 MB at every build would cost more than
// the rest of a warm build, so a file whose size, mtime, ctime and inode are those of the last full
// hash is believed; any difference means a full hash. What this cannot see is a disk that changes
// bytes below the file system, or root writing to the raw device. ctime is included because a
// program can set mtime back but not ctime. Nothing is synced: after a power failure a file that
// was never written out has another size, which is a difference.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join, relative } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import { ownName, removeAbandoned } from '../base/owner.ts'
import { writeFileAtomic } from './atomic.ts'
import { sha256File } from './hash.ts'
import type { SourcedFile } from './runtime.ts'

const MANIFEST = 'ingot-manifest.json'
const TEMPORARY_PREFIX = '.tmp-'

interface ManifestFile {
  readonly sha256: string
  /** Size, mtime, ctime and inode when `sha256` was last computed. */
  readonly stamp: string
}

/** Path inside the entry, with `/` -> file. */
type Manifest = Record<string, ManifestFile>

export interface CacheEntry {
  /** Absolute path of the entry's directory. */
  readonly dir: string
  /** Path inside the entry, with `/` -> SHA-256 in hex. */
  readonly files: ReadonlyMap<string, string>
}

/** A file of an entry that its recipe is known to make. */
export function fileOf({ dir, files }: CacheEntry, path: string): SourcedFile {
  const sha256 = files.get(path)
  if (sha256 === undefined) throw new Error(`the cache entry ${dir} was made without ${path}`)
  return { file: join(dir, path), sha256 }
}

/** The entry of that key; made with `fill` when it is missing or corrupt. */
export async function cached(
  key: string,
  fill: (dir: string) => Promise<void>,
  root: string,
): Promise<CacheEntry> {
  const existing = await openEntry(key, root)
  if (existing !== undefined) return existing
  const temporary = makeTemporary(root)
  try {
    await fill(temporary)
    writeManifest(temporary, await describeFiles(temporary))
    publish(temporary, join(root, key))
  } catch (error) {
    throw isDiskFull(error) ? unwritable(root, error) : error
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  const entry = await openEntry(key, root)
  if (entry !== undefined) return entry
  throw new BuildError('CACHE_UNSTABLE', `the cache entry ${key} vanished while it was made`, {
    at: { file: root },
    help: 'build again; keep clean-up jobs away from this directory during a build',
  })
}

/** The entry of that key if it is there and sound. A corrupt one is removed, so that it is made again. */
export async function openEntry(key: string, root: string): Promise<CacheEntry | undefined> {
  const dir = join(root, key)
  const inode = statSync(dir, { throwIfNoEntry: false })?.ino
  if (inode === undefined) return undefined
  const entry = await verify(dir)
  if (entry === undefined) discard(dir, inode, root)
  else markUsed(dir)
  return entry
}

/** Another build may be about to read what it has opened; a build takes seconds. */
const IN_USE_MS = 60_000

/** Removes the entries whose keys start so that were not used for longest, all but `keep`. They can be made again. */
export function prune(prefix: string, keep: number, root: string): void {
  const entries = keysOf(prefix, root).map((key) => {
    const dir = join(root, key)
    return { dir, usedMs: statSync(dir, { throwIfNoEntry: false })?.mtimeMs ?? 0 }
  })
  const oldest = entries.toSorted((a, b) => b.usedMs - a.usedMs).slice(keep)
  const idle = oldest.filter(({ usedMs }) => Date.now() - usedMs > IN_USE_MS)
  for (const { dir } of idle) rmSync(dir, { recursive: true, force: true })
}

/** A directory's own time says when it was last used; its files' are part of what they are believed by. */
function markUsed(dir: string): void {
  try {
    const now = new Date()
    utimesSync(dir, now, now)
  } catch {
    // A cache that cannot be written to is not tidied up either.
  }
}

/** Keys that start so; for asking what could be used without a network. */
export function keysOf(prefix: string, root: string): readonly string[] {
  try {
    return readdirSync(root).filter((name) => name.startsWith(prefix))
  } catch {
    return []
  }
}

async function verify(dir: string): Promise<CacheEntry | undefined> {
  const manifest = readManifest(dir)
  if (manifest === undefined) return undefined
  const restamped: Manifest = {}
  for (const [path, { sha256, stamp }] of Object.entries(manifest)) {
    const file = join(dir, path)
    // The stamp is taken before the hash: a write in between shows as a difference the next time.
    const now = stampOf(file)
    if (now === stamp) continue
    if (now === undefined || (await sha256File(file)) !== sha256) return undefined
    restamped[path] = { sha256, stamp: now }
  }
  if (Object.keys(restamped).length > 0) keepStamps(dir, { ...manifest, ...restamped })
  return { dir, files: new Map(Object.entries(manifest).map(([path, { sha256 }]) => [path, sha256])) }
}

function readManifest(dir: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, MANIFEST), 'utf8')) as Manifest
  } catch {
    return undefined
  }
}

function writeManifest(dir: string, manifest: Manifest): void {
  writeFileAtomic(join(dir, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
}

function keepStamps(dir: string, manifest: Manifest): void {
  try {
    writeManifest(dir, manifest)
  } catch {
    // A read-only cache (mounted into a container) still works; it is hashed at each build.
  }
}

async function describeFiles(dir: string): Promise<Manifest> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .toSorted()
  const manifest: Manifest = {}
  for (const file of files) {
    const stamp = stampOf(file)
    if (stamp !== undefined) manifest[relative(dir, file)] = { sha256: await sha256File(file), stamp }
  }
  return manifest
}

/** Changes whenever the file may have changed. */
export function stampOf(file: string): string | undefined {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stat && `${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino}`
}

function makeTemporary(root: string): string {
  const temporary = join(root, `${TEMPORARY_PREFIX}${ownName()}`)
  try {
    mkdirSync(temporary, { recursive: true })
  } catch (error) {
    throw unwritable(root, error)
  }
  removeAbandoned(root, TEMPORARY_PREFIX)
  return temporary
}

function publish(temporary: string, dir: string): void {
  try {
    renameSync(temporary, dir)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Somebody else was first. Theirs was made by the same recipe, and is verified when opened.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}

function discard(dir: string, inode: number, root: string): void {
  // Another build may have replaced the corrupt entry since we looked; theirs must stay.
  if (statSync(dir, { throwIfNoEntry: false })?.ino !== inode) return
  // Renamed first: nobody may open an entry that is half deleted.
  const grave = join(root, `${TEMPORARY_PREFIX}${ownName()}`)
  try {
    renameSync(dir, grave)
  } catch (error) {
    throw unwritable(root, error)
  }
  rmSync(grave, { recursive: true, force: true })
}

function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

function unwritable(root: string, cause: unknown): BuildError {
  return new BuildError('CACHE_UNWRITABLE', `cannot write to the cache: ${String(cause)}`, {
    at: { file: root },
    help: 'make room there, or set XDG_CACHE_HOME to a directory that you can write to',
    cause,
  })
}
