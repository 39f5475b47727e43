// Links node, ld.so, the system's libraries and the launcher into one static executable that
// lacks only its payload.
//
// node's own segments stay where they are; everything else goes behind them, in the file and in
// memory. There are two program header tables. The outer one is the kernel's: it has no PT_INTERP
// and no PT_DYNAMIC, and its entry is the launcher. The inner one is node's own with the blob's
// PT_NOTE added; the launcher shows it to ld.so and node through the auxiliary vector.

import { alignUp, viewOf, type Chunk } from '../../base/bytes.ts'
import { DEFAULT_FUSES } from '../../format/fuses.ts'
import type { ElfBase, LinkedBase } from '../image.ts'
import { emitSeaPrefix, type SeaBlob } from '../sea.ts'
import { checkLoader, checkNode, loadsOf } from './check.ts'
import { PF_R, PF_W, PF_X, PT_GNU_STACK, PT_LOAD, PT_NOTE, PT_NULL, PT_PHDR } from './constants.ts'
import { editNode, headersFor, NO_EDITS, type EditedNode, type NodeEdits } from './edits.ts'
import * as layout from './layout.ts'
import type { Launcher } from './launcher.ts'
import { redirectLoader } from './loader.ts'
import { findSealed, findSeaSwitch } from './sealing.ts'
import type { ElfFile } from './read.ts'
import { FileHeader, IDENT_SIZE, NoteHeader, ProgramHeader } from './structs.ts'
import { findCalled } from './calls.ts'
import { offsetOf } from './dynamic.ts'
import { findEnding } from './end.ts'
import { machineOf } from './machine.ts'
import { findSymbols } from './symbols.ts'

export interface BaseInputs {
  readonly node: ElfFile
  readonly loader: ElfFile
  readonly launcher: Launcher
  /** Archive of the shared libraries, by SONAME. */
  readonly system: Uint8Array
  readonly blob: SeaBlob
  /** Address of that function in libc; 0 by default. */
  readonly mallocTrim?: number
  /** What of node is to be another one, or not there; of nothing by default. */
  readonly edits?: NodeEdits
}

const NOTE_NAME = 'NODE_SEA_BLOB\0'

/** @throws BuildError IMAGE_NOT_NODE, LOADER_UNKNOWN */
export function linkBaseImage(inputs: BaseInputs): LinkedBase<ElfBase> {
  checkLoader(inputs.loader)
  checkNode(inputs.node, maximumHeaders(inputs))
  const plan = planBase(inputs, editNode(inputs.node, inputs.edits ?? NO_EDITS))
  return { chunks: emitBase(inputs, plan), base: describeBase(inputs, plan) }
}

interface Placed {
  readonly fileOffset: number
  readonly bytes: Uint8Array
}

interface Plan {
  /** As it is in the file. */
  readonly node: EditedNode
  readonly launcher: Placed
  readonly table: { readonly fileOffset: number }
  readonly loader: Placed & { readonly errnoAddress: number }
  readonly system: Placed
  /** The segment that the payload ends: note header and blob, up to the payload's first byte. */
  readonly note: Placed
  readonly size: number
}

/** In the table's page: the launch table, the inner program headers, then the outer ones. */
const INNER_HEADERS = alignUp(layout.LaunchTable.size, 16)
/** Whoever looks for the launch table reads so much (launch-table.ts). */
const TABLE_LIMIT = 0x1000
/** Kept free for the segments of a frozen process (frozen.ts). */
const SPARE_SEGMENTS = 8
/** Of the outer headers, those that come neither from node nor from ld.so. */
const OWN_SEGMENTS = 7 + SPARE_SEGMENTS

