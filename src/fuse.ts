// `ingot fuse`: what the environment may do to a finished executable, shown and changed.

import { realpathSync } from 'node:fs'

import { checkFuses } from './config/check-fuses.ts'
import { BuildError } from './base/diagnostics.ts'
import { FUSE_NAMES, readFuses, withFuses, type Fuse, type FuseSettings } from './format/fuses.ts'
import { fusePatch } from './image/elf/frozen.ts'
import { findLaunchTable } from './image/elf/launch-table.ts'
import { replaceFile } from './output/replace-file.ts'
import { isMachO } from './seal/code-signature.ts'
import { resealTable, signExecutable } from './seal/reseal.ts'
import { SealedFile } from './seal/sealed-file.ts'
import { readPrivateKey } from './seal/signature.ts'
import { requireSound } from './verify.ts'

export interface FuseResult {
  /** Absolute; where a link leads. */
  readonly file: string
  readonly fuses: FuseSettings
  /** Of these, what is other than before. */
  readonly changed: readonly Fuse[]
  /** It was signed, and is not any more. */
  readonly hasLostSignature: boolean
}

/**
 * A change renews the seal. The signature is of the old one, and goes, unless there is a key for a new one.
 * @param key PEM file of an Ed25519 private key
 * @throws BuildError FUSE_UNREADABLE, FUSE_DEVELOPMENT, FUSES_CONTRADICTORY, EXECUTABLE_DAMAGED, SIGNATURE_KEY, IMAGE_…,
 *   OUTPUT_…
 */
export async function changeFuses(
  name: string,
  settings: Partial<FuseSettings>,
  key?: string,
): Promise<FuseResult> {
  const { file, launchTableOffset, fuses: before } = readFuseBits(name)
  const after = checkFuses(withFuses(before, settings), { file })
  let isSigned = false
  if (after !== before) {
    const privateKey = key === undefined ? undefined : readPrivateKey(key)
    const { signedBy } = requireSound(file)
    isSigned = signedBy !== undefined
    const { offset, bytes } = fusePatch({ launchTableOffset }, after)
    await replaceFile(file, async (temporary) => {
      SealedFile.open(temporary, 'r+', (copy) => copy.write(offset, bytes))
      resealTable(temporary)
      if (privateKey) signExecutable(temporary, privateKey)
    })
  }
  const was = readFuses(before)
  const fuses = readFuses(after)
  const changed = FUSE_NAMES.filter((fuse) => fuses[fuse] !== was[fuse])
  return { file, fuses, changed, hasLostSignature: isSigned && key === undefined }
}

function readFuseBits(name: string): { file: string; launchTableOffset: number; fuses: number } {
  try {
    const file = realpathSync(name)
    if (isMachO(file)) throw fixed(file)
    return SealedFile.open(file, 'r', (sealed) => {
      if (sealed.place.root === undefined) throw fixed(file)
      const { table, fileOffset } = findLaunchTable((offset, size) => sealed.read(offset, size), file)
      if (table.isDevelopment) {
        throw new BuildError('FUSE_DEVELOPMENT', 'this executable belongs to a running "ingot dev"', {
          at: { file, offset: fileOffset },
          help: 'set "fuses" in the configuration of the program',
        })
      }
      return { file, launchTableOffset: fileOffset, fuses: table.fuses }
    })
  } catch (cause) {
    throw cause instanceof BuildError ? cause : unreadable(name, cause)
  }
}

function fixed(file: string): BuildError {
  return new BuildError('FUSE_TARGET', 'only executables for Linux have fuses that can be changed', {
    at: { file },
    help: 'set "fuses" in the configuration of the program, and build it again',
  })
}

function unreadable(file: string, cause: unknown): BuildError {
  return new BuildError('FUSE_UNREADABLE', `the executable cannot be read: ${(cause as Error).message}`, {
    at: { file },
    help: 'check the path, and that you may read the file',
    cause,
  })
}
