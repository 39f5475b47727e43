// What of an image depends on the processor that runs it. Everything that knows instructions is in x64.ts and arm64.ts.

import { ARM64 } from './arm64.ts'
import type { Hook, Replacement } from './launcher.ts'
import { X64 } from './x64.ts'

/** Bytes of libc that make a system call. */
export interface SystemCallSite {
  /** In libc's code. */
  readonly offset: number
  readonly number: number
  /** Instructions at the site that the stub has to do. */
  readonly moved: Uint8Array
}

export interface Machine {
  /** For messages. */
  readonly name: string
  /** e_machine */
  readonly number: number
  /** The largest that a kernel of the machine has. What is mapped begins and ends with one. */
  readonly pageSize: number
  /** Its launcher has frozen starts. */
  readonly canFreeze: boolean
  /** Machine code that goes to `address`, which is below 4 GiB, for the beginning of a function. */
  readonly jumpTo: (address: number) => Uint8Array
  /** Whether a function's first instructions make a frame that the launcher can go through. */
  readonly hasFrame: (code: Uint8Array) => boolean
  /** Where a function puts its argument, of 32 bits, that does nothing else; undefined if it is another one. */
  readonly storedTo?: (code: Uint8Array, address: number) => number | undefined
  /** A function that writes to standard error and returns a number. */
  readonly refusal?: (message: string, result: number) => Uint8Array
  /** A function that returns this number as a double. */
  readonly constant?: (value: number) => Uint8Array
  /**
   * The calls in code at `address` of these functions, as calls of others; of a machine whose launcher has frozen starts.
   * @param others by the address of the function that is called
   */
  readonly redirectedCalls?: (
    code: Uint8Array,
    address: number,
    others: ReadonlyMap<number, number>,
  ) => { readonly address: number; readonly bytes: Uint8Array }[]
  /** Where ld.so's functions are, and how they are redirected. */
  readonly loader: {
    /** Begin of each function as compiled in Debian 12's glibc 2.36; `..` stands for any byte. */
    readonly signatures: Readonly<Record<Hook, string>>
    /** In `read`, where its instructions begin to say it. */
    readonly errnoOffset: number
    /** Where the instructions of `read` say that rtld_errno is, `address` being its own; undefined if they do not. */
    readonly errnoAddress: (read: DataView, address: number) => number | undefined
    /** A jump, by the distance from its first byte. */
    readonly jumpBy: (distance: number) => Uint8Array
  }
  readonly libc: {
    /** The calls that the launcher answers; asm/unistd.h. */
    readonly systemCalls: Readonly<Record<string, number>>
    /** Without these, native code would see half a file system. */
    readonly required: readonly string[]
    readonly findSites: (code: Buffer, number: number) => SystemCallSite[]
    /** What all stubs share: it calls the launcher's hook. */
    readonly sharedStub: (hook: number) => Uint8Array
    /** Calls the launcher and goes back; all offsets are in libc's code. */
    readonly stub: (site: SystemCallSite, places: StubPlaces) => Uint8Array
    /** What replaces the site's bytes. */
    readonly jumpToStub: (site: SystemCallSite, stubOffset: number) => Uint8Array
    /** The functions that the launcher has instead. */
    readonly replaced: readonly Replacement[]
  }
}

export interface StubPlaces {
  readonly offset: number
  readonly sharedOffset: number
  /** Address of the launcher's hook. */
  readonly hook: number
}

const MACHINES: readonly Machine[] = [X64, ARM64]

/** Undefined if no executable is made for it. */
export function machineNumbered(number: number): Machine | undefined {
  return MACHINES.find((machine) => machine.number === number)
}

/** Of a file that was read, which is of a known one. */
export function machineOf({ header }: { readonly header: { readonly machine: number } }): Machine {
  return machineNumbered(header.machine)!
}