function planBase({ node: original, loader, launcher, system, blob }: BaseInputs, node: EditedNode): Plan {
  const { pageSize } = machineOf(original)
  let end = nodeEnd(node)
  const place = <T extends Uint8Array>(bytes: T, size = bytes.length) => {
    const fileOffset = alignUp(end, pageSize)
    end = fileOffset + size
    return { fileOffset, bytes }
  }
  // What no program changes comes first: it may be cut off (split.ts).
  const text = place(launcher.text)
  const redirected = redirectLoader(loader, layout.LOADER_BASE, launcher.hooks)
  const placedLoader = place(inMemory(loader, redirected.bytes))
  const placedSystem = place(system)
  const table = place(new Uint8Array(pageSize))

  const noteOffset = alignUp(end, pageSize)
  const header = new Uint8Array(NoteHeader.size + alignUp(NOTE_NAME.length, 4))
  NoteHeader.write(viewOf(header), 0, { nameSize: NOTE_NAME.length, descriptorSize: 0, type: 0 })
  header.set(Buffer.from(NOTE_NAME), NoteHeader.size)
  const prefix = emitSeaPrefix(blob, noteOffset + header.length, pageSize)
  const note = place(Buffer.concat([header, prefix]))
  return {
    node,
    launcher: text,
    table,
    loader: { ...placedLoader, errnoAddress: redirected.errnoAddress },
    system: placedSystem,
    note,
    size: end,
  }
}

/** v8::TryHandleWebAssemblyTrapPosix(int, siginfo_t*, void*) */
const WEBASSEMBLY_TRAP = '_ZN2v829TryHandleWebAssemblyTrapPosixEiP9siginfo_tPv'

/** node, as far as it is mapped: symbols, debug information and section headers lie behind. */
function nodeEnd(node: Pick<ElfFile, 'programHeaders'>): number {
  return Math.max(...loadsOf(node).map((segment) => segment.fileOffset + segment.fileSize))
}

/** Headers that node may have for both tables to fit into their page. */
function maximumHeaders({ node, loader, edits }: BaseInputs): number {
  const more = edits ? headersFor(edits) : 0
  // A cut is some headers more in both.
  const ours = 1 + loadsOf(node).length + 2 * more + loadsOf(loader).length + OWN_SEGMENTS
  return Math.floor((TABLE_LIMIT - INNER_HEADERS) / ProgramHeader.size) - ours
}

/** The loader as it lies in memory, with the zeros of its .bss written out: the launcher verifies it there. */
function inMemory(loader: ElfFile, bytes: Uint8Array): Uint8Array {
  const loads = loadsOf(loader)
  const last = loads.at(-1)!
  const full = new Uint8Array(last.virtualAddress + last.memorySize)
  for (const { fileOffset, fileSize, virtualAddress } of loads)
    full.set(bytes.subarray(fileOffset, fileOffset + fileSize), virtualAddress)
  return full
}

/** Each up to where the next one's first page begins, so that all of it is mapped. */
function loaderSegments(
  loader: ElfFile,
  pageSize: number,
): { flags: number; address: number; size: number }[] {
  const pageOf = ({ virtualAddress }: ProgramHeader) => virtualAddress - (virtualAddress % pageSize)
  return loadsOf(loader).map((segment, i, all) => {
    const next = all[i + 1]
    const end = next ? pageOf(next) : alignUp(segment.virtualAddress + segment.memorySize, pageSize)
    return { flags: segment.flags, address: pageOf(segment), size: end - pageOf(segment) }
  })
}

function innerHeaders(plan: Plan): ProgramHeader[] {
  const noteAddress = layout.PAYLOAD_BASE
  const headers = plan.node.programHeaders.map((segment) => ({ ...segment }))
  headers.push({
    type: PT_NOTE,
    flags: PF_R,
    fileOffset: plan.note.fileOffset,
    virtualAddress: noteAddress,
    physicalAddress: noteAddress,
    fileSize: plan.note.bytes.length,
    memorySize: plan.note.bytes.length,
    alignment: 4,
  })
  // ld.so takes the difference between AT_PHDR and this address for where node was loaded.
  const self = headers.find((segment) => segment.type === PT_PHDR)
  if (self) {
    self.fileOffset = plan.table.fileOffset + INNER_HEADERS
    self.virtualAddress = self.physicalAddress = layout.LAUNCH_TABLE + INNER_HEADERS
    self.fileSize = self.memorySize = headers.length * ProgramHeader.size
  }
  return headers
}

