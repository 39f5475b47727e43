// What every image writer (ELF, Mach-O, PE) gives: a base, which holds all that does
// not depend on the program and is cached, and the few patches that turn base + payload into an
// executable. Type file of the stage: no code.

import type { Chunk } from '../base/bytes.ts'
import type { PartName } from '../format/seal.ts'
import type { ProgramHeader } from './elf/structs.ts'
import type { MachOBase } from './macho/link.ts'
import type { PeLayout } from './pe/link.ts'

/**
 * A prepared executable that lacks only its payload. Stored beside its bytes as JSON. It has one of `frozen`, `pe` and
 * `macho`, and so says what format it is of.
 */
export interface BaseImage {
  /** Size in bytes; the payload is appended here. */
  readonly size: number
  /** Of ELF: what the payload has that is mapped begins on a page of this size. */
  readonly pageSize?: number
  /** Where the payload's size, or something that follows from it, has to be written. */
  readonly slots: readonly SizeSlot[]
  /** Bytes that follow the payload, base64. */
  readonly tail: string
  /** Of PE: what depends on the program is written by pe/append.ts. */
  readonly pe?: PeLayout
  /** Of Mach-O: what depends on the program is written by macho/append.ts. */
  readonly macho?: MachOBase
  /** Of ELF, which alone has a launcher inside. */
  readonly frozen?: FrozenSupport
  /** In the file, ascending; each part of the seal ends where the next one begins. */
  readonly starts: readonly { readonly name: PartName; readonly offset: number }[]
  /** What of node is not inside, as nothing in such an executable could use it. */
  readonly leftOut?: readonly string[]
  /** Bytes by origin, for the report. */
  readonly parts: { readonly runtime: number; readonly libraries: number; readonly bootstrap: number }
}

/** With the launcher's tables. */
export type ElfBase = BaseImage & { readonly frozen: FrozenSupport }

/** Where a frozen process is entered into an executable. */
export interface FrozenSupport {
  /** File offsets. */
  readonly launchTableOffset: number
  readonly programHeaderOffset: number
  /** The kernel's, with spare ones of type PT_NULL. */
  readonly programHeaders: readonly ProgramHeader[]
  /** Virtual address of struct freeze_record. */
  readonly recordAddress: number
}

/** A little-endian number at `offset`: the payload's size plus `plus`. */
export interface SizeSlot {
  readonly offset: number
  readonly width: 4 | 8
  readonly plus: number
}

export interface LinkedBase<Base extends BaseImage = BaseImage> {
  readonly chunks: readonly Chunk[]
  readonly base: Base
}
