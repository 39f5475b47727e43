import type { Damage, Verification } from '../verify.ts'
import { renderFinding, type Paint } from './render.ts'

export function renderVerification(verification: Verification): string {
  const { root, size, codeSignature } = verification
  return [
    `sound     all ${size} bytes are as they were ${codeSignature ? 'signed' : 'sealed'}`,
    `${codeSignature ? 'cdhash  ' : 'seal    '}  sha256:${root}`,
    `signed    ${signer(verification)}`,
    '',
  ].join('\n')
}

function signer({ signedBy, codeSignature }: Verification): string {
  if (codeSignature?.isAdHoc) return `ad hoc, as ${codeSignature.identifier}`
  if (codeSignature)
    return `as ${codeSignature.identifier}, by a certificate that "codesign --verify" knows about`
  return signedBy === undefined ? 'no' : `by the Ed25519 key ${signedBy}`
}

interface DamageContext {
  readonly file: string
  readonly cwd: string
  readonly paint: Paint
}

/** More would be a list, and not a place. */
const NAMED = 3

export function renderDamage(
  { part, from, to, of = [] }: Damage,
  { file, cwd, paint }: DamageContext,
): string {
  const what =
    part === 'end of the file'
      ? `the file does not end where it should: ${to - from} bytes too many, or too few`
      : `its ${part} is damaged, within ${to - from} bytes from here${named(of)}`
  const head = `${paint('red', 'error')} ${paint('bold', 'EXECUTABLE_DAMAGED')}`
  return renderFinding(
    head,
    { at: { file, offset: from }, message: what, help: 'copy the file again, or build it again' },
    cwd,
  )
}

function named(names: readonly string[]): string {
  const different = [...new Set(names)]
  return different.length > 0 && different.length <= NAMED ? `: ${different.join(', ')}` : ''
}
