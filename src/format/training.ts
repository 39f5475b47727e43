// What a rehearsal has shown of a program (freeze/rehearse.ts): told by the bootstrap to the builder, and by the
// builder to the bootstrap of the build run, so that what a start will need is compiled and lies in the image.

export interface Training {
  /** Paths in the archive of the modules that were loaded. */
  readonly modules: readonly string[]
  /** Entries of CommonJS's cache of resolved requests: key and file. */
  readonly resolved: readonly (readonly [key: string, file: string])[]
  /** Builtin modules that were loaded. */
  readonly builtins: readonly string[]
  /** Regular expressions that were made. */
  readonly patterns: readonly (readonly [source: string, flags: string])[]
  /** Functions that were run: by script, as the bootstrap names it, their positions in it. */
  readonly functions: readonly (readonly [script: string, positions: readonly number[]])[]
  /** Paths in the archive that were asked for, and are not there. */
  readonly missing?: readonly string[]
  /** How many modules the program had gone through when it was frozen; undefined if that is not known. */
  readonly steps?: number
  /** It is to be frozen there. */
  readonly endsAtStep?: boolean
  /** What copies of the command line are that nobody looks at: such that it is noticed if somebody does, or arrays. */
  readonly copies?: 'watched' | 'arrays'
  /** Whether dates are made before the time zone is known, and whether it is noticed if somebody wants to know that. */
  readonly dates?: 'watched' | 'plain'
}

export const NO_TRAINING: Training = { modules: [], resolved: [], builtins: [], patterns: [], functions: [] }

/** Bytes of the size before the JSON. */
const PREFIX_SIZE = 4

export function encodeTraining(training: Training): Uint8Array {
  const json = Buffer.from(JSON.stringify(training))
  const prefix = Buffer.alloc(PREFIX_SIZE)
  prefix.writeUInt32LE(json.length)
  return Buffer.concat([prefix, json])
}

/** @param read gives exactly so many of the next bytes */
export function decodeTraining(read: (size: number) => Buffer): Training {
  const size = read(PREFIX_SIZE).readUInt32LE()
  return JSON.parse(read(size).toString())
}
