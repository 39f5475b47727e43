// The smallest executable there is: it makes one system call and ends with its error number, or 0. What a kernel and
// its filters (a container's seccomp profile) really allow is known by asking for it.

import { viewOf } from '../../base/bytes.ts'
import { EM_X86_64, ELFCLASS64, ELFDATA2LSB, ET_EXEC, PF_R, PF_X, PT_LOAD } from './constants.ts'
import { FileHeader, IDENT_SIZE, ProgramHeader } from './structs.ts'

/** Anywhere above the lowest addresses, which no process may map. */
const BASE = 0x400000
const CODE_OFFSET = 0x80
const DATA_OFFSET = 0x100

/** Stands for the address of `data` among the arguments. */
export const DATA = 'data'

export interface SyscallProbe {
  /** x86-64 */
  readonly number: number
  readonly args: readonly (number | typeof DATA)[]
  readonly data?: Uint8Array
}

export function emitSyscallProbe({ number, args, data = new Uint8Array(8) }: SyscallProbe): Uint8Array {
  const file = Buffer.alloc(DATA_OFFSET + data.length)
  file.set([0x7f, 0x45, 0x4c, 0x46, ELFCLASS64, ELFDATA2LSB, 1])
  const view = viewOf(file)
  FileHeader.write(view, IDENT_SIZE, {
    type: ET_EXEC,
    machine: EM_X86_64,
    version: 1,
    entry: BASE + CODE_OFFSET,
    programHeaderOffset: IDENT_SIZE + FileHeader.size,
    sectionHeaderOffset: 0,
    flags: 0,
    headerSize: IDENT_SIZE + FileHeader.size,
    programHeaderSize: ProgramHeader.size,
    programHeaderCount: 1,
    sectionHeaderSize: 0,
    sectionHeaderCount: 0,
    sectionNameIndex: 0,
  })
  ProgramHeader.write(view, IDENT_SIZE + FileHeader.size, {
    type: PT_LOAD,
    flags: PF_R | PF_X,
    fileOffset: 0,
    virtualAddress: BASE,
    physicalAddress: BASE,
    fileSize: file.length,
    memorySize: file.length,
    alignment: 0x1000,
  })
  file.set(code(number, args), CODE_OFFSET)
  file.set(data, DATA_OFFSET)
  return file
}

/** mov $imm32, %reg, of rdi, rsi, rdx, r10, r8 (which all take 32 bits without sign as %edi and so on). */
const LOAD_ARGUMENT = [[0xbf], [0xbe], [0xba], [0x41, 0xba], [0x41, 0xb8]]

function code(number: number, args: SyscallProbe['args']): number[] {
  const immediate = (value: number) => [...new Uint8Array(new Uint32Array([value]).buffer)]
  const address = (arg: number | typeof DATA) => (arg === DATA ? BASE + DATA_OFFSET : arg)
  return [
    ...args.map((arg, i) => [...LOAD_ARGUMENT[i]!, ...immediate(address(arg))]),
    [0xb8, ...immediate(number)], // mov $number, %eax
    [0x0f, 0x05], // syscall
    [0x31, 0xff], // xor %edi, %edi
    [0x48, 0x85, 0xc0], // test %rax, %rax
    [0x79, 0x04], // jns over the next two
    [0xf7, 0xd8], // neg %eax
    [0x89, 0xc7], // mov %eax, %edi
    [0xb8, 0x3c, 0, 0, 0], // mov $60, %eax: exit
    [0x0f, 0x05], // syscall
  ].flat()
}
