// All bytes of an executable, each in one region: what is there, from the first to the last.

import { ArchiveIndex } from './archive-index.ts'
import type { ExecutableFile } from './executable-file.ts'
import type { Part, Region } from './inspection.ts'
import type { Layout } from './layout.ts'

export function regionsIn(executable: ExecutableFile, { program, libraries, regions }: Layout): Region[] {
  const inner = [
    ...(libraries
      ? archiveRegions(new ArchiveIndex(executable, libraries, 'the archive of libraries'), 'libraries')
      : []),
    ...archiveRegions(new ArchiveIndex(executable, program, 'the program’s archive')),
  ]
  return fill(
    [...regions, ...inner].filter(({ size }) => size > 0),
    executable.size,
  )
}

const byOffset = (a: Region, b: Region) => a.fileOffset - b.fileOffset

function archiveRegions(archive: ArchiveIndex, whole?: Part): Region[] {
  const { index, region, header, infoFileOffset } = archive
  const files = archive.entries().flatMap(({ path, kind, size, fileOffset, ...entry }): Region[] =>
    kind === 'directory'
      ? []
      : [
          { part: whole ?? 'files', name: path, fileOffset, size },
          { part: whole ?? 'code', name: path, fileOffset: entry.codeFileOffset, size: entry.codeSize },
          {
            part: whole ?? 'code cache',
            name: path,
            fileOffset: entry.cacheFileOffset,
            size: entry.cacheSize,
          },
        ],
  )
  return [
    { part: 'padding', name: whole ? 'in the archive of libraries' : 'between files', ...region },
    { part: whole ?? 'index', name: 'index', ...index },
    { part: 'build info', name: 'build info', fileOffset: infoFileOffset, size: header.infoSize },
    ...files,
  ]
}

/** Later regions lie over earlier ones; what remains between them is padding. */
function fill(regions: readonly Region[], fileSize: number): Region[] {
  const layers = regions.map((region, layer) => ({ ...region, layer }))
  const edges = [...new Set([0, fileSize, ...layers.flatMap((r) => [r.fileOffset, r.fileOffset + r.size])])]
    .filter((edge) => edge <= fileSize)
    .toSorted((a, b) => a - b)
  const starting = layers.toSorted(byOffset)
  const open = new Set<(typeof layers)[number]>()
  const filled: Region[] = []
  let next = 0
  edges.slice(0, -1).forEach((fileOffset, i) => {
    const end = edges[i + 1]!
    for (; next < starting.length && starting[next]!.fileOffset <= fileOffset; next++)
      open.add(starting[next]!)
    for (const region of open) if (region.fileOffset + region.size <= fileOffset) open.delete(region)
    const top = [...open].reduce<(typeof layers)[number] | undefined>(
      (highest, region) => (highest && highest.layer > region.layer ? highest : region),
      undefined,
    )
    const { part, name } = top ?? { part: 'padding' as const, name: 'padding' }
    const last = filled.at(-1)
    if (last?.part === part && last.name === name)
      filled[filled.length - 1] = { ...last, size: end - last.fileOffset }
    else filled.push({ part, name, fileOffset, size: end - fileOffset })
  })
  return filled
}
