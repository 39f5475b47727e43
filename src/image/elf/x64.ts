// x86-64: the instructions that the image writer looks for, and those that it writes.
//
// Everywhere in libc a system call ends in a five-byte mov and `syscall`, seven bytes. They become a jump to a stub, which
// does the mov, calls the launcher as the kernel would be called (all registers but rax, rcx and r11 survive) and jumps
// back.

import { EM_X86_64 } from './constants.ts'
import type { Machine, StubPlaces, SystemCallSite } from './machine.ts'

const SYS_WRITE = 1

/** The ones that native.c answers. */
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

function findSites(code: Buffer, number: number): SystemCallSite[] {
  const sites: SystemCallSite[] = []
  for (const pattern of patternsOf(number)) {
    for (let at = code.indexOf(pattern); at !== -1; at = code.indexOf(pattern, at + 1)) {
      const offset = at + pattern.length - SITE_SIZE
      sites.push({ offset, number, moved: code.subarray(offset, offset + MOV_SIZE) })
    }
  }
  return sites
}

/** push %rbp; mov %rsp, %rbp; mov %edi, distance(%rip); pop %rbp; ret */
function storedTo(code: Uint8Array, address: number): number | undefined {
  const hex = Buffer.from(code).toString('hex')
  const match = /^(?<before>554889e5893d)(?<distance>.{8})5dc3/.exec(hex)?.groups
  if (!match) return undefined
  return address + 10 + Buffer.from(match['distance']!, 'hex').readInt32LE()
}

function refusal(message: string, result: number): Uint8Array {
  const text = Buffer.from(message)
  const behind = [
    [0xba, ...u32(text.length)], // mov $length, %edx
    [0xb8, ...u32(SYS_WRITE), 0x0f, 0x05], // mov $SYS_write, %eax; syscall
    [0xb8, ...u32(result), 0xc3], // mov $result, %eax; ret
  ].flat()
  // mov $STDERR_FILENO, %edi; lea text(%rip), %rsi
  return Uint8Array.from([0xbf, ...u32(2), 0x48, 0x8d, 0x35, ...u32(behind.length), ...behind, ...text])
}

/** A function that gives this number, a double. */
function constant(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return Uint8Array.from([0x48, 0xb8, ...bytes, 0x66, 0x48, 0x0f, 0x6e, 0xc0, 0xc3]) // mov $value, %rax; movq %rax, %xmm0; ret
}

/** call rel32, and jmp rel32, which ends a function with one; counted from the next instruction. */
const CALLS = [0xe8, 0xe9]
const CALL_SIZE = 5

function redirectedCalls(bytes: Uint8Array, address: number, others: ReadonlyMap<number, number>) {
  const code = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const last = code.length - CALL_SIZE
  const found: { readonly address: number; readonly bytes: Uint8Array }[] = []
  for (const opcode of CALLS) {
    for (let at = code.indexOf(opcode); at !== -1 && at <= last; at = code.indexOf(opcode, at + 1)) {
      const next = address + at + CALL_SIZE
      const other = others.get(next + code.readInt32LE(at + 1))
      if (other !== undefined)
        found.push({ address: address + at, bytes: Uint8Array.from([opcode, ...u32(other - next)]) })
    }
  }
  return found
}

/** Calls the launcher as the kernel would be called: rax is the result, and of the others only rcx and r11 change. */
function callOfHook(number: number, call: readonly number[]): number[] {
  return [
    [0x57, 0x56, 0x52, 0x41, 0x52, 0x41, 0x50, 0x41, 0x51], // push rdi, rsi, rdx, r10, r8, r9
    [0x4d, 0x89, 0xc1, 0x4d, 0x89, 0xd0], // mov r8, r9; mov r10, r8
    [0x48, 0x89, 0xd1, 0x48, 0x89, 0xf2, 0x48, 0x89, 0xfe], // mov rdx, rcx; mov rsi, rdx; mov rdi, rsi
    [0xbf, ...u32(number)], // mov $number, %edi
    [0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xe4, 0xf0], // push rbp; mov rsp, rbp; and $-16, rsp
    [0x50, 0xff, 0x75, 0x08], // push rax; push 8(rbp): r9, which is the seventh argument
    call,
    [0x48, 0x89, 0xec, 0x5d], // mov rbp, rsp; pop rbp
    [0x41, 0x59, 0x41, 0x58, 0x41, 0x5a, 0x5a, 0x5e, 0x5f], // pop r9, r8, r10, rdx, rsi, rdi
  ].flat()
}

