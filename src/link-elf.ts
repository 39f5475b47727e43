// The base image of linux: node, ld.so, the libraries and the launcher, linked into one static executable.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import type { Target } from './base/targets.ts'
import { cutIcu, noIcu, type SmallerIcu } from './cut-icu.ts'
import { PAGE_SIZE } from './format/archive.ts'
import { LICENSES } from './format/licenses.ts'
import { linkBaseImage } from './image/elf/base-image.ts'
import { addressAt } from './image/elf/dynamic.ts'
import { withoutTypeStripping, type TypeStripper } from './image/elf/type-stripping.ts'
import { joinEdits, NO_EDITS, type NodeEdits } from './image/elf/edits.ts'
import { quietAbseil } from './image/elf/abseil.ts'
import { redirectCalls } from './image/elf/calls.ts'
import { dynamicNames, withoutExports } from './image/elf/exports.ts'
import { readLauncher } from './image/elf/launcher.ts'
import { redirectLibc } from './image/elf/libc.ts'
import { machineOf } from './image/elf/machine.ts'
import { readElf, type ElfFile } from './image/elf/read.ts'
import { unreadItems } from './image/icu/unread.ts'
import { withoutSeaBuilder } from './image/elf/sea-builder.ts'
import { findSymbols } from './image/elf/symbols.ts'
import { withoutUnwinding } from './image/elf/unwinding.ts'
import type { ElfBase, LinkedBase } from './image/image.ts'
import type { SeaBlob } from './image/sea.ts'
import { packArchive } from './payload/pack.ts'
import type { ArchiveFile } from './payload/payload.ts'
import type { Runtime, SystemLibraries } from './runtimes/runtime.ts'
import { seaBuilderOf } from './sea-builders.ts'
import { usedAtStart } from './used-at-start.ts'

export interface ElfInputs {
  readonly target: Target
  readonly runtime: Runtime
  readonly libraries: SystemLibraries
  /** No addon will ask for node's functions in C++, and no code comes from the disk. */
  readonly isWithoutExports: boolean
  /** What takes types out, if the target's node runs here. */
  readonly typeStripper: TypeStripper | undefined
  readonly blob: SeaBlob
  /** Locales to have data of; all without. */
  readonly icu?: readonly string[]
  /** Content of the file `format/licenses.ts`. */
  readonly licenses: Uint8Array
}

export function launcherOf(target: Target): string {
  return fileURLToPath(new URL(`../launcher/prebuilt/${target}/launcher.bin`, import.meta.url))
}

/** Known to launcher/freeze.c. */
const LIBC = 'libc.so.6'
/** In the archive of libraries, for launcher/verify.c. */
const VERIFIED_AT_START = 'verified-at-start'

