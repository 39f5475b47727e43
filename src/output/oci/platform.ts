// For which platform an executable is, by its own first bytes.

import { closeSync, openSync, readSync } from 'node:fs'

import { BuildError } from '../../base/diagnostics.ts'
import type { Platform } from './descriptor.ts'

/** ELF gABI, e_machine, and what Go and the OCI call it. */
const MACHINES: Readonly<Record<number, Omit<Platform, 'os'> | undefined>> = {
  62: { architecture: 'amd64' },
  183: { architecture: 'arm64', variant: 'v8' },
}
const MACHINE_OFFSET = 18
/** mach-o/loader.h and mach-o/fat.h, as they lie in a file. */
const MACH_O = new Set(['cffaedfe', 'cefaedfe', 'cafebabe'])

type Format = 'elf' | 'mach-o' | 'pe'

/** Undefined: it is no executable. */
export function formatOf(start: Uint8Array): Format | undefined {
  const magic = Buffer.from(start.subarray(0, 4)).toString('hex')
  if (magic === '7f454c46') return 'elf'
  if (MACH_O.has(magic)) return 'mach-o'
  return magic.startsWith('4d5a') ? 'pe' : undefined
}

/** @throws BuildError IMAGE_PLATFORM if it does not run in a Linux container */
export function platformOf(file: string): Platform {
  const start = firstBytes(file)
  const refuse = (message: string, offset: number): never => {
    throw new BuildError('IMAGE_PLATFORM', message, {
      at: { file, offset },
      help: 'put executables for linux-x64 or linux-arm64 into an image: ingot build --target …',
    })
  }
  switch (formatOf(start)) {
    case 'elf': {
      const number = start.length < MACHINE_OFFSET + 2 ? 0 : start.readUInt16LE(MACHINE_OFFSET)
      const machine = MACHINES[number]
      return machine
        ? { os: 'linux', ...machine }
        : refuse(`an ELF file for machine ${number}, which Ingot does not build for`, MACHINE_OFFSET)
    }
    case 'mach-o':
      return refuse('an executable for macOS, and containers are Linux', 0)
    case 'pe':
      return refuse('an executable for Windows, and this image is for Linux', 0)
    default:
      return refuse('not an executable', 0)
  }
}

/** @throws BuildError IMAGE_UNREADABLE */
export function firstBytes(file: string): Buffer {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const bytes = Buffer.alloc(64)
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0))
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw new BuildError('IMAGE_UNREADABLE', `it cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      at: { file },
      help: 'name an executable that "ingot build" has written',
      cause: error,
    })
  }
}
