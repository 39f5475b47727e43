// Whether a file is native code for linux, from the start of its ELF header (ELF gABI, e_ident).

import type { Target } from '../base/targets.ts'

/** Bytes of a file that `elfProblem` looks at. */
export const ELF_HEADER_BYTES = 20

interface ElfProblem {
  readonly offset: number
  readonly message: string
}

interface HeaderField {
  readonly offset: number
  readonly values: readonly (readonly number[])[]
  readonly message: string
}

const FIELDS: readonly HeaderField[] = [
  { offset: 0, values: [[0x7f, 0x45, 0x4c, 0x46]], message: 'not an ELF file' },
  { offset: 4, values: [[2]], message: 'not a 64-bit ELF file (EI_CLASS)' },
  { offset: 5, values: [[1]], message: 'not a little-endian ELF file (EI_DATA)' },
  {
    offset: 16,
    values: [
      [2, 0],
      [3, 0],
    ],
    message: 'neither an executable nor a shared object (e_type)',
  },
]

const MACHINES: Partial<Record<Target, HeaderField>> = {
  'linux-x64': { offset: 18, values: [[0x3e, 0]], message: 'not for x86-64 (e_machine)' },
  'linux-arm64': { offset: 18, values: [[0xb7, 0]], message: 'not for aarch64 (e_machine)' },
}

/** The first field that is wrong for a target. */
export function elfProblem(bytes: Uint8Array, target: Target): ElfProblem | undefined {
  const machine = MACHINES[target]
  return [...FIELDS, ...(machine ? [machine] : [])].find(
    ({ offset, values }) =>
      !values.some((value) => value.every((byte, index) => bytes[offset + index] === byte)),
  )
}