export function linkElf(inputs: ElfInputs): LinkedBase {
  const { target, runtime, libraries, blob, licenses, icu } = inputs
  const launcherFile = launcherOf(target)
  const launcher = readLauncher(readFileSync(launcherFile), launcherFile)
  const libcFile = libraries.libraries.get(LIBC)!.file
  const libc = readElf(readFileSync(libcFile), libcFile)
  const mallocTrim = findSymbols(libc, ['malloc_trim']).malloc_trim
  const contentOf = (name: string, file: string) =>
    name === LIBC ? redirectLibc(libc, launcher) : readFileSync(file)
  const node = readElf(readFileSync(runtime.file), runtime.file)
  const smaller = icu && cutIcu(node.bytes, runtime.file, icu)
  const files = [
    ...[...libraries.libraries].map(([name, { file }]) => ({
      path: name,
      data: contentOf(name, file),
      mapped: true,
    })),
    // The LGPL of glibc asks that its text comes along.
    { path: LICENSES, data: licenses },
    // For launcher/environment.c: which default locales V8 may take from the machine.
    ...(smaller?.languages ?? []).map((path) => ({ path, data: new Uint8Array() })),
  ]
  const unreachable = inputs.isWithoutExports ? unreachableIn(node, inputs) : []
  const edits = joinEdits([
    quietAbseil(node),
    redirectCalls(node, launcher),
    smaller ? replaceIcu(node, smaller) : withoutUnread(node),
    ...unreachable.map((part) => part.edits),
  ])
  const loader = readElf(readFileSync(libraries.loader.file), libraries.loader.file)
  const { pageSize } = machineOf(node)
  const moved = (address: number) => (smaller ? movedTo(node, smaller, address) : [address])
  const link = (more: readonly ArchiveFile[]) => {
    const manifest = { ingot: '', entries: [], sourceMaps: false }
    const system = Buffer.concat(packArchive([...files, ...more], [], manifest, { pageSize }).chunks)
    return linkBaseImage({ node, loader, launcher, system, blob, edits, mallocTrim })
  }
  // The first chunk is node. Its ELF header says where the launch table is, behind the archive that the result is to lie in.
  const withUsed = ({ chunks, base }: LinkedBase<ElfBase>) =>
    link([
      {
        path: VERIFIED_AT_START,
        data: usedAtStart(base.frozen, chunks[0]!.bytes, { sha256: runtime.sha256, moved }),
      },
    ])
  const { chunks, base } = withUsed(withUsed(link([])))
  const leftOut = unreachable.map(({ name }) => name)
  return { chunks, base: { ...base, ...(leftOut.length > 0 && { leftOut }) } }
}

/** What only addons, code from the disk and node's own command line can use, as far as this node is known. */
function unreachableIn(
  node: ElfFile,
  { runtime, libraries, typeStripper }: ElfInputs,
): { readonly name: string; readonly edits: NodeEdits }[] {
  const seaBuilder = seaBuilderOf(runtime.sha256)
  return [
    { name: 'names for addons', edits: withoutExports(node, namesIn(libraries)) },
    { name: 'unwinding tables', edits: withoutUnwinding(node) },
    { name: 'type stripping', edits: typeStripper ? withoutTypeStripping(node, typeStripper) : NO_EDITS },
    { name: '--build-sea', edits: seaBuilder ? withoutSeaBuilder(node, seaBuilder) : NO_EDITS },
  ].filter(({ edits }) => edits.cuts.length > 0)
}

function namesIn({ loader, libraries }: SystemLibraries): Set<string> {
  const files = [loader, ...libraries.values()].map(({ file }) => file)
  return new Set(files.flatMap((file) => dynamicNames(readElf(readFileSync(file), file))))
}

/** ICU's data that node has no code for. */
function withoutUnread(node: ElfFile): NodeEdits {
  const ranges = unreadItems(node.bytes, dynamicNames(node))
  return {
    patches: [],
    cuts: ranges.map(({ start, end }) => ({ start: addressOf(node, start), end: addressOf(node, end) })),
  }
}

/** In place of the old data, and what that had behind the new: not in the file, as far as it is whole pages. */
function replaceIcu(node: ElfFile, { offset, size, bytes }: SmallerIcu): NodeEdits {
  const start = addressOf(node, offset)
  const zeros = new Uint8Array(size)
  zeros.set(bytes)
  return {
    patches: [{ address: start, bytes: zeros }],
    cuts: [{ start: start + bytes.length, end: start + size }],
  }
}

/** Pages that hold what the page at this address held before. */
function movedTo(node: ElfFile, { offset, size, placesOf }: SmallerIcu, address: number): number[] {
  const start = addressOf(node, offset)
  if (address + PAGE_SIZE <= start || address >= start + size) return [address]
  const pages = placesOf(address - start, PAGE_SIZE).map((at) => start + at - ((start + at) % PAGE_SIZE))
  return [...new Set(pages)]
}

function addressOf(node: ElfFile, fileOffset: number): number {
  const address = addressAt(node, fileOffset)
  if (address === undefined) throw noIcu(node.file)
  return address
}
