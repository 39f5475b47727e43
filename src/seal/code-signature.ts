// macOS's own seal of an executable: all hashes are in its code signature, and macOS looks at them.

import { hash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'

import { BuildError } from '../base/diagnostics.ts'
import { findProgram } from '../image/macho/find.ts'
import { INFO_SECTION, isMachO as beginsAsMachO, type Source } from '../image/macho/layout.ts'
import {
  findChanges,
  isAdHoc,
  readSignature,
  type ChangedBytes,
  type CodeSignature,
} from '../image/macho/read-signature.ts'
import { findSection } from '../image/macho/read.ts'
import { signMachO, type SigningOptions } from '../image/macho/signature.ts'
import type { Damage, Verification } from './verify.ts'

/** Signs an executable by nobody's key. Returns its size. */
export function signAdHoc(name: string, options: SigningOptions): number {
  return open(name, 'r+', (source, write) => {
    const chunks = signMachO(source, options)
    for (const { offset, bytes } of chunks) write(offset, bytes)
    const { offset, bytes } = chunks.at(-1)!
    return offset + bytes.length
  })
}

/** What has a signature of its system's kind has no other. */
export function signedElsewhere(file: string): BuildError {
  return new BuildError('SIGNATURE_OF_SYSTEM', 'an executable for macOS is signed with macOS’s own tools', {
    at: { file },
    help: 'sign it with codesign or rcodesign, and check that with "codesign --verify"; the README says how, under "Signing for macOS"',
  })
}

export function isMachO(name: string): boolean {
  return open(name, 'r', ({ read }) => beginsAsMachO(read))
}

/**
 * Compares all bytes of an executable with its signature, whoever made it.
 * @throws BuildError IMAGE_…, SIGNATURE_MISSING, SIGNATURE_MALFORMED
 */
export function verifyMachO(name: string): Verification {
  return open(name, 'r', (source) => {
    const signature = readSignature(source)
    const partOf = partsIn(source, signature)
    const damage = findChanges(source, signature).map((changed): Damage => {
      const { from, to } = changed
      return { part: partOf(changed), from, to }
    })
    return {
      root: signature.cdHash,
      size: source.size,
      parts: [],
      damage,
      signedBy: undefined,
      codeSignature: { identifier: signature.identifier, isAdHoc: isAdHoc(signature) },
    }
  })
}

/** Names of what lies where. */
function partsIn(source: Source, signature: CodeSignature): (changed: ChangedBytes) => Damage['part'] {
  const { blob, payload, macho } = findProgram(source)
  const info = findSection(macho, INFO_SECTION)
  const end = signature.offset + signature.size
  return ({ from, slot }) => {
    if (from >= end) return 'end of the file'
    if (slot !== undefined) return from === info?.fileOffset ? 'Info.plist' : 'signature'
    if (from < blob.fileOffset || from >= blob.fileOffset + blob.size) return 'runtime'
    return from < payload.fileOffset ? 'bootstrap' : 'program'
  }
}

type Write = (offset: number, bytes: Uint8Array) => void

function open<T>(name: string, flags: 'r' | 'r+', use: (source: Source, write: Write) => T): T {
  const descriptor = openSync(name, flags)
  try {
    const { size } = fstatSync(descriptor)
    const read: Source['read'] = (offset, wanted) => {
      const bytes = Buffer.alloc(Math.max(0, Math.min(wanted, size - offset)))
      let filled = 0
      while (filled < bytes.length) {
        const count = readSync(descriptor, bytes, filled, bytes.length - filled, offset + filled)
        if (count === 0) break
        filled += count
      }
      return bytes.subarray(0, filled)
    }
    const write: Write = (offset, bytes) => {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(descriptor, bytes, done, bytes.length - done, offset + done)
      }
    }
    return use({ file: name, size, read, sha256: (bytes) => hash('sha256', bytes, 'buffer') }, write)
  } finally {
    closeSync(descriptor)
  }
}
