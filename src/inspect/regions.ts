// All bytes of an executable, each in one region: what is there, from the first to the last.

import {
  LAUNCH_TABLE,
  LAUNCHER_TEXT,
  LOADER_BASE,
  PARKING_BASE,
  PAYLOAD_BASE,
  SEAL_BASE,
  SYSTEM_BASE,
} from '../image/elf/layout.ts'
import type { ProgramHeader } from '../image/elf/structs.ts'
import { ArchiveIndex } from './archive-index.ts'
import type { ExecutableFile } from './executable-file.ts'
import type { Part, Region } from './inspection.ts'
import type { Launch } from './launch-table.ts'

export function regionsIn(executable: ExecutableFile, { table, segments }: Launch): Region[] {
  const system = { fileOffset: table.systemFileOffset, size: table.systemSize }
  const program = { fileOffset: table.payloadFileOffset, size: table.payloadSize }
  const inner = [
    ...archiveRegions(new ArchiveIndex(executable, system, 'the archive of libraries'), 'libraries'),
    ...archiveRegions(new ArchiveIndex(executable, program, 'the program’s archive')),
  ]
  const isFrozen = ({ virtualAddress }: ProgramHeader) => virtualAddress >= PARKING_BASE
  // What a frozen process maps of the rest of the file lies below what that is itself.
  const mapped = [...segments.filter(isFrozen), ...segments.filter((segment) => !isFrozen(segment))]
  return fill(
    [...mapped.map(regionOf), ...inner].filter(({ size }) => size > 0),
    executable.size,
  )
}

const byOffset = (a: Region, b: Region) => a.fileOffset - b.fileOffset

function regionOf({ virtualAddress, fileOffset, fileSize: size }: ProgramHeader): Region {
  const [part, name] = mappedAt(virtualAddress)
  return { part, name, fileOffset, size }
}

function mappedAt(address: number): [part: Part, name: string] {
  if (address < LAUNCHER_TEXT) return ['runtime', 'node']
  if (address < LAUNCH_TABLE) return ['bootstrap', 'launcher']
  if (address < LOADER_BASE) return ['bootstrap', 'launch table']
  if (address < SYSTEM_BASE) return ['libraries', 'ld.so']
  if (address < PAYLOAD_BASE) return ['padding', 'in the archive of libraries']
  if (address < SEAL_BASE) return ['bootstrap', 'bootstrap']
  if (address < PARKING_BASE) return ['seal', 'seal']
  return ['frozen process', 'memory']
}

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
