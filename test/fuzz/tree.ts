// Random trees of files and links, and an independent idea of what a path in one means.

import fc from 'fast-check'

import type { ArchiveFile, ArchiveLink } from '../../src/payload/payload.ts'

/** Few names, so that paths meet; with what a hash, a sort or UTF-8 may get wrong. */
const NAMES = [
  'a',
  'b',
  'aa',
  'A',
  '-',
  '.x',
  'index.js',
  'é',
  '日本',
  '\u{1f600}',
  'a b',
  'node_modules',
] as const
const name = fc.constantFrom(...NAMES)
export const anyPath = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join('/'))

export interface RandomTree {
  readonly files: readonly ArchiveFile[]
  readonly links: readonly ArchiveLink[]
}

type Leaf =
  | { readonly kind: 'file'; readonly path: string; readonly data: Uint8Array; readonly mapped: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly to: string }

const leaf: fc.Arbitrary<Leaf> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('file'),
      path: anyPath,
      data: fc.uint8Array({ maxLength: 40 }),
      mapped: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('link'), path: anyPath, to: anyPath }) },
)

/** Leaves that would lie below another leaf, or in place of a directory, are left out. */
export const anyTree: fc.Arbitrary<RandomTree> = fc
  .array(leaf, { maxLength: 30, size: 'max' })
  .map((leaves) => {
    const taken = new Set<string>()
    const directories = new Set<string>()
    const kept = leaves.filter(({ path }) => {
      const parents = parentsOf(path)
      if (taken.has(path) || directories.has(path) || parents.some((parent) => taken.has(parent)))
        return false
      taken.add(path)
      for (const parent of parents) directories.add(parent)
      return true
    })
    return {
      files: kept.flatMap((it) =>
        it.kind === 'file' ? [{ path: it.path, data: it.data, mapped: it.mapped }] : [],
      ),
      links: kept.flatMap((it) =>
        it.kind === 'link' ? [{ path: it.path, target: relative(it.path, it.to) }] : [],
      ),
    }
  })

function parentsOf(path: string): string[] {
  const names = path.split('/')
  return names.slice(1).map((_, i) => names.slice(0, i + 1).join('/'))
}

/** As npm and pnpm write them: up to the root, and down again. */
function relative(from: string, to: string): string {
  return '../'.repeat(from.split('/').length - 1) + to
}

export type Outcome =
  | 'ENOENT'
  | 'ENOTDIR'
  | 'ELOOP'
  | { readonly path: string; readonly kind: 'file' | 'directory' | 'link' }

/** path_resolution(7), component by component, on the list of leaves. */
export function expected(tree: RandomTree, path: string, followLast: boolean): Outcome {
  const files = new Set(tree.files.map((file) => file.path))
  const links = new Map(tree.links.map((link) => [link.path, link.target]))
  const directories = new Set(['', ...[...files, ...links.keys()].flatMap(parentsOf)])
  let followed = 0
  const pending = path.split('/')
  let current = ''
  while (pending.length > 0) {
    if (!directories.has(current)) return 'ENOTDIR'
    const next = pending.shift()!
    if (next === '' || next === '.') continue
    if (next === '..') {
      current = current.split('/').slice(0, -1).join('/')
      continue
    }
    const child = current === '' ? next : `${current}/${next}`
    const target = links.get(child)
    if (target !== undefined && (followLast || pending.length > 0)) {
      if (++followed > 40) return 'ELOOP'
      pending.unshift(...target.split('/'))
      continue
    }
    if (!files.has(child) && !directories.has(child) && target === undefined) return 'ENOENT'
    current = child
  }
  const kind = directories.has(current) ? 'directory' : files.has(current) ? 'file' : 'link'
  return { path: current, kind }
}
