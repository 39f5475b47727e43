// Redirects the file access of a copy of ld.so to the launcher's hooks. ld.so is stripped, so the
// functions are recognised by their bytes: each pattern must occur exactly once. A loader that was
// compiled differently is refused here, where it is an error message, and not patched somewhere.

import { loadsOf, unknownLoader } from './check.ts'
import { PF_W, PF_X } from './constants.ts'
import type { Hook } from './launcher.ts'
import { machineOf } from './machine.ts'
import type { ElfFile } from './read.ts'

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
  const code = elf.bytes.subarray(text.fileOffset, text.fileOffset + text.fileSize)
  const toAddress = text.virtualAddress - text.fileOffset
  const { signatures, errnoOffset, errnoAddress: findErrno, jumpBy } = machineOf(elf).loader
  let errnoAddress = 0
  for (const [hook, signature] of Object.entries(signatures) as [Hook, string][]) {
    const places = findSignature(code, signature)
    if (places.length !== 1) {
      throw unknownLoader(elf, `its ${hook} function was found ${places.length} times`, text.fileOffset)
    }
    const fileOffset = text.fileOffset + places[0]!
    if (hook === 'read') {
      const code = new DataView(bytes.buffer, bytes.byteOffset + fileOffset)
      errnoAddress = findErrno(code, fileOffset + toAddress) ?? 0
      if (!isWritable(elf, errnoAddress))
        throw unknownLoader(elf, 'its errno is not in its data', fileOffset + errnoOffset)
    }
    bytes.set(jumpBy(hooks[hook] - (base + fileOffset + toAddress)), fileOffset)
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
