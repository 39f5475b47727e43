// The C and C++ libraries of the machine that builds: copied where their bytes are the pinned ones,
// used as they are where nothing better is to be had.

import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import { cached, stampOf } from './cache.ts'
import { LICENSE_PREFIX, type PinnedSet } from './debian-packages.ts'
import { ELF_HEADER_BYTES, elfProblem } from './elf-header.ts'
import { sha256, sha256File } from './hash.ts'
import type { SourcedFile, SystemLibraries } from './runtime.ts'

/** Debian's and Ubuntu's; Fedora's and SUSE's; Arch's. */
function directoriesOf({ multiarch }: PinnedSet): string[] {
  return [multiarch, `usr/${multiarch}`, 'lib64', 'usr/lib64', 'lib', 'usr/lib']
}

const HASHES_FILE = 'sha256.json'

/** Fills `dir` with the pinned files. False unless the host has every one of them, byte for byte. */
export async function fillFromHost({ files }: PinnedSet, dir: string, hostRoot: string): Promise<boolean> {
  for (const { path, name, sha256 } of files) {
    const source = join(hostRoot, path)
    const copy = join(dir, name)
    if (!existsSync(source)) return false
    mkdirSync(dirname(copy), { recursive: true })
    copyFileSync(source, copy)
    // The copy is what is hashed: the host may be upgrading itself.
    if ((await sha256File(copy)) !== sha256) return false
  }
  return true
}

/** Whether that would succeed. */
export async function hasPinnedLibraries({ files }: PinnedSet, hostRoot: string): Promise<boolean> {
  for (const { path, sha256 } of files) {
    const file = join(hostRoot, path)
    if (!existsSync(file) || (await sha256File(file)) !== sha256) return false
  }
  return true
}

export interface HostLibraries {
  readonly hostRoot: string
  /** SONAME -> absolute path. */
  readonly files: ReadonlyMap<string, string>
  readonly missing: readonly string[]
  /** Cache key: of these very files, and of this day. */
  readonly key: string
}

export function findHostLibraries(set: PinnedSet, hostRoot: string): HostLibraries {
  const wanted = set.files.map(({ name }) => name).filter((name) => !name.startsWith(LICENSE_PREFIX))
  const files = new Map<string, string>()
  for (const name of wanted) {
    const file = directoriesOf(set)
      .map((dir) => join(hostRoot, dir, name))
      .find((file) => isFor(set, file))
    if (file !== undefined) files.set(name, file)
  }
  // The day, so that the pinned packages are tried for again now and then, but not at each build:
  // on a machine whose mirrors do not have them that takes many seconds.
  const day = new Date().toISOString().slice(0, 10)
  const stamps = [...files.values()].map((file) => `${file} ${stampOf(file)}`)
  return {
    hostRoot,
    files,
    missing: wanted.filter((name) => !files.has(name)),
    key: `host-libraries-${sha256([day, ...stamps].join('\n'))}`,
  }
}

/** The host's own libraries, in place. Their hashes are cached. */
export async function useHostLibraries(
  set: PinnedSet,
  host: HostLibraries,
  root: string,
): Promise<SystemLibraries> {
  if (host.missing.length > 0) throw missingError(set, host.missing)
  const { dir } = await cached(host.key, (temporary) => keepHashes(host, temporary), root)
  const hashes = JSON.parse(readFileSync(join(dir, HASHES_FILE), 'utf8')) as Record<string, string>
  const sourced = [...host.files].map(([name, file]): [string, SourcedFile] => {
    return [name, { file, sha256: hashes[name] ?? '' }]
  })
  const libraries = new Map(sourced)
  const loader = libraries.get(set.loader) as SourcedFile
  libraries.delete(set.loader)
  return {
    origin: 'host',
    reproducible: false,
    loader,
    libraries,
    packages: [],
    licenses: hostLicenses(set, host.hostRoot),
  }
}

async function keepHashes({ files }: HostLibraries, dir: string): Promise<void> {
  const hashes: Record<string, string> = {}
  for (const [name, file] of files) hashes[name] = await sha256File(file)
  writeFileSync(join(dir, HASHES_FILE), JSON.stringify(hashes))
}

/** Fedora has a 32-bit libc.so.6 in /lib. */
function isFor({ target }: PinnedSet, file: string): boolean {
  if (!existsSync(file)) return false
  const header = new Uint8Array(ELF_HEADER_BYTES)
  const descriptor = openSync(file, 'r')
  readSync(descriptor, header)
  closeSync(descriptor)
  return elfProblem(header, target) === undefined
}

function hostLicenses({ packages }: PinnedSet, hostRoot: string): readonly string[] {
  const files = packages.map(({ name }) => join(hostRoot, 'usr/share/doc', name, 'copyright'))
  return files.filter((file) => existsSync(file))
}

function missingError({ architecture }: PinnedSet, missing: readonly string[]): BuildError {
  return new BuildError('LIBRARIES_NOT_FOUND', `neither apt nor this machine has ${missing.join(', ')}`, {
    help: `install glibc, libstdc++, libgcc and libatomic for ${architecture}, or build where apt reaches Debian 12`,
  })
}
