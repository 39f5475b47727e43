// Addons that ask the kernel themselves. Rust's rustix makes statx(2) without libc, by which rolldown, oxc's resolver and their
// kin look for files: they would not see those that are inside. Their calls become the launcher's, as libc's do (libc.ts).
//
// `syscall` has two bytes, and a jump five: it takes the instructions behind it along, which are those that look at the result.

import { alignUp, viewOf } from '../../base/bytes.ts'
import { nativeHeader, runsOn } from '../../base/native-code.ts'
import { loadsOf } from './check.ts'
import { PF_X, PT_LOAD } from './constants.ts'
import { LauncherHeader } from './launcher.ts'
import { LAUNCHER_TEXT } from './layout.ts'
import { endOfRoom } from './libc.ts'
import { readElf } from './read.ts'
import { ProgramHeader } from './structs.ts'
import { detour, systemCallFunction, X64 } from './x64.ts'

const STATX = 332
/** mov $STATX, %eax */
const NUMBER = Buffer.from([0xb8, 0x4c, 0x01, 0x00, 0x00])
/** REX with B before it: then it is %r8d that gets the number. */
const OTHER_REGISTER = new Set([0x41, 0x43, 0x45, 0x47, 0x49, 0x4b, 0x4d, 0x4f])
/** Bytes of what is between the number and the call, at most. */
const LONGEST_SETUP = 80
const SYSCALL = Buffer.from([0x0f, 0x05])

interface Site {
  /** In the file, of `syscall`. */
  readonly offset: number
  readonly moved: Uint8Array
}

/** A shared object with these calls redirected; itself if it has none, or no room at the end of its text. */
export function redirectAddon(bytes: Uint8Array): Uint8Array {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const first = whole.indexOf(NUMBER)
  if (first === -1 || !isX64(bytes)) return bytes
  const elf = readElf(bytes, 'addon')
  const index = elf.programHeaders.findIndex(({ type, flags }) => type === PT_LOAD && flags & PF_X)
  const text = elf.programHeaders[index]
  if (!text) return bytes
  const start = text.fileOffset
  const sites = [...sitesIn(whole.subarray(0, start + text.fileSize), Math.max(first, start))]
  if (sites.length === 0) return bytes

  let end = alignUp(start + text.fileSize, 16)
  const shared = end
  const placed: { readonly at: number; readonly code: Uint8Array }[] = []
  const place = (code: Uint8Array) => {
    placed.push({ at: end, code })
    end += code.length
  }
  place(systemCallFunction(STATX, LAUNCHER_TEXT + LauncherHeader.offsetOf('systemCall')))
  for (const { offset, moved } of sites) {
    placed.push({ at: offset, code: X64.loader.jumpBy(end - offset) })
    place(detour(end, shared, moved, offset + SYSCALL.length + moved.length))
  }
  // Behind the last segment may be what is no memory.
  const isLast = loadsOf(elf).every(({ virtualAddress }) => virtualAddress <= text.virtualAddress)
  if (isLast || end > endOfRoom(elf, text, X64.pageSize)) return bytes
  // Not `slice`, which of a Buffer is no copy.
  const result = new Uint8Array(bytes)
  for (const { at, code } of placed) result.set(code, at)
  const size = end - start
  ProgramHeader.write(viewOf(result), elf.header.programHeaderOffset + index * ProgramHeader.size, {
    ...text,
    fileSize: size,
    memorySize: size,
  })
  return result
}

function isX64(bytes: Uint8Array): boolean {
  const header = nativeHeader(bytes)
  return header !== undefined && runsOn(header, { os: 'linux', cpu: 'x64' })
}

function* sitesIn(code: Buffer, from: number): Generator<Site> {
  for (let at = code.indexOf(NUMBER, from); at !== -1; at = code.indexOf(NUMBER, at + 1)) {
    if (OTHER_REGISTER.has(code[at - 1]!)) continue
    let next = at + NUMBER.length
    for (let size = 1; size > 0 && next < at + LONGEST_SETUP; next += size) size = sizeOfMove(code, next)
    if (!code.subarray(next, next + SYSCALL.length).equals(SYSCALL)) continue
    const behind = next + SYSCALL.length
    const size = sizeOfTest(code, behind)
    if (size > 0) yield { offset: next, moved: code.subarray(behind, behind + size) }
  }
}

/** Of what compilers put between the number and the call: a move between registers, one that is cleared, or gets a constant; or 0. */
function sizeOfMove(code: Buffer, at: number): number {
  const rex = (code[at]! & 0xf0) === 0x40 ? code[at]! : 0
  const start = at + (rex ? 1 : 0)
  const opcode = code[start]!
  const isConstant = opcode >= 0xb8 && opcode <= 0xbf && (rex & 8) === 0
  const isOfRegisters = (opcode === 0x89 || opcode === 0x31) && code[start + 1]! >= 0xc0
  return isConstant ? start + 5 - at : isOfRegisters ? start + 2 - at : 0
}

/** Of what they put behind it: test %rax, %rax; or cmp $…, %ax; or 0. */
function sizeOfTest(code: Buffer, at: number): number {
  const bytes = code.toString('hex', at, at + 3)
  return bytes === '4885c0' ? 3 : bytes === '6683f8' ? 4 : 0
}
