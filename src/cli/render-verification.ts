import type { Damage, Verification } from '../verify.ts'
import { renderFinding, type Paint } from './render.ts'

export function renderVerification({ root, size, signedBy }: Verification): string {
  return [
    `sound     all ${size} bytes are as they were sealed`,
    `seal      sha256:${root}`,
    `signed    ${signedBy === undefined ? 'no' : `by the Ed25519 key ${signedBy}`}`,
    '',
  ].join('\n')
}

interface DamageContext {
  readonly file: string
  readonly cwd: string
  readonly paint: Paint
}

export function renderDamage({ part, from, to }: Damage, { file, cwd, paint }: DamageContext): string {
  const what =
    part === 'end of the file'
      ? `the file does not end where it should: ${to - from} bytes too many, or too few`
      : `its ${part} is damaged, within ${to - from} bytes from here`
  const head = `${paint('red', 'error')} ${paint('bold', 'EXECUTABLE_DAMAGED')}`
  return renderFinding(
    head,
    { at: { file, offset: from }, message: what, help: 'copy the file again, or build it again' },
    cwd,
  )
}
