// The descriptors of a stopped process. Only the ones that node's inside is made of can be made again at a
// start; a file or a socket of the program cannot.

import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'

import type { Descriptor, Watch } from './frozen-process.ts'

/** launcher/frozen.h: descriptors below are the program's world, not node's inside. */
const FIRST_OWN_DESCRIPTOR = 100

/** @throws Error naming a descriptor of another kind */
export function readDescriptors(pid: number): Descriptor[] {
  const numbers = readdirSync(`/proc/${pid}/fd`)
    .map(Number)
    .filter((number) => number >= FIRST_OWN_DESCRIPTOR)
    .toSorted((a, b) => a - b)
  const writers = new Map<string, number>()
  const readers: { number: number; name: string; flags: number }[] = []
  const found: Descriptor[] = []
  for (const number of numbers) {
    const name = readlinkSync(`/proc/${pid}/fd/${number}`)
    const information = readFileSync(`/proc/${pid}/fdinfo/${number}`, 'utf8')
    const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(information)?.[1] ?? '0', 8)
    if (name === 'anon_inode:[eventpoll]')
      found.push({ kind: 'epoll', number, watches: readWatches(information) })
    else if (name === 'anon_inode:[eventfd]') {
      const count = Number.parseInt(/^eventfd-count:\s*([0-9a-f]+)/m.exec(information)?.[1] ?? '0', 16)
      found.push({ kind: 'eventfd', number, count, flags: flags & KEPT_FLAGS })
    } else if (name.startsWith('pipe:')) {
      if ((flags & ACCESS_MODE) === constants.O_RDONLY) readers.push({ number, name, flags })
      else writers.set(name, number)
    } else throw new Error(`descriptor ${number} is open: ${name}`)
  }
  for (const { number, name, flags } of readers) {
    const writer = writers.get(name)
    if (writer === undefined) throw new Error(`descriptor ${number} is the end of a pipe to another process`)
    found.push({ kind: 'pipe', number, writer, flags: flags & KEPT_FLAGS, bytes: drain(pid, number) })
  }
  return found
}

/** O_CLOEXEC is shown among the flags too. */
const ACCESS_MODE = 3
const KEPT_FLAGS = constants.O_NONBLOCK | 0o2000000

function readWatches(information: string): Watch[] {
  const pattern = /^tfd:\s*(\d+) events:\s*([0-9a-f]+) data:\s*([0-9a-f]+)/gm
  return [...information.matchAll(pattern)].map(([, number, events, data]) => ({
    number: Number(number),
    events: Number.parseInt(events!, 16),
    data: Number.parseInt(data!, 16),
  }))
}

/** The process will not run again: what is in the pipe can be taken out. */
function drain(pid: number, number: number): Uint8Array {
  const pipe = openSync(`/proc/${pid}/fd/${number}`, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const bytes = Buffer.alloc(16)
    return bytes.subarray(0, readSync(pipe, bytes))
  } catch {
    return Buffer.alloc(0) // EAGAIN: empty
  } finally {
    closeSync(pipe)
  }
}