/** lea -128(%rsp), %rsp: the caller may use the red zone. And back. */
const LEAVE_RED_ZONE = [0x48, 0x8d, 0x64, 0x24, 0x80]
const RETURN_TO_RED_ZONE = [0x48, 0x8d, 0xa4, 0x24, ...u32(128)]

function makeStub({ offset, number, moved }: SystemCallSite, places: StubPlaces): Uint8Array {
  const instructions = [
    ...moved,
    ...LEAVE_RED_ZONE,
    ...callOfHook(number, [0xb8, ...u32(places.hook), 0xff, 0xd0]), // mov $hook, %eax; call *%rax
    ...RETURN_TO_RED_ZONE,
  ]
  return joinedBack(instructions, places.offset, offset + SITE_SIZE)
}

/** With a jump to `next` at the end. */
function joinedBack(instructions: readonly number[], offset: number, next: number): Uint8Array {
  return Uint8Array.from([...instructions, ...jumpBy(next - offset - instructions.length)])
}

/** A function that calls the launcher by the pointer at `pointer`, which is below 2 GiB. */
export function systemCallFunction(number: number, pointer: number): Uint8Array {
  return Uint8Array.from([...callOfHook(number, [0xff, 0x14, 0x25, ...u32(pointer)]), 0xc3]) // call *pointer; ret
}

/** At `offset`, calls the function at another one, does what was moved, and goes on at `next`. */
export function detour(offset: number, to: number, moved: Uint8Array, next: number): Uint8Array {
  const call = offset + LEAVE_RED_ZONE.length
  const instructions = [
    ...LEAVE_RED_ZONE,
    0xe8,
    ...u32(to - call - CALL_SIZE),
    ...RETURN_TO_RED_ZONE,
    ...moved,
  ]
  return joinedBack(instructions, offset, next)
}

/** jmp rel32, counted from the next instruction. */
function jumpBy(distance: number): Uint8Array {
  return Uint8Array.from([0xe9, ...u32(distance - 5)])
}

/** In ld.so's `read`: the rip-relative displacement of rtld_errno, which ends the signature. */
const ERRNO_DISPLACEMENT = 20

export const X64: Machine = {
  name: 'x86-64',
  number: EM_X86_64,
  pageSize: 0x1000,
  canFreeze: true,
  // rax is free at a function's entry: mov $address, %eax; jmp *%rax
  jumpTo: (address) => Uint8Array.from([0xb8, ...u32(address), 0xff, 0xe0]),
  // push %rbp; mov %rsp, %rbp
  hasFrame: (code) => Buffer.from(code).includes(Buffer.from('554889e5', 'hex')),
  storedTo,
  refusal,
  constant,
  redirectedCalls,
  loader: {
    signatures: {
      // __open64_nocancel
      open: '41 89 f2 48 89 54 24 e0 41 83 e2 40 75 .. 89 f0 25 00 00 41 00 3d 00 00 41 00 74 .. 89 f2 b8 01 01 00 00',
      // __read_nocancel, up to the store to rtld_errno
      read: '31 c0 0f 05 48 3d 00 f0 ff ff 77 04 c3 0f 1f 00 f7 d8 89 05 .. .. .. ..',
      // __pread64_nocancel
      pread: '49 89 ca b8 11 00 00 00 0f 05 48 3d 00 f0 ff ff 77 06 c3',
      // __fstatat64, behind __fstat64, __stat64 and __lstat64
      fstatat: '41 89 ca b8 06 01 00 00 0f 05 3d 00 f0 ff ff 77 07 31 c0 c3',
      // __mmap64
      mmap: '41 89 ca 41 f7 c1 ff 0f 00 00 75 .. b8 09 00 00 00 0f 05',
      // __close_nocancel
      close: 'b8 03 00 00 00 0f 05 48 3d 00 f0 ff ff 77 01 c3',
      // __access
      access: 'b8 15 00 00 00 0f 05 48 3d 00 f0 ff ff 77 01 c3',
    },
    errnoOffset: ERRNO_DISPLACEMENT,
    errnoAddress: (read, address) =>
      address + ERRNO_DISPLACEMENT + 4 + read.getInt32(ERRNO_DISPLACEMENT, true),
    jumpBy,
  },
  libc: {
    systemCalls: SYSTEM_CALLS,
    required: [
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
    ],
    findSites,
    sharedStub: () => new Uint8Array(),
    stub: makeStub,
    jumpToStub: ({ offset }, stubOffset) => Uint8Array.from([...jumpBy(stubOffset - offset), 0x66, 0x90]), // nop
    replaced: ['getenv', 'unsetenv', 'getpid', 'sbrk'],
  },
}

function u32(value: number): number[] {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value | 0)
  return [...bytes]
}
