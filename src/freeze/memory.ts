// Reads a stopped process's memory through /proc: which pages hold something of their own, and what.

import { openSync, readSync, closeSync, readFileSync } from 'node:fs'

import { PAGE_SIZE } from '../format/archive.ts'
import type { Region, Run, TouchedPages } from './frozen-process.ts'

interface Mapping {
  readonly start: number
  readonly end: number
  readonly protection: number
  readonly isShared: boolean
  readonly offset: number
  readonly name: string
}

/** Mappings of the kernel's own, which every process has anew. */
const KERNEL = /^\[(?:stack|vvar|vdso|vsyscall|vvar_vclock|heap)\]$/

function readMappings(pid: number): Mapping[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [range = '', flags = '', offset = '', , , ...name] = line.split(/\s+/)
      const [start = 0, end = 0] = range.split('-').map((text) => Number.parseInt(text, 16))
      const protection = (flags[0] === 'r' ? 1 : 0) | (flags[1] === 'w' ? 2 : 0) | (flags[2] === 'x' ? 4 : 0)
      return {
        start,
        end,
        protection,
        isShared: flags[3] === 's',
        offset: Number.parseInt(offset, 16),
        name: name.join(' '),
      }
    })
    .filter(({ name }) => !KERNEL.test(name))
}

/** /proc/PID/pagemap, Documentation/admin-guide/mm/pagemap.rst: the high word's bits. */
const PRESENT = 0x8000_0000
const SWAPPED = 0x4000_0000
/** The page is the file's, not a private copy. */
const FILE_PAGE = 0x2000_0000

/** Runs that are this near to each other are moved as one: a move costs more than some pages of the file. */
const LARGEST_GAP = 16 * PAGE_SIZE

/** What a process that runs has touched of its memory. */
export function readTouchedPages(pid: number): TouchedPages {
  const pagemap = openSync(`/proc/${pid}/pagemap`, 'r')
  const isOwn = (bits: number) => (bits & PRESENT) !== 0 && (bits & FILE_PAGE) === 0
  const isFile = (bits: number) => (bits & PRESENT) !== 0 && (bits & FILE_PAGE) !== 0
  try {
    const mappings = readMappings(pid)
    const writable = mappings.filter(({ protection }) => (protection & PROT_WRITE) !== 0)
    return {
      written: writable.flatMap((mapping) => pagesWhere(pagemap, mapping, isOwn)),
      read: mappings.flatMap((mapping) => pagesWhere(pagemap, mapping, isFile)),
    }
  } finally {
    closeSync(pagemap)
  }
}

/** Addresses of the pages whose entry in pagemap (its high word) is such. */
function pagesWhere(
  pagemap: number,
  { start, end }: Pick<Mapping, 'start' | 'end'>,
  isWanted: (bits: number, address: number) => boolean,
): number[] {
  const count = (end - start) / PAGE_SIZE
  const wanted: number[] = []
  const chunk = Buffer.alloc(8 * Math.min(count, 65_536))
  for (let first = 0; first < count; first += chunk.length / 8) {
    const size = Math.min(chunk.length, 8 * (count - first))
    readSync(pagemap, chunk, 0, size, (start / PAGE_SIZE + first) * 8)
    for (let i = 0; i < size / 8; i++) {
      const address = start + (first + i) * PAGE_SIZE
      if (isWanted(chunk.readUInt32LE(8 * i + 4), address)) wanted.push(address)
    }
  }
  return wanted
}

export class ProcessMemory {
  readonly #memory: number
  readonly #pages: number

  /** Thousands of pages are looked at: a buffer for each would be most of a build's garbage. */
  readonly #page = Buffer.alloc(PAGE_SIZE)

  readonly #pid: number
  readonly #executable: string

  /** @param executable path of the program's own file, as the kernel writes it */
  constructor(pid: number, executable: string) {
    this.#pid = pid
    this.#executable = executable
    this.#memory = openSync(`/proc/${pid}/mem`, 'r')
    this.#pages = openSync(`/proc/${pid}/pagemap`, 'r')
  }

  close(): void {
    closeSync(this.#memory)
    closeSync(this.#pages)
  }

  read(address: number, size: number): Buffer {
    const bytes = Buffer.alloc(size)
    readSync(this.#memory, bytes, 0, size, address)
    return bytes
  }

  /** What there is of it. */
  peek(address: number, size: number): Buffer {
    const bytes = Buffer.alloc(size)
    try {
      return bytes.subarray(0, readSync(this.#memory, bytes, 0, size, address))
    } catch {
      return bytes.subarray(0, 0)
    }
  }

  regions(): Region[] {
    return readMappings(this.#pid).map((mapping) => this.#region(mapping))
  }

  #region(mapping: Mapping): Region {
    const { start, end, protection, name, offset } = mapping
    const isOwnFile = name === this.#executable
    const isOtherFile = !isOwnFile && name !== '' && !name.startsWith('[')
    let wanted = this.#wantedPages(mapping, isOwnFile, isOtherFile)
    // Data that was made read-only after relocation: all of it, since its first page in the file may also be
    // the last one of the constants before it, and a page can be moved only once.
    if (isOwnFile && wanted.length > 0 && (protection & PROT_WRITE) === 0) wanted = pagesOf(mapping)
    const runs = joinPages(wanted).map(([from, to]): Run => ({
      address: from,
      bytes: this.read(from, to - from),
    }))
    return { start, end, protection, fileOffset: isOwnFile ? offset : undefined, runs }
  }

  #wantedPages(mapping: Mapping, isOwnFile: boolean, isOtherFile: boolean): number[] {
    return pagesWhere(this.#pages, mapping, (bits, address) => {
      if (isOtherFile) return true
      if ((bits & (PRESENT | SWAPPED)) === 0) return false
      return isOwnFile ? (bits & FILE_PAGE) === 0 : this.#hasContent(address)
    })
  }

  #hasContent(address: number): boolean {
    readSync(this.#memory, this.#page, 0, PAGE_SIZE, address)
    return !this.#page.equals(ZEROS)
  }
}

/** mmap(2) */
const PROT_WRITE = 2

function pagesOf({ start, end }: Mapping): number[] {
  return Array.from({ length: (end - start) / PAGE_SIZE }, (_, i) => start + i * PAGE_SIZE)
}

const ZEROS = Buffer.alloc(PAGE_SIZE)

/** @param pages their addresses, ascending */
export function joinPages(pages: readonly number[]): [from: number, to: number][] {
  const ranges: [number, number][] = []
  for (const page of pages) {
    const last = ranges.at(-1)
    if (last && page - last[1] <= LARGEST_GAP) last[1] = page + PAGE_SIZE
    else ranges.push([page, page + PAGE_SIZE])
  }
  return ranges
}