function outerHeaders({ node, loader, launcher }: BaseInputs, plan: Plan): ProgramHeader[] {
  const { pageSize } = machineOf(node)
  const load = (flags: number, fileOffset: number, virtualAddress: number, size: number): ProgramHeader => ({
    type: PT_LOAD,
    flags,
    fileOffset,
    virtualAddress,
    physicalAddress: virtualAddress,
    fileSize: size,
    memorySize: size,
    alignment: pageSize,
  })
  // Whole pages, of which kernels with smaller ones would map less: the launcher verifies parts to their end.
  const placed = (flags: number, { fileOffset, bytes }: Placed, address: number) =>
    load(flags, fileOffset, address, alignUp(bytes.length, pageSize))
  return [
    load(PF_R, plan.table.fileOffset, layout.LAUNCH_TABLE, pageSize),
    ...loadsOf(plan.node),
    placed(PF_R | PF_X, plan.launcher, layout.LAUNCHER_TEXT),
    // Zeros, which the kernel makes.
    {
      ...load(PF_R | PF_W, plan.loader.fileOffset, layout.LAUNCHER_DATA, 0),
      memorySize: alignUp(launcher.dataSize, pageSize),
    },
    ...loaderSegments(loader, pageSize).map(({ flags, address, size }) =>
      load(flags, plan.loader.fileOffset + address, layout.LOADER_BASE + address, size),
    ),
    placed(PF_R, plan.system, layout.SYSTEM_BASE),
    load(PF_R, plan.note.fileOffset, layout.PAYLOAD_BASE, plan.note.bytes.length),
    // Empty until there is a seal (seal.ts).
    load(PF_R, 0, layout.SEAL_BASE, 0),
    { ...load(PF_R | PF_W, 0, 0, 0), type: PT_GNU_STACK, alignment: 16 },
    ...Array.from({ length: SPARE_SEGMENTS }, () => ({ ...load(0, 0, 0, 0), type: PT_NULL, alignment: 0 })),
  ]
}

function emitBase(inputs: BaseInputs, plan: Plan): Chunk[] {
  const { node } = inputs
  const inner = innerHeaders(plan)
  const outer = outerHeaders(inputs, plan)
  const outerOffset = INNER_HEADERS + inner.length * ProgramHeader.size
  const table = new Uint8Array(machineOf(node).pageSize)
  layout.LaunchTable.write(viewOf(table), 0, {
    ...layout.LAUNCH_TABLE_MAGIC,
    loaderBase: layout.LOADER_BASE,
    loaderEntry: layout.LOADER_BASE + inputs.loader.header.entry,
    loaderErrno: layout.LOADER_BASE + plan.loader.errnoAddress,
    programEntry: node.header.entry,
    programHeader: layout.LAUNCH_TABLE + INNER_HEADERS,
    programHeaderCount: inner.length,
    systemAddress: layout.SYSTEM_BASE,
    systemFileOffset: plan.system.fileOffset,
    systemSize: plan.system.bytes.length,
    payloadAddress: layout.PAYLOAD_BASE + plan.note.bytes.length,
    payloadFileOffset: plan.size,
    payloadSize: 0,
    environ: findSymbols(node, ['environ']).environ,
    mayFreeze: 0,
    thaw: 0,
    isDevelopment: 0,
    webassemblyTrap: findSymbols(node, [WEBASSEMBLY_TRAP])[WEBASSEMBLY_TRAP],
    fuses: DEFAULT_FUSES,
    ...layout.NO_SEAL,
    ...findSealed(node),
    mallocTrim: inputs.mallocTrim ?? 0,
    ...findEnding(node),
    ...findCalled(node),
    runtime: 0,
  })
  for (const [start, headers] of [
    [INNER_HEADERS, inner],
    [outerOffset, outer],
  ] as const) {
    headers.forEach((segment, i) =>
      ProgramHeader.write(viewOf(table), start + i * ProgramHeader.size, segment),
    )
  }
  return [
    {
      offset: 0,
      bytes: plan.node.emit(
        emitNode(node, inputs.launcher, plan.table.fileOffset + outerOffset, outer.length),
      ),
    },
    ...[plan.launcher, plan.loader, plan.system, { ...plan.table, bytes: table }, plan.note].map(
      ({ fileOffset, bytes }) => ({ offset: fileOffset, bytes }),
    ),
  ]
}

