// The node of another processor, run on this machine by qemu's user mode emulation: it compiles what the executable runs.

import { accessSync, constants } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

import { HOST, platformOf, type LinuxTarget, type Platform } from '../base/targets.ts'
import type { NodeCommand } from './node-command.ts'
import type { Runtime, SystemLibraries } from './runtime.ts'

/** As qemu's own build and Debian's packages call them. */
const EMULATORS: Record<Platform['cpu'], readonly string[]> = {
  x64: ['qemu-x86_64', 'qemu-x86_64-static'],
  arm64: ['qemu-aarch64', 'qemu-aarch64-static'],
}

/** Undefined if there is no emulator here. */
export function emulatedNode(
  { file }: Runtime,
  { loader, libraries }: SystemLibraries,
  target: LinuxTarget,
  env: NodeJS.ProcessEnv = process.env,
): NodeCommand | undefined {
  const emulator = HOST?.startsWith('linux-') && findProgram(EMULATORS[platformOf(target).cpu], env)
  if (!emulator) return undefined
  // By its ld.so and libraries, as this machine has none for it.
  const directories = new Set([...libraries.values()].map((library) => dirname(library.file)))
  return [emulator, loader.file, '--library-path', [...directories].join(':'), file]
}

function findProgram(names: readonly string[], { PATH = '' }: NodeJS.ProcessEnv): string | undefined {
  const places = names.flatMap((name) => PATH.split(delimiter).map((directory) => join(directory, name)))
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
