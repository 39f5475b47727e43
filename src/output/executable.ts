// Writes an executable: a copy of the base, the payload behind it, a few patches. Everything
// happens under a temporary name in the output's own directory; only the finished file gets the
// name, so an interrupted or failed build leaves the old file as it was.

import { constants } from 'node:fs'
import { copyFile, mkdir, open, rename, rm, truncate } from 'node:fs/promises'
import path from 'node:path'

import type { Chunk } from '../base/bytes.ts'
import { BuildError } from '../base/diagnostics.ts'
import { ownName, removeAbandoned } from '../base/owner.ts'

/** The copy of the base, which takes as long as the rest of a small build: start it early. */
export interface PendingExecutable {
  readonly out: string
  readonly temporary: string
  readonly copied: Promise<void>
}

export interface Appendix {
  /** Where to go on behind the copy. */
  readonly offset: number
  readonly chunks: readonly Uint8Array[]
  readonly patches: readonly Chunk[]
}

export function beginExecutable(baseFile: string, out: string): PendingExecutable {
  removeUnfinished(out)
  const temporary = temporaryFor(out)
  const copied = mkdir(path.dirname(out), { recursive: true }).then(() => copyInBlocks(baseFile, temporary))
  copied.catch(() => {}) // reported by extendExecutable, which may come later
  return { out, temporary, copied }
}

/** In bytes; less than a huge page, of which all would be resident when a byte of it is looked at. */
const BLOCK_SIZE = 2 ** 18

/**
 * A reflink where the file system has them. Else in blocks of which Linux keeps each as one in its page cache, where it has
 * room, and maps parts of it at once: starts take a twentieth less than where copy_file_range(2) has written 64 kB at a time.
 */
async function copyInBlocks(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE)
    return
  } catch {
    // As good as any other file system; what is wrong with the file is said below.
  }
  const source = await open(from)
  try {
    const copy = await open(to, 'w')
    try {
      const block = Buffer.allocUnsafeSlow(BLOCK_SIZE)
      for (let at = 0, size: number; ; at += size) {
        size = (await source.read(block, 0, BLOCK_SIZE, at)).bytesRead
        if (size === 0) return
        await writeAll(copy, [block.subarray(0, size)], at)
      }
    } finally {
      await copy.close()
    }
  } finally {
    await source.close()
  }
}

/**
 * Writes behind the copy and over it; the file is complete each time, and may be run.
 * @throws BuildError OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL
 */
export async function extendExecutable(pending: PendingExecutable, appendix: Appendix): Promise<void> {
  try {
    await pending.copied
    await append(pending.temporary, appendix)
  } catch (error) {
    throw outputError(error, pending.out)
  }
}

/**
 * Instead of what has been written.
 * @throws BuildError OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL
 */
export async function replaceContent(pending: PendingExecutable, chunks: readonly Chunk[]): Promise<void> {
  try {
    await truncate(pending.temporary)
  } catch (error) {
    throw outputError(error, pending.out)
  }
  await extendExecutable(pending, { offset: 0, chunks: [], patches: chunks })
}

/** Gives it its name. */
export async function publishExecutable({ temporary, out }: PendingExecutable): Promise<void> {
  try {
    await rename(temporary, out)
  } catch (error) {
    throw outputError(error, out)
  }
}

async function append(name: string, appendix: Appendix): Promise<void> {
  const file = await open(name, 'r+')
  try {
    // writev takes at most IOV_MAX buffers.
    let { offset } = appendix
    for (let i = 0; i < appendix.chunks.length; i += 512) {
      const batch = appendix.chunks.slice(i, i + 512)
      offset += await writeAll(file, batch, offset)
    }
    for (const patch of appendix.patches) await writeAll(file, [patch.bytes], patch.offset)
    await file.chmod(0o777 & ~process.umask())
  } finally {
    await file.close()
  }
}

/** For a build that failed. */
export async function abandonExecutable(pending: PendingExecutable): Promise<void> {
  await pending.copied.catch(() => {})
  // If even this fails, there is nothing there, and the error that led here is the one to report.
  await rm(pending.temporary, { force: true }).catch(() => {})
}

/** Writes buffers one behind the other, all of them or an error. */
export async function writeAll(
  file: Awaited<ReturnType<typeof open>>,
  buffers: readonly Uint8Array[],
  offset: number,
): Promise<number> {
  const total = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
  const { bytesWritten } = await file.writev([...buffers], offset)
  if (bytesWritten === total) return total
  // A short write: a signal, or nearly no room. The rest is one buffer, or the error itself.
  let rest = Buffer.concat(buffers).subarray(bytesWritten)
  for (let position = offset + bytesWritten; rest.length > 0;) {
    const written = (await file.write(rest, 0, rest.length, position)).bytesWritten
    position += written
    rest = rest.subarray(written)
  }
  return total
}

/** A name beside it that no other build takes, and that says whose it is. */
export function temporaryFor(out: string): string {
  return path.join(path.dirname(out), `${temporaryPrefix(out)}${ownName()}`)
}

function temporaryPrefix(out: string): string {
  return `.${path.basename(out)}.ingot-`
}

/** Temporary files of builds of the same output that were killed. */
export function removeUnfinished(out: string): void {
  try {
    removeAbandoned(path.dirname(out), temporaryPrefix(out))
  } catch {
    // Not allowed to look: then there is nothing of ours to remove, and writing will say why.
  }
}

/** What cannot be written, and how another place is chosen. */
export interface OutputKind {
  readonly what: string
  /** What it takes of it, if that is much. */
  readonly room?: string
  readonly option: string
}

const EXECUTABLE: OutputKind = { what: 'executable', room: '130 MB plus the program', option: '--out' }

export function outputError(
  error: unknown,
  out: string,
  { what, room, option }: OutputKind = EXECUTABLE,
): unknown {
  const { code } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new BuildError('OUTPUT_DISK_FULL', `there is no room for the ${what}`, {
        at: { file: out },
        help: `free some space${room === undefined ? '' : ` (about ${room})`}, or choose another place with ${option}`,
        cause: error,
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'EISDIR':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'ENOTEMPTY':
    case 'ETXTBSY':
      return new BuildError('OUTPUT_UNWRITABLE', `the ${what} cannot be written (${code})`, {
        at: { file: out },
        help: `choose another place with ${option}, or change its permissions`,
        cause: error,
      })
    default:
      return error
  }
}
