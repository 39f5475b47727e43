// What native code runs on, from its first bytes: ELF gABI (e_ident, e_machine), Mach-O (mach_header_64, fat_header),
// PE (IMAGE_DOS_HEADER, IMAGE_FILE_HEADER).

import { viewOf } from './bytes.ts'
import type { Platform } from './targets.ts'

/** Bytes of a file that `nativeHeader` looks at: PE says where in them its header is. */
export const NATIVE_HEADER_BYTES = 4096

export interface NativeHeader {
  readonly os: Platform['os']
  /** In the words of `process.arch`; of a universal binary more than one, empty if Ingot has no word for it. */
  readonly cpus: readonly string[]
}

/** Undefined: it is no native code. */
export function nativeHeader(bytes: Uint8Array): NativeHeader | undefined {
  const view = viewOf(bytes)
  if (view.byteLength < 0x40) return undefined
  const big = view.getUint32(0)
  const little = view.getUint32(0, true)
  if (big === 0x7f_45_4c_46) return { os: 'linux', cpus: known(elfCpu(view)) }
  if (little === 0xfe_ed_fa_cf) return { os: 'darwin', cpus: known(MACHO_CPUS[view.getUint32(4, true)]) }
  // 32 bits, or of a big-endian processor.
  if ([0xfe_ed_fa_ce, 0xcf_fa_ed_fe, 0xce_fa_ed_fe].includes(little)) return { os: 'darwin', cpus: [] }
  if (big === 0xca_fe_ba_be) return universal(view)
  return view.getUint16(0) === 0x4d_5a ? portableExecutable(view) : undefined
}

export function runsOn(header: NativeHeader, { os, cpu }: Platform): boolean {
  return header.os === os && header.cpus.includes(cpu)
}

function elfCpu(view: DataView): string | undefined {
  const is64Bit = view.getUint8(4) === 2 && view.getUint8(5) === 1
  return is64Bit ? ELF_CPUS[view.getUint16(18, true)] : undefined
}

/** e_machine: EM_X86_64, EM_AARCH64 */
const ELF_CPUS: Readonly<Record<number, string>> = { 62: 'x64', 183: 'arm64' }
/** CPU_TYPE_X86_64, CPU_TYPE_ARM64 */
const MACHO_CPUS: Readonly<Record<number, string>> = { 0x0100_0007: 'x64', 0x0100_000c: 'arm64' }
/** IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_ARM64 */
const PE_CPUS: Readonly<Record<number, string>> = { 0x8664: 'x64', 0xaa64: 'arm64' }

/** Java classes begin so, too; the number of architectures is their version there, and larger. */
function universal(view: DataView): NativeHeader | undefined {
  const count = view.getUint32(4)
  if (count > 20) return undefined
  const cpus: string[] = []
  for (let i = 0; i < count && 8 + 20 * i + 4 <= view.byteLength; i++)
    cpus.push(...known(MACHO_CPUS[view.getUint32(8 + 20 * i)]))
  return { os: 'darwin', cpus }
}

function portableExecutable(view: DataView): NativeHeader | undefined {
  const header = view.getUint32(0x3c, true)
  if (header + 6 > view.byteLength || view.getUint32(header) !== 0x50_45_00_00) return undefined
  return { os: 'win32', cpus: known(PE_CPUS[view.getUint16(header + 4, true)]) }
}

function known(cpu: string | undefined): string[] {
  return cpu === undefined ? [] : [cpu]
}
