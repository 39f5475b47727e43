// AArch64: the instructions that the image writer looks for, and those that it writes.
//
// A system call in libc is one instruction, `svc`, with the number in x8. It becomes a branch to a stub, which calls the
// launcher through what all stubs share: a link register of its own is all that a site needs. Registers but x0 are kept
// by the launcher (launcher/linux-arm64/start.S).

import { EM_AARCH64 } from './constants.ts'
import type { Machine, StubPlaces, SystemCallSite } from './machine.ts'

/** The ones that native.c answers, of those that there are; asm-generic/unistd.h. */
const SYSTEM_CALLS = {
  faccessat: 48,
  openat: 56,
  close: 57,
  getdents64: 61,
  lseek: 62,
  readlinkat: 78,
  newfstatat: 79,
  fstat: 80,
  execve: 221,
  statx: 291,
  faccessat2: 439,
}

const SVC = 0xd4000001
/** So far before it the compiler loads the number. */
const SEARCHED_INSTRUCTIONS = 12

function findSites(code: Buffer, number: number): SystemCallSite[] {
  const sites: SystemCallSite[] = []
  for (let offset = 0; offset + 4 <= code.length; offset += 4) {
    if (code.readUInt32LE(offset) === SVC && numberBefore(code, offset) === number)
      sites.push({ offset, number, moved: new Uint8Array() })
  }
  return sites
}

/** What x8 holds; undefined where it is not loaded in the same straight run of code. */
function numberBefore(code: Buffer, svc: number): number | undefined {
  const first = Math.max(0, svc - 4 * SEARCHED_INSTRUCTIONS)
  for (let offset = svc - 4; offset >= first; offset -= 4) {
    const word = code.readUInt32LE(offset)
    // mov x8, #number
    if ((word & 0xffe0001f) >>> 0 === 0xd2800008) return (word >>> 5) & 0xffff
    if (isBranch(word)) return undefined
  }
  return undefined
}

/** The architecture's group of branches, exceptions and system instructions, without the last ones. */
function isBranch(word: number): boolean {
  return (word & 0x1c000000) >>> 0 === 0x14000000 && (word & 0xffc00000) >>> 0 !== 0xd5000000
}

/** b, by a multiple of four below 128 MiB. */
function jumpBy(distance: number): Uint8Array {
  return words([(0x14000000 | ((distance >> 2) & 0x3ffffff)) >>> 0])
}

/** movz x16, #low; movk x16, #high, lsl #16; br x16: what may be used between functions. */
function jumpTo(address: number): Uint8Array {
  const low = address & 0xffff
  const high = address >>> 16
  return words([(0xd2800010 | (low << 5)) >>> 0, (0xf2a00010 | (high << 5)) >>> 0, 0xd61f0200])
}

function makeStub({ offset }: SystemCallSite, places: StubPlaces): Uint8Array {
  const call = (0x94000000 | (((places.sharedOffset - (places.offset + 4)) >> 2) & 0x3ffffff)) >>> 0
  return Buffer.concat([
    words([0xa9bf7bfd]), // stp x29, x30, [sp, #-16]!
    words([call]), // bl
    words([0xa8c17bfd]), // ldp x29, x30, [sp], #16
    jumpBy(offset + 4 - (places.offset + 12)),
  ])
}

/** In ld.so's `read`: adrp and str, which say where rtld_errno is. */
const ERRNO_PAGE = 0x18
const ERRNO_STORE = 0x24

function errnoAddress(read: DataView, address: number): number | undefined {
  const adrp = read.getUint32(ERRNO_PAGE, true)
  const store = read.getUint32(ERRNO_STORE, true)
  const isFirst = (adrp & 0x9f00001f) >>> 0 === 0x90000001 // adrp x1, page
  const isSecond = (store & 0xffc003ff) >>> 0 === 0xb9000022 // str w2, [x1, #offset]
  if (!isFirst || !isSecond) return undefined
  const pages = (((((adrp >> 5) & 0x7ffff) << 2) | ((adrp >>> 29) & 3)) << 11) >> 11
  const page = address + ERRNO_PAGE - ((address + ERRNO_PAGE) % 0x1000)
  return page + pages * 0x1000 + ((store >>> 10) & 0xfff) * 4
}

export const ARM64: Machine = {
  name: 'AArch64',
  number: EM_AARCH64,
  pageSize: 0x10000,
  canFreeze: false,
  jumpTo,
  // add x29, sp, #offset of the frame record: it is mov x29, sp where that is 0.
  hasFrame: (code) => instructions(code).some((word) => (word & 0xffc003ff) >>> 0 === 0x910003fd),
  loader: {
    signatures: {
      // __open64_nocancel
      open: 'ff c3 00 d1 e2 17 00 f9 22 7c 40 93 e1 03 00 aa .. .. 30 37 40 20 12 12 03 00 80 d2',
      // __read_nocancel, up to the store to rtld_errno
      read: '00 7c 40 93 e8 07 80 d2 01 00 00 d4 1f 04 40 b1 48 00 00 54 c0 03 5f d6 .. .. .. .. e2 03 00 4b 00 00 80 92 .. .. .. b9',
      // __pread64_nocancel
      pread: '00 7c 40 93 68 08 80 d2 01 00 00 d4 1f 04 40 b1 48 00 00 54 c0 03 5f d6',
      // __fstatat64, behind __fstat64, __stat64 and __lstat64
      fstatat: '00 7c 40 93 63 7c 40 93 e8 09 80 d2 01 00 00 d4 1f 04 40 31',
      // __mmap64
      mmap: 'bf 2c 40 f2 .. .. 00 54 42 7c 40 93 63 7c 40 93 84 7c 40 93 c8 1b 80 d2 01 00 00 d4',
      // __close_nocancel
      close: '00 7c 40 93 28 07 80 d2 01 00 00 d4 1f 04 40 b1',
      // __access
      access: '22 7c 40 93 08 06 80 d2 e1 03 00 aa 60 0c 80 92 01 00 00 d4',
    },
    errnoOffset: ERRNO_PAGE,
    errnoAddress,
    jumpBy,
  },
  libc: {
    systemCalls: SYSTEM_CALLS,
    required: Object.keys(SYSTEM_CALLS),
    findSites,
    // stp x16, x17, [sp, #-16]!
    sharedStub: (hook) => Buffer.concat([words([0xa9bf47f0]), jumpTo(hook)]),
    stub: makeStub,
    jumpToStub: ({ offset }, stubOffset) => jumpBy(stubOffset - offset),
    replaced: ['getenv', 'unsetenv'],
  },
}

function words(instructions: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * instructions.length)
  instructions.forEach((word, i) => bytes.writeUInt32LE(word, 4 * i))
  return bytes
}

function instructions(code: Uint8Array): number[] {
  const view = new DataView(code.buffer, code.byteOffset, code.length)
  return Array.from({ length: Math.floor(code.length / 4) }, (_, i) => view.getUint32(4 * i, true))
}
