// `ingot verify` and `ingot sign`.

import { realpathSync, statSync } from 'node:fs'

import { BuildError } from './base/diagnostics.ts'
import type { Region } from './inspect/inspection.ts'
import { readRegions } from './inspect/read-executable.ts'
import { replaceFile } from './output/replace-file.ts'
import { isMachO, signedElsewhere, verifyMachO } from './seal/code-signature.ts'
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
  if (isMachO(file) && key !== undefined) throw signedElsewhere(file)
  const verification = isMachO(file)
    ? verifyMachO(file)
    : verifyExecutable(file, key === undefined ? undefined : readPublicKey(key))
  return { ...verification, damage: withNames(file, verification.damage) }
}

/** As far as what is damaged lets itself be read. */
function withNames(file: string, damage: readonly Damage[]): Damage[] {
  let regions: readonly Region[] = []
  try {
    if (damage.length > 0) regions = readRegions(file)
  } catch (error) {
    if (!(error instanceof BuildError)) throw error
  }
  return damage.map((one) => ({
    ...one,
    of: regions
      .filter(({ fileOffset, size }) => fileOffset < one.to && fileOffset + size > one.from)
      .map(({ name }) => name),
  }))
}

/**
 * Signs an executable: it is written anew, and takes its own place when it is done.
 * @param key PEM file of an Ed25519 private key
 * @throws BuildError EXECUTABLE_UNREADABLE, IMAGE_…, EXECUTABLE_DAMAGED, SIGNATURE_KEY, OUTPUT_UNWRITABLE
 */
export async function sign(file: string, key: string): Promise<Verification> {
  requireFile(file)
  if (isMachO(file)) throw signedElsewhere(file)
  const privateKey = readPrivateKey(key)
  requireSound(file)
  await replaceFile(realpathSync(file), async (copy) => signExecutable(copy, privateKey))
  return verifyExecutable(file)
}

/** @throws BuildError EXECUTABLE_DAMAGED, IMAGE_…, SEAL_MISSING */
export function requireSound(file: string): Verification {
  const verification = isMachO(file) ? verifyMachO(file) : verifyExecutable(file)
  const [first] = verification.damage
  if (!first) return verification
  throw new BuildError('EXECUTABLE_DAMAGED', `this executable is damaged: its ${first.part}`, {
    at: { file, offset: first.from },
    help: 'copy it again, or build it again; "ingot verify" looks at all of it',
  })
}

function requireFile(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return
  throw new BuildError('EXECUTABLE_UNREADABLE', `${file} is not a file`, {
    at: { file },
    help: 'name an executable that "ingot build" has written',
  })
}
