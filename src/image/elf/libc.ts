// Lets native code see embedded files: redirects the system calls through which our copy of libc
// opens, lists and stats files to the launcher (launcher/native.c).
//
// Everywhere in libc such a call ends in a five-byte mov and `syscall`, seven bytes. They become a
// jump to a stub, which does the mov, calls the launcher as the kernel would be called (all registers
// but rax, rcx and r11 survive) and jumps back. The stubs live in the unused end of the text segment's last page,
// and libc's own handling of the result, errno and thread cancellation stays what it is.

import { alignUp, viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import { PAGE_SIZE } from '../../format/archive.ts'
import { loadsOf } from './check.ts'
import { PF_X, PT_LOAD } from './constants.ts'
import { jumpTo } from './jump.ts'
import { REPLACED, type Launcher, type Replacement } from './launcher.ts'
import type { ElfFile } from './read.ts'
import { FileHeader, IDENT_SIZE, ProgramHeader } from './structs.ts'
import { findSymbols } from './symbols.ts'

/** asm/unistd_64.h; the ones that native.c answers. */
const SYSTEM_CALLS = {
  close: 3,
  mmap: 9,
  madvise: 28,
  stat: 4,
  fstat: 5,
  lstat: 6,
  lseek: 8,
  access: 21,
  execve: 59,
  readlink: 89,
  futex: 202,
  getdents64: 217,
  openat: 257,
  clock_nanosleep: 230,
  newfstatat: 262,
  readlinkat: 267,
  faccessat: 269,
  statx: 332,
  faccessat2: 439,
}
/** Without these, native code would see half a file system. */
const REQUIRED = [
  'close',
  'execve',
  'readlink',
  'getdents64',
  'openat',
  'newfstatat',
  'statx',
  'mmap',
  'madvise',
  'futex',
] as const

/** A mov with a 32-bit constant, and `syscall`. */
const SITE_SIZE = 7
const MOV_SIZE = 5

/** Bytes whose last seven are a site. */
function patternsOf(number: number): Uint8Array[] {
  const mov = [0xb8, ...u32(number)] // mov $number, %eax
  const syscall = [0x0f, 0x05]
  // opendir(3) comes through __open64_nocancel: mov %rdi, %rsi; mov $AT_FDCWD, %edi in between.
  const spread = [...mov, 0x48, 0x89, 0xfe, 0xbf, 0x9c, 0xff, 0xff, 0xff, ...syscall]
  // Of the many futex calls the two that wait until a moment: mov $FUTEX_BITSET_MATCH_ANY, %r9d; xor %r8d, %r8d.
  if (number === SYSTEM_CALLS.futex) {
    const until = [0x41, 0xb9, 0xff, 0xff, 0xff, 0xff, 0x45, 0x31, 0xc0]
    const value = [0x89, 0xea] // mov %ebp, %edx
    return [
      [...until, ...value, ...mov, ...syscall],
      [...until, ...mov, ...syscall],
    ].map((bytes) => Uint8Array.from(bytes))
  }
  return [Uint8Array.from([...mov, ...syscall]), Uint8Array.from(spread)]
}

/**
 * A copy of `libc` with its file system calls redirected and a few functions replaced.
 * @throws BuildError LIBC_UNKNOWN
 */
export function redirectLibc(
  libc: ElfFile,
  launcher: Pick<Launcher, 'systemCall' | 'replacements'>,
): Uint8Array {
  const index = libc.programHeaders.findIndex((segment) => segment.type === PT_LOAD && segment.flags & PF_X)
  const text = libc.programHeaders[index]
  if (!text) throw unknownLibc(libc, 'it has no executable segment', 0)

  const bytes = libc.bytes.slice()
  const view = viewOf(bytes)
  const segmentEnd = text.fileOffset + text.fileSize
  const room = alignUp(segmentEnd, PAGE_SIZE)
  let stubOffset = alignUp(segmentEnd, 16)
  for (const { offset, number } of findSites(libc, text)) {
    const mov = libc.bytes.subarray(offset, offset + MOV_SIZE)
    const stub = makeStub(mov, number, launcher.systemCall, stubOffset, offset + SITE_SIZE)
    if (stubOffset + stub.length > room) throw unknownLibc(libc, 'there is no room for the stubs', segmentEnd)
    bytes.set(stub, stubOffset)
    bytes.set([0xe9, 0, 0, 0, 0, 0x66, 0x90], offset) // jmp rel32; nop
    view.setInt32(offset + 1, stubOffset - (offset + 5), true)
    stubOffset += stub.length
  }
  for (const [name, address] of Object.entries(findSymbols(libc, REPLACED)) as [Replacement, number][]) {
    bytes.set(jumpTo(launcher.replacements[name]), address - text.virtualAddress + text.fileOffset)
  }
  ProgramHeader.write(view, libc.header.programHeaderOffset + index * ProgramHeader.size, {
    ...text,
    fileSize: stubOffset - text.fileOffset,
    memorySize: stubOffset - text.fileOffset,
  })
  // What lies behind the last segment is for debuggers, and two pages.
  FileHeader.write(view, IDENT_SIZE, {
    ...libc.header,
    sectionHeaderOffset: 0,
    sectionHeaderCount: 0,
    sectionNameIndex: 0,
  })
  return bytes.subarray(0, Math.max(...loadsOf(libc).map((segment) => segment.fileOffset + segment.fileSize)))
}

function findSites(libc: ElfFile, text: ProgramHeader): { offset: number; number: number }[] {
  const code = Buffer.from(libc.bytes.buffer, libc.bytes.byteOffset + text.fileOffset, text.fileSize)
  const sites: { offset: number; number: number }[] = []
  for (const [name, number] of Object.entries(SYSTEM_CALLS)) {
    const before = sites.length
    for (const pattern of patternsOf(number)) {
      for (let at = code.indexOf(pattern); at !== -1; at = code.indexOf(pattern, at + 1)) {
        sites.push({ offset: text.fileOffset + at + pattern.length - SITE_SIZE, number })
      }
    }
    if (sites.length === before && REQUIRED.some((required) => required === name)) {
      throw unknownLibc(libc, `its ${name} calls were not found`, text.fileOffset)
    }
  }
  return sites
}

/** File offsets and addresses differ by a constant within the segment, so offsets do for the jumps. */
function makeStub(mov: Uint8Array, number: number, hook: number, at: number, back: number): Uint8Array {
  const instructions = [
    [...mov],
    [0x48, 0x8d, 0x64, 0x24, 0x80], // lea -128(%rsp), %rsp: the caller may use the red zone
    [0x57, 0x56, 0x52, 0x41, 0x52, 0x41, 0x50, 0x41, 0x51], // push rdi, rsi, rdx, r10, r8, r9
    [0x4d, 0x89, 0xc1, 0x4d, 0x89, 0xd0], // mov r8, r9; mov r10, r8
    [0x48, 0x89, 0xd1, 0x48, 0x89, 0xf2, 0x48, 0x89, 0xfe], // mov rdx, rcx; mov rsi, rdx; mov rdi, rsi
    [0xbf, ...u32(number)], // mov $number, %edi
    [0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xe4, 0xf0], // push rbp; mov rsp, rbp; and $-16, rsp
    [0x50, 0xff, 0x75, 0x08], // push rax; push 8(rbp): r9, which is the seventh argument
    [0xb8, ...u32(hook), 0xff, 0xd0], // mov $hook, %eax; call *%rax
    [0x48, 0x89, 0xec, 0x5d], // mov rbp, rsp; pop rbp
    [0x41, 0x59, 0x41, 0x58, 0x41, 0x5a, 0x5a, 0x5e, 0x5f], // pop r9, r8, r10, rdx, rsi, rdi
    [0x48, 0x8d, 0xa4, 0x24, ...u32(128)], // lea 128(%rsp), %rsp
    [0xe9, 0, 0, 0, 0], // jmp back
  ]
  const stub = Buffer.from(instructions.flat())
  stub.writeInt32LE(back - (at + stub.length), stub.length - 4)
  return stub
}

function u32(value: number): number[] {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return [...bytes]
}

function unknownLibc(libc: ElfFile, why: string, offset: number): BuildError {
  return new BuildError('LIBC_UNKNOWN', `this libc cannot be embedded: ${why}`, {
    at: { file: libc.file, offset },
    help: 'let Ingot fetch the pinned Debian 12 glibc (it needs apt), or build on Debian 12',
  })
}
