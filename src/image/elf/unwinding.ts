// Six megabytes of node say how its frames are unwound when a C++ exception is thrown, or a Rust panic. No function of
// node or V8 catches any: what does is std::filesystem's own clean-up (which throws on), and what addons bring. Without
// addons an exception in node ends the process with or without these tables, and with the same message. V8's exceptions,
// JavaScript's and WebAssembly's, have nothing to do with them.

import { viewOf } from '../../base/bytes.ts'
import { PT_GNU_EH_FRAME } from './constants.ts'
import { NO_EDITS, type NodeEdits } from './edits.ts'
import type { ElfFile } from './read.ts'

/**
 * LSB core, "The .eh_frame_hdr section": version, how the three fields are encoded; the frames' address, relative to
 * where it stands; how many entries a sorted table of them has.
 */
const VERSION = 1
const RELATIVE_TO_ITSELF = 0x1b
const UNSIGNED = 0x03
const SORTED_TABLE = 0x3b
const HEADER = Uint8Array.from([VERSION, RELATIVE_TO_ITSELF, UNSIGNED, SORTED_TABLE])
const FRAMES_AT = 4
const COUNT_AT = 8
/** Frames end with a record of length 0: here they lie behind the header, and that is all there is. */
const EMPTY_FRAMES_AT = 12
const EMPTY_SIZE = 16
/** A longer length follows. */
const LONG_LENGTH = 0xffff_ffff

/** Nothing, in a node whose tables lie in another order than linkers put them. */
export function withoutUnwinding(node: ElfFile): NodeEdits {
  const segment = node.programHeaders.find(({ type }) => type === PT_GNU_EH_FRAME)
  if (!segment || segment.fileSize < EMPTY_SIZE) return NO_EDITS
  const { virtualAddress: start, fileOffset, fileSize } = segment
  if (!HEADER.every((byte, i) => node.bytes[fileOffset + i] === byte)) return NO_EDITS
  const frames = FRAMES_AT + viewOf(node.bytes).getInt32(fileOffset + FRAMES_AT, true)
  const end = endOfFrames(node, fileOffset + frames)
  // The one directly behind the other, but for their alignment.
  if (end === undefined || frames < fileSize || frames > fileSize + 8) return NO_EDITS

  const empty = new Uint8Array(EMPTY_SIZE)
  empty.set(HEADER)
  viewOf(empty).setInt32(FRAMES_AT, EMPTY_FRAMES_AT - FRAMES_AT, true)
  viewOf(empty).setUint32(COUNT_AT, 0, true)
  return {
    // libgcc takes the header of an object without asking whether there is one: it stays, of an empty table.
    patches: [{ address: start, bytes: empty }],
    cuts: [{ start: start + EMPTY_SIZE, end: start + end - fileOffset }],
    shortened: new Map([[PT_GNU_EH_FRAME, EMPTY_SIZE]]),
  }
}

/** Offset in the file behind the last record; undefined if that is no list of records. */
function endOfFrames(node: ElfFile, offset: number): number | undefined {
  const view = viewOf(node.bytes)
  let at = offset
  while (at >= 0 && at + 4 <= node.bytes.length) {
    const length = view.getUint32(at, true)
    at += 4
    if (length === 0) return at
    if (length === LONG_LENGTH) return undefined
    at += length
  }
  return undefined
}
