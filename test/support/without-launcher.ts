// A program for another system in the plain node of this one. A single-executable blob is the same on all of them, but
// for what the bootstrap is bundled for; so this runs what cannot be run here otherwise: a start without our launcher.

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'

import { alignUp, viewOf } from '../../src/base/bytes.ts'
import { PT_LOAD, PT_NOTE, PT_GNU_STACK, PF_R } from '../../src/image/elf/constants.ts'
import { readElf, type ElfFile } from '../../src/image/elf/read.ts'
import { NoteHeader, ProgramHeader } from '../../src/image/elf/structs.ts'
import { SEA_FUSE } from '../../src/image/sea.ts'

const PAGE = 4096
const NAME = Buffer.from('NODE_SEA_BLOB\0\0\0')
/** Without what pads it. */
const NAME_SIZE = 14

/**
 * As postject does it, but in a tenth of the time: the blob is a note, in a segment of its own behind all others. Two of
 * node's program headers give their places: a note that nobody reads, and the one that says that the stack is not code.
 */
export function writeNodeWithBlob(blob: Uint8Array, out: string): void {
  const node = readElf(readFileSync(process.execPath), process.execPath)
  const ends = node.programHeaders.map(({ virtualAddress, memorySize }) => virtualAddress + memorySize)
  const virtualAddress = alignUp(Math.max(...ends), 0x1000000)
  const header = new Uint8Array(NoteHeader.size)
  NoteHeader.write(viewOf(header), 0, { nameSize: NAME_SIZE, descriptorSize: blob.length, type: 0 })
  const note = Buffer.concat([header, NAME, blob])
  const fileOffset = alignUp(node.bytes.length, PAGE)
  const place = { fileOffset, virtualAddress, physicalAddress: virtualAddress, flags: PF_R }
  const sizes = { fileSize: note.length, memorySize: note.length }

  const file = Buffer.alloc(fileOffset + note.length)
  file.set(node.bytes)
  file.set(note, fileOffset)
  const table = node.header.programHeaderOffset
  const put = (index: number, fields: Parameters<typeof ProgramHeader.write>[2]) =>
    ProgramHeader.write(viewOf(file), table + index * ProgramHeader.size, fields)
  put(indexOf(node, PT_NOTE), { type: PT_NOTE, alignment: 4, ...place, ...sizes })
  put(indexOf(node, PT_GNU_STACK), { type: PT_LOAD, alignment: PAGE, ...place, ...sizes })
  file[file.indexOf(SEA_FUSE) + SEA_FUSE.length - 1] = '1'.charCodeAt(0)
  copyFileSync(process.execPath, out) // with its mode
  writeFileSync(out, file)
}

function indexOf({ programHeaders }: ElfFile, wanted: number): number {
  return programHeaders.findLastIndex(({ type }) => type === wanted)
}
