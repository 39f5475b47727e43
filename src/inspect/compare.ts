// Compares two executables by what they say of themselves and by what is in them.

import { createHash } from 'node:crypto'

import type { ArchiveIndex } from './archive-index.ts'
import type { Change, Changes, ComparedFile, Differences } from './differences.ts'
import type { ExecutableFile } from './executable-file.ts'
import { PARTS, type Inspection, type Region } from './inspection.ts'

/** One of the two. */
export interface Compared {
  readonly executable: ExecutableFile
  readonly inspection: Inspection
  readonly archive: ArchiveIndex
  readonly regions: readonly Region[]
}

export function compare(before: Compared, after: Compared): Differences {
  const [a, b] = [before.inspection, after.inspection]
  const of = <T>(list: (inspection: Inspection) => readonly T[], nameOf: (item: T) => string) =>
    changes(list(a), list(b), nameOf)
  const path = (item: { readonly path: string }) => item.path
  return {
    before: { file: a.file, size: a.size },
    after: { file: b.file, size: b.size },
    isSame: a.size === b.size && isSameContent(before.executable, after.executable),
    facts: factChanges(factsOf(a), factsOf(b)),
    packages: of(
      ({ info }) =>
        info.packages.map(({ name, version, path, integrity, license }) => ({
          name,
          version,
          path,
          integrity,
          license,
        })),
      path,
    ),
    files: changes(filesOf(before), filesOf(after), path),
    bundled: of(({ info }) => info.bundled.map(({ path, size }) => ({ path, size })), path),
    native: of(({ info }) => info.native.map(({ path, size, sha256 }) => ({ path, size, sha256 })), path),
    libraries: of(
      ({ info }) => info.libraries.files,
      ({ name }) => name,
    ),
    parts: partChanges(before.regions, after.regions),
  }
}

const CHUNK = 2 ** 22

function isSameContent(a: ExecutableFile, b: ExecutableFile): boolean {
  for (let offset = 0; offset < a.size; offset += CHUNK) {
    const size = Math.min(CHUNK, a.size - offset)
    if (!a.read(offset, size, 'the file').equals(b.read(offset, size, 'the file'))) return false
  }
  return true
}

/** Each has a name, by which the same fact of the other file is found. */
function factsOf({ info, start, fuses, seal }: Inspection): Map<string, string | undefined> {
  const { runtime, libraries, program, vcs } = info
  return new Map<string, string | undefined>([
    ['ingot', info.ingot],
    ['target', info.target],
    ['program', [program.name, program.version].filter(Boolean).join(' ')],
    ['licence', program.license],
    ['node', runtime.version],
    ['node sha256', runtime.sha256],
    ['node from', runtime.origin],
    ...Object.entries(runtime.components).map(([name, version]) => [`node's ${name}`, version] as const),
    ['libraries from', libraries.origin],
    ...libraries.packages.map(({ name, version }) => [`library ${name}`, version] as const),
    ['start', start],
    ['commit', vcs && `${vcs.commit}${vcs.dirty ? ', with changes' : ''}`],
    ['configuration', info.config],
    ['module graph', info.moduleGraph],
    ['left out', info.external.join(', ')],
    ...info.entries.map(({ name, path }) => [`entry ${name}`, path] as const),
    ...Object.entries(fuses).map(([name, isOpen]) => [`fuse ${name}`, isOpen ? 'open' : 'closed'] as const),
    ['sealed', seal ? 'yes' : 'no'],
    ...terms('contract', info.contract),
  ])
}

/** The leaves of a tree of data, by their way from the root. */
function terms(name: string, value: unknown): [string, string | undefined][] {
  if (value === undefined) return []
  if (typeof value === 'string') return [[name, value]]
  if (typeof value !== 'object' || value === null) return [[name, JSON.stringify(value)]]
  if (Array.isArray(value)) return [[name, value.map((item) => JSON.stringify(item)).join(', ')]]
  return Object.entries(value).flatMap(([key, item]) => terms(`${name} ${key}`, item))
}

function factChanges(
  before: ReadonlyMap<string, string | undefined>,
  after: ReadonlyMap<string, string | undefined>,
): Change<string | undefined>[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((name) => ({ name, before: before.get(name), after: after.get(name) }))
    .filter((fact) => fact.before !== fact.after)
}

function filesOf({ executable, archive }: Compared): ComparedFile[] {
  return archive
    .entries()
    .filter(({ kind }) => kind !== 'directory')
    .map(({ path, size, fileOffset, codeSize, codeFileOffset }) => {
      const hash = createHash('sha256')
      for (const [start, length] of [
        [fileOffset, size],
        [codeFileOffset, codeSize],
      ] as const) {
        for (let done = 0; done < length; done += CHUNK) {
          hash.update(executable.read(start + done, Math.min(CHUNK, length - done), path))
        }
      }
      return { path, size, sha256: hash.digest('hex') }
    })
}

function changes<T>(before: readonly T[], after: readonly T[], nameOf: (item: T) => string): Changes<T> {
  const earlier = new Map(before.map((item) => [nameOf(item), item]))
  const later = new Map(after.map((item) => [nameOf(item), item]))
  return {
    added: [...later].filter(([name]) => !earlier.has(name)).map(([, item]) => item),
    removed: [...earlier].filter(([name]) => !later.has(name)).map(([, item]) => item),
    changed: [...later].flatMap(([name, item]) => {
      const was = earlier.get(name)
      const isChanged = was !== undefined && JSON.stringify(was) !== JSON.stringify(item)
      return isChanged ? [{ name, before: was, after: item }] : []
    }),
  }
}

function partChanges(before: readonly Region[], after: readonly Region[]): Differences['parts'] {
  const total = (regions: readonly Region[], part: Region['part']) =>
    regions.reduce((sum, region) => (region.part === part ? sum + region.size : sum), 0)
  return PARTS.map((name) => ({ name, before: total(before, name), after: total(after, name) })).filter(
    (part) => part.before !== part.after,
  )
}
