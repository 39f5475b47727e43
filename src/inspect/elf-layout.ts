// Where everything in an executable for Linux lies, by its launch table and its program headers.

import { BuildError } from '../base/diagnostics.ts'
import { HASH_SIZE } from '../format/seal.ts'
import { PT_LOAD } from '../image/elf/constants.ts'
import { findLaunchTable, inTwoFiles } from '../image/elf/launch-table.ts'
import {
  LAUNCH_TABLE,
  LAUNCHER_TEXT,
  LaunchTable,
  LOADER_BASE,
  PARKING_BASE,
  PAYLOAD_BASE,
  SEAL_BASE,
  SYSTEM_BASE,
} from '../image/elf/layout.ts'
import { ProgramHeader } from '../image/elf/structs.ts'
import type { ExecutableFile } from './executable-file.ts'
import type { Part, Region } from './inspection.ts'
import type { Layout } from './layout.ts'

/** @throws BuildError IMAGE_… of findLaunchTable, INSPECT_DEVELOPMENT, INSPECT_DAMAGED */
export function readElfLayout(executable: ExecutableFile): Layout {
  const readAt = (offset: number, size: number) => executable.readUpTo(offset, size)
  const { table, fileOffset, programHeaders, programHeaderOffset } = findLaunchTable(readAt, executable.file)
  if (table.runtime !== 0) throw inTwoFiles(executable.file, fileOffset)
  if (table.isDevelopment !== 0) {
    throw new BuildError('INSPECT_DEVELOPMENT', 'this executable belongs to a running "ingot dev"', {
      at: { file: executable.file, offset: fileOffset + LaunchTable.offsetOf('isDevelopment') },
      help: 'pass a file that `ingot build` has made: here the program lies in another one',
    })
  }
  for (const region of ['system', 'payload', 'seal'] as const) {
    const [offset, size] = [table[`${region}FileOffset`], table[`${region}Size`]]
    if (offset + size <= executable.size) continue
    const field = fileOffset + LaunchTable.offsetOf(`${region}Size`)
    throw executable.damaged(`its ${region} would end at byte ${offset + size}, behind the file`, field)
  }
  programHeaders.forEach((segment, i) => {
    const end = segment.fileOffset + segment.fileSize
    if (segment.type !== PT_LOAD || end <= executable.size) return
    const field = programHeaderOffset + i * ProgramHeader.size + ProgramHeader.offsetOf('fileSize')
    throw executable.damaged(`segment ${i} would end at byte ${end}, behind the file`, field)
  })
  const segments = programHeaders.filter(({ type }) => type === PT_LOAD)
  const root = executable.read(fileOffset + LaunchTable.offsetOf('root0'), HASH_SIZE, 'the root of the seal')
  const sizes = sizesOf(segments)
  const isFrozen = ({ virtualAddress }: ProgramHeader) => virtualAddress >= PARKING_BASE
  // What a frozen process maps of the rest of the file lies below what that is itself.
  const mapped = [...segments.filter(isFrozen), ...segments.filter((segment) => !isFrozen(segment))]
  return {
    start: table.thaw === 0 ? 'cold' : 'frozen',
    fuses: table.fuses,
    seal: table.sealSize === 0 ? undefined : { size: table.sealSize, root: root.toString('hex') },
    sizes: {
      runtime: sizes.runtime,
      libraries: table.systemSize + sizes.loader,
      bootstrap: sizes.launcher + table.payloadAddress - PAYLOAD_BASE,
      frozen: sizes.frozen,
    },
    program: { fileOffset: table.payloadFileOffset, size: table.payloadSize },
    libraries: { fileOffset: table.systemFileOffset, size: table.systemSize },
    licenses: undefined,
    regions: mapped.map(regionOf),
  }
}

function regionOf({ virtualAddress, fileOffset, fileSize: size }: ProgramHeader): Region {
  const [part, name] = mappedAt(virtualAddress)
  return { part, name, fileOffset, size }
}

function mappedAt(address: number): [part: Part, name: string] {
  if (address === LAUNCH_TABLE) return ['bootstrap', 'launch table']
  if (address < LAUNCHER_TEXT) return ['runtime', 'node']
  if (address < LOADER_BASE) return ['bootstrap', 'launcher']
  if (address < SYSTEM_BASE) return ['libraries', 'ld.so']
  if (address < PAYLOAD_BASE) return ['padding', 'in the archive of libraries']
  if (address < SEAL_BASE) return ['bootstrap', 'bootstrap']
  if (address < PARKING_BASE) return ['seal', 'seal']
  return ['frozen process', 'memory']
}

/** Bytes in the file by where they are mapped; what a frozen process maps twice is not counted twice. */
function sizesOf(headers: readonly ProgramHeader[]) {
  const between = (start: number, end: number) =>
    headers.filter(({ virtualAddress }) => virtualAddress >= start && virtualAddress < end)
  const sum = (segments: readonly ProgramHeader[]) =>
    segments.reduce((total, { fileSize }) => total + fileSize, 0)
  const isOwn = ({ virtualAddress }: ProgramHeader) => virtualAddress < PARKING_BASE
  // The frozen process lies behind all else but the seal; its other segments map the rest of the file again.
  const end = Math.max(
    ...headers
      .filter((segment) => isOwn(segment) && segment.virtualAddress < SEAL_BASE)
      .map(({ fileOffset, fileSize }) => fileOffset + fileSize),
  )
  return {
    runtime: sum(between(LAUNCH_TABLE + 1, LAUNCHER_TEXT)),
    launcher: sum([...between(LAUNCH_TABLE, LAUNCH_TABLE + 1), ...between(LAUNCHER_TEXT, LOADER_BASE)]),
    loader: sum(between(LOADER_BASE, SYSTEM_BASE)),
    frozen: sum(headers.filter((segment) => !isOwn(segment) && segment.fileOffset >= end)),
  }
}
