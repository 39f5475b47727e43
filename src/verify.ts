// `ingot verify` and `ingot sign`.

import { randomUUID } from 'node:crypto'
import { chmodSync, constants, copyFileSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'

import { BuildError } from './base/diagnostics.ts'
import { signExecutable } from './seal/reseal.ts'
import { readPrivateKey, readPublicKey } from './seal/signature.ts'
import { verifyExecutable, type Damage, type Verification } from './seal/verify.ts'

export type { Damage, Verification }

/**
 * Compares all bytes of an executable with its seal.
 * @param options.key PEM file of the public key that must have signed it
 * @throws BuildError EXECUTABLE_UNREADABLE, IMAGE_…, SEAL_MISSING, SIGNATURE_…
 */
export function verify(file: string, { key }: { key?: string | undefined } = {}): Verification {
  requireFile(file)
  return verifyExecutable(file, key === undefined ? undefined : readPublicKey(key))
}

/**
 * Signs an executable: it is written anew, and takes its own place when it is done.
 * @param key PEM file of an Ed25519 private key
 * @throws BuildError EXECUTABLE_UNREADABLE, IMAGE_…, EXECUTABLE_DAMAGED, SIGNATURE_KEY, OUTPUT_UNWRITABLE
 */
export function sign(file: string, key: string): Verification {
  requireFile(file)
  const privateKey = readPrivateKey(key)
  const { damage } = verifyExecutable(file)
  if (damage.length > 0) {
    throw new BuildError('EXECUTABLE_DAMAGED', `a damaged executable is not signed: its ${damage[0]!.part}`, {
      at: { file, offset: damage[0]!.from },
      help: 'build it again',
    })
  }
  replaceFile(file, (copy) => signExecutable(copy, privateKey))
  return verifyExecutable(file)
}

/** Changes a copy, which gets the name when it is finished. */
export function replaceFile(file: string, change: (copy: string) => void): void {
  const copy = path.join(path.dirname(file), `.${path.basename(file)}.ingot-${process.pid}-${randomUUID()}`)
  try {
    copyFileSync(file, copy, constants.COPYFILE_FICLONE)
    change(copy)
    chmodSync(copy, statSync(file).mode)
    renameSync(copy, file)
  } catch (error) {
    rmSync(copy, { force: true })
    if (error instanceof BuildError) throw error
    throw new BuildError(
      'OUTPUT_UNWRITABLE',
      `the executable cannot be written: ${(error as Error).message}`,
      {
        at: { file },
        help: 'make its directory writable, or copy the file to another one',
        cause: error,
      },
    )
  }
}

function requireFile(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return
  throw new BuildError('EXECUTABLE_UNREADABLE', `${file} is not a file`, {
    at: { file },
    help: 'name an executable that "ingot build" has written',
  })
}