function emitNode(node: ElfFile, launcher: Launcher, tableOffset: number, headerCount: number): Uint8Array {
  const bytes = new Uint8Array(node.bytes.subarray(0, nodeEnd(node)))
  FileHeader.write(viewOf(bytes), IDENT_SIZE, {
    ...node.header,
    entry: launcher.entry,
    programHeaderOffset: tableOffset,
    programHeaderCount: headerCount,
    sectionHeaderOffset: 0,
    sectionHeaderCount: 0,
    sectionNameIndex: 0,
  })
  bytes[findSeaSwitch(node)] = '1'.charCodeAt(0)
  const { canFreeze, jumpTo } = machineOf(node)
  if (!canFreeze) return bytes
  // The one function of node that is another one: whether OpenSSL has to seed itself anew.
  const { openssl_get_fork_id: function_ } = findSymbols(node, ['openssl_get_fork_id'])
  bytes.set(jumpTo(launcher.forkId), offsetOf(node, function_))
  return bytes
}

function describeBase(inputs: BaseInputs, plan: Plan): ElfBase {
  const { node, loader, blob, launcher } = inputs
  const inner = innerHeaders(plan)
  const outerStart = plan.table.fileOffset + INNER_HEADERS + inner.length * ProgramHeader.size
  const payloadSegment = loadsOf(plan.node).length + 3 + loadsOf(loader).length + 1
  const before = plan.note.bytes.length + blob.tail.length
  const sizes = (header: number, plus: number) =>
    (['fileSize', 'memorySize'] as const).map((field) => ({
      offset: header + ProgramHeader.offsetOf(field),
      width: 8 as const,
      plus,
    }))
  return {
    size: plan.size,
    pageSize: machineOf(node).pageSize,
    slots: [
      ...sizes(outerStart + payloadSegment * ProgramHeader.size, before),
      ...sizes(plan.table.fileOffset + INNER_HEADERS + (inner.length - 1) * ProgramHeader.size, before),
      { offset: plan.table.fileOffset + layout.LaunchTable.offsetOf('payloadSize'), width: 8, plus: 0 },
      {
        offset: plan.note.fileOffset + NoteHeader.offsetOf('descriptorSize'),
        width: 4,
        plus: before - NoteHeader.size - alignUp(NOTE_NAME.length, 4),
      },
      // The asset's length is the last field before the payload.
      { offset: plan.size - 8, width: 8, plus: 0 },
    ],
    frozen: {
      launchTableOffset: plan.table.fileOffset,
      programHeaderOffset: outerStart,
      programHeaders: outerHeaders(inputs, plan),
      recordAddress: launcher.freezeRecord,
    },
    tail: Buffer.from(blob.tail).toString('base64'),
    starts: [
      { name: 'runtime', offset: 0 },
      { name: 'launcher', offset: plan.launcher.fileOffset },
      { name: 'loader', offset: plan.loader.fileOffset },
      { name: 'libraries', offset: plan.system.fileOffset },
      { name: 'launch table', offset: plan.table.fileOffset },
      { name: 'bootstrap', offset: plan.note.fileOffset },
      { name: 'program', offset: plan.size },
    ],
    parts: {
      runtime: nodeEnd(plan.node),
      libraries: plan.system.bytes.length + plan.loader.bytes.length,
      bootstrap: plan.note.bytes.length + launcher.text.length,
    },
  }
}
