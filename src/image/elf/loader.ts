// Redirects the file access of a copy of ld.so to the launcher's hooks. ld.so is stripped, so the
// functions are recognised by their bytes: each pattern must occur exactly once. A loader that was
// compiled differently is refused here, where it is an error message, and not patched somewhere.

import { viewOf } from '../../base/bytes.ts'
import { loadsOf, unknownLoader } from './check.ts'
import { PF_W, PF_X } from './constants.ts'
import type { Hook } from './launcher.ts'
import type { ElfFile } from './read.ts'

/** Begin of each function as compiled in Debian 12's glibc 2.36; `..` stands for any byte. */
const SIGNATURES: Record<Hook, string> = {
  // __open64_nocancel
  open: '41 89 f2 48 89 54 24 e0 41 83 e2 40 75 .. 89 f0 25 00 00 41 00 3d 00 00 41 00 74 .. 89 f2 b8 01 01 00 00',
  // __read_nocancel, up to the store to rtld_errno
  read: '31 c0 0f 05 48 3d 00 f0 ff ff 77 04 c3 0f 1f 00 f7 d8 89 05 .. .. .. ..',
  // __pread64_nocancel
  pread: '49 89 ca b8 11 00 00 00 0f 05 48 3d 00 f0 ff ff 77 06 c3',
  // __fstatat64, behind __fstat64, __stat64 and __lstat64
  fstatat: '41 89 ca b8 06 01 00 00 0f 05 3d 00 f0 ff ff 77 07 31 c0 c3',
  // __mmap64
  mmap: '41 89 ca 41 f7 c1 ff 0f 00 00 75 .. b8 09 00 00 00 0f 05',
  // __close_nocancel
  close: 'b8 03 00 00 00 0f 05 48 3d 00 f0 ff ff 77 01 c3',
  // __access
  access: 'b8 15 00 00 00 0f 05 48 3d 00 f0 ff ff 77 01 c3',
}
/** In `read`: the rip-relative displacement of rtld_errno, which ends the signature. */
const ERRNO_DISPLACEMENT = 20

export interface PatchedLoader {
  readonly bytes: Uint8Array
  /** rtld_errno, relative to the loader's base. */
  readonly errnoAddress: number
}

/**
 * A copy of `elf` (an ld.so, to be mapped at `base`) with its file access redirected.
 * @throws BuildError LOADER_UNKNOWN
 */
export function redirectLoader(
  elf: ElfFile,
  base: number,
  hooks: Readonly<Record<Hook, number>>,
): PatchedLoader {
  const text = loadsOf(elf).find((segment) => segment.flags & PF_X)
  if (!text) throw unknownLoader(elf, 'it has no executable segment', 0)

  const bytes = new Uint8Array(elf.bytes) // not slice(), which copies nothing of a Buffer
  const view = viewOf(bytes)
  const code = elf.bytes.subarray(text.fileOffset, text.fileOffset + text.fileSize)
  const toAddress = text.virtualAddress - text.fileOffset
  let errnoAddress = 0
  for (const [hook, signature] of Object.entries(SIGNATURES) as [Hook, string][]) {
    const places = findSignature(code, signature)
    if (places.length !== 1) {
      throw unknownLoader(elf, `its ${hook} function was found ${places.length} times`, text.fileOffset)
    }
    const fileOffset = text.fileOffset + places[0]!
    if (hook === 'read') {
      const displacementOffset = fileOffset + ERRNO_DISPLACEMENT
      errnoAddress = displacementOffset + 4 + toAddress + view.getInt32(displacementOffset, true)
      if (!isWritable(elf, errnoAddress))
        throw unknownLoader(elf, 'its errno is not in its data', displacementOffset)
    }
    // jmp rel32, counted from the next instruction
    view.setUint8(fileOffset, 0xe9)
    view.setInt32(fileOffset + 1, hooks[hook] - (base + fileOffset + toAddress + 5), true)
  }
  return { bytes, errnoAddress }
}

function isWritable(elf: ElfFile, address: number): boolean {
  return loadsOf(elf).some(
    ({ flags, virtualAddress, memorySize }) =>
      flags & PF_W && address >= virtualAddress && address + 4 <= virtualAddress + memorySize,
  )
}

function findSignature(code: Uint8Array, signature: string): number[] {
  const pattern = signature.split(' ').map((byte) => (byte === '..' ? -1 : Number.parseInt(byte, 16)))
  const anchor = Buffer.from(pattern.slice(0, pattern.indexOf(-1) === -1 ? undefined : pattern.indexOf(-1)))
  const haystack = Buffer.from(code.buffer, code.byteOffset, code.length)
  const places: number[] = []
  for (let at = haystack.indexOf(anchor); at !== -1; at = haystack.indexOf(anchor, at + 1)) {
    if (pattern.every((byte, i) => byte === -1 || code[at + i] === byte)) places.push(at)
  }
  return places
}
