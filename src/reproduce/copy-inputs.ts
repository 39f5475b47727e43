// Copies what a build depends on below another directory, as if that were the root of the file system: with other times,
// other permissions and made in another order, and nothing that the build has not said that it looks at.

import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import path from 'node:path'

/** As under umask 077. */
const OWNER_ONLY = 0o700
/** 2001-09-09, in seconds. */
const LONG_AGO = 1_000_000_000

/**
 * @param files absolute paths; what is not there is not copied either
 * @param root that directory, absolute
 */
export function copyInputs(files: readonly string[], root: string): void {
  const found: Found = { files: new Set(), directories: new Set(), links: new Map() }
  for (const file of files) follow(file, found)
  for (const file of found.files) if (path.basename(file) === 'package.json') addCompanions(file, found)
  const there = (place: string) => path.join(root, place)

  for (const directory of found.directories) mkdirSync(there(directory), { recursive: true })
  for (const file of [...found.files].toSorted().toReversed()) {
    const copy = there(file)
    mkdirSync(path.dirname(copy), { recursive: true })
    copyFileSync(file, copy, constants.COPYFILE_FICLONE)
    chmodSync(copy, lstatSync(file).mode & OWNER_ONLY)
    utimesSync(copy, LONG_AGO, LONG_AGO)
  }
  for (const [link, target] of found.links) {
    mkdirSync(path.dirname(there(link)), { recursive: true })
    symlinkSync(path.isAbsolute(target) ? there(target) : target, there(link))
  }
}

interface Found {
  readonly files: Set<string>
  readonly directories: Set<string>
  readonly links: Map<string, string>
}

/** Linux gives up there, too. */
const MOST_LINKS = 40

/** Down from the root, through all links on the way. */
function follow(file: string, { files, directories, links }: Found): void {
  let at = '/'
  let rest = file.split('/')
  for (let followed = 0; rest.length > 0;) {
    const [name = '', ...below] = rest
    const next = path.join(at, name)
    const stat = lstatSync(next, { throwIfNoEntry: false })
    rest = below
    if (stat?.isSymbolicLink()) {
      const target = readlinkSync(next)
      links.set(next, target)
      if (++followed > MOST_LINKS) return
      if (path.isAbsolute(target)) at = '/'
      rest = [...target.split('/'), ...below]
    } else if (stat?.isDirectory()) {
      at = next
      if (rest.length === 0) directories.add(at)
    } else {
      if (stat?.isFile() && rest.length === 0) files.add(next)
      return
    }
  }
}

/** More than that is data of the program's, which it would have named. */
const LARGEST_COMPANION = 2 ** 23

/** What build info says of a package comes from the files beside its package.json: licences, the lockfile. */
function addCompanions(manifest: string, found: Found): void {
  const directory = path.dirname(manifest)
  for (const file of filesIn(directory)) follow(file, found)
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const isTexts = entry.isDirectory() && /^licen[cs]es?$/i.test(entry.name)
    if (isTexts) for (const file of filesIn(path.join(directory, entry.name))) follow(file, found)
  }
  follow(path.join(directory, 'node_modules/.package-lock.json'), found)
}

function filesIn(directory: string): string[] {
  return readdirSync(directory)
    .map((name) => path.join(directory, name))
    .filter((file) => {
      // Gone by now, or its name is no text.
      const stat = lstatSync(file, { throwIfNoEntry: false })
      return stat?.isFile() && stat.size <= LARGEST_COMPANION
    })
}
