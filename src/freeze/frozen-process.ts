// What the freeze stage gives: a booted process, stopped, as data. Type file of the stage: no code.

export interface FrozenProcess {
  readonly regions: readonly Region[]
  readonly descriptors: readonly Descriptor[]
  /** struct freeze_record of launcher/frozen.h: threads, signals, guards. */
  readonly record: Uint8Array
  /** Virtual address of V8's random state: two words. */
  readonly randomState: number
  /** And of the generator that V8 seeds that of a new context with. */
  readonly generatorState: number
  readonly heapLimits: readonly HeapLimit[]
  readonly heldLocks: readonly HeldLock[]
  readonly stoppedAt: StoppedAt
}

/** A lock that knows who holds it by the number of the thread. */
export interface HeldLock {
  /** Address of the 32-bit word with the number. */
  readonly owner: number
  /** Which of the record's. */
  readonly thread: number
}

/** A word that V8 has set by the size of the memory, or that a start sets by it. */
export interface HeapLimit {
  readonly address: number
  readonly kind: 'old' | 'initial' | 'global' | 'semiSpace' | 'capacity' | 'physical' | 'young'
}

/** Where the program was, for people. */
export interface StoppedAt {
  /** Path in the archive of the module whose function was running; undefined if none was. */
  readonly module: string | undefined
  /** The path that a system call names. */
  readonly path: string | undefined
}

/** A line of /proc/PID/maps. */
export interface Region {
  readonly start: number
  readonly end: number
  /** PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4 */
  readonly protection: number
  /** Where in the executable's own file it is mapped from; undefined for memory without a file. */
  readonly fileOffset: number | undefined
  /** Pages that differ from the file, or from zeros; ascending. */
  readonly runs: readonly Run[]
}

export interface Run {
  readonly address: number
  readonly bytes: Uint8Array
}

export type Descriptor =
  | { readonly kind: 'epoll'; readonly number: number; readonly watches: readonly Watch[] }
  | { readonly kind: 'eventfd'; readonly number: number; readonly count: number; readonly flags: number }
  | {
      readonly kind: 'pipe'
      readonly number: number
      readonly writer: number
      readonly flags: number
      readonly bytes: Uint8Array
    }

/** One descriptor in an epoll's interest list. */
export interface Watch {
  readonly number: number
  readonly events: number
  readonly data: number
}

/** Memory of one protection. */
export interface MemoryRange {
  readonly start: number
  readonly end: number
  /** As of a region. */
  readonly protection: number
}

/** What a start that was thawed touched: addresses of pages, ascending. */
export interface TouchedPages {
  /** Written to. */
  readonly written: readonly number[]
  /** Read, and pages around them. */
  readonly read: readonly number[]
}

/** Why there is no frozen process; the executable starts cold. */
export interface NotFrozen {
  readonly reason: string
}
