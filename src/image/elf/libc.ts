// Lets native code see embedded files: redirects the system calls through which our copy of libc
// opens, lists and stats files to the launcher (launcher/native.c).
//
// Each becomes a jump to a stub, which calls the launcher as the kernel would be called and jumps back (x64.ts, arm64.ts).
// The stubs live in the unused end of the text segment's last page, and libc's own handling of the result, errno and
// thread cancellation stays what it is.

import { alignUp, viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import { PAGE_SIZE } from '../../format/archive.ts'
import { loadsOf } from './check.ts'
import { PF_X, PT_LOAD } from './constants.ts'
import type { Launcher, Replacement } from './launcher.ts'
import { machineOf, type SystemCallSite } from './machine.ts'
import type { ElfFile } from './read.ts'
import { FileHeader, IDENT_SIZE, ProgramHeader } from './structs.ts'
import { findSymbols } from './symbols.ts'

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

  const machine = machineOf(libc)
  const bytes = libc.bytes.slice()
  const view = viewOf(bytes)
  const room = endOfRoom(libc, text, machine.pageSize)
  let end = text.fileOffset + text.fileSize
  const place = (code: Uint8Array) => {
    if (end + code.length > room) throw unknownLibc(libc, 'there is no room for the stubs', end)
    bytes.set(code, end)
    end += code.length
  }
  place(new Uint8Array(alignUp(end, 16) - end))
  const sharedOffset = end - text.fileOffset
  const hook = launcher.systemCall
  place(machine.libc.sharedStub(hook))
  for (const site of findSites(libc, text)) {
    const offset = end - text.fileOffset
    place(machine.libc.stub(site, { offset, sharedOffset, hook }))
    bytes.set(machine.libc.jumpToStub(site, offset), text.fileOffset + site.offset)
  }
  const functions = findSymbols(libc, machine.libc.replaced)
  for (const [name, address] of Object.entries(functions) as [Replacement, number][]) {
    bytes.set(machine.jumpTo(launcher.replacements[name]), address - text.virtualAddress + text.fileOffset)
  }
  ProgramHeader.write(view, libc.header.programHeaderOffset + index * ProgramHeader.size, {
    ...text,
    fileSize: end - text.fileOffset,
    memorySize: end - text.fileOffset,
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

/** Up to where the text may grow: neither in the file nor in memory into the next segment. */
export function endOfRoom(libc: ElfFile, text: ProgramHeader, pageSize: number): number {
  const next = loadsOf(libc).find((segment) => segment.virtualAddress > text.virtualAddress)
  if (!next) return alignUp(text.fileOffset + text.fileSize, PAGE_SIZE)
  const page = next.virtualAddress - (next.virtualAddress % pageSize)
  return Math.min(next.fileOffset, page - text.virtualAddress + text.fileOffset)
}

function findSites(libc: ElfFile, text: ProgramHeader): SystemCallSite[] {
  const code = Buffer.from(libc.bytes.buffer, libc.bytes.byteOffset + text.fileOffset, text.fileSize)
  const { systemCalls, required, findSites } = machineOf(libc).libc
  return Object.entries(systemCalls).flatMap(([name, number]) => {
    const sites = findSites(code, number)
    if (sites.length === 0 && required.includes(name))
      throw unknownLibc(libc, `its ${name} calls were not found`, text.fileOffset)
    return sites
  })
}

function unknownLibc(libc: ElfFile, why: string, offset: number): BuildError {
  return new BuildError('LIBC_UNKNOWN', `this libc cannot be embedded: ${why}`, {
    at: { file: libc.file, offset },
    help: 'let Ingot fetch the pinned Debian 12 glibc (it needs apt), or build on Debian 12',
  })
}
