// Paths of the machine as node's bindings are given them.

import { constants } from 'node:fs'
import path from 'node:path'

const { O_CREAT, O_RDWR, O_WRONLY } = constants
const WRITES = O_CREAT | O_RDWR | O_WRONLY

export function absolute(given: unknown): string {
  return path.resolve(typeof given === 'string' ? given : Buffer.from(given as Uint8Array).toString())
}

/** @param flags open(2)'s, if there are any */
export function isForWriting(flags: unknown): boolean {
  return typeof flags === 'number' && (flags & WRITES) !== 0
}

/** What the user names is the user's. */
export function isArgument(file: string): boolean {
  return process.argv.slice(2).some((argument) => path.resolve(argument) === file)
}
