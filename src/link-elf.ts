// The base image of linux: node, ld.so, the libraries and the launcher, linked into one static executable.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import type { Target } from './base/targets.ts'
import { LICENSES } from './format/licenses.ts'
import { linkBaseImage } from './image/elf/base-image.ts'
import { readLauncher } from './image/elf/launcher.ts'
import { redirectLibc } from './image/elf/libc.ts'
import { machineOf } from './image/elf/machine.ts'
import { readElf } from './image/elf/read.ts'
import type { ElfBase, LinkedBase } from './image/image.ts'
import type { SeaBlob } from './image/sea.ts'
import { packArchive } from './payload/pack.ts'
import type { ArchiveFile } from './payload/payload.ts'
import type { Runtime, SystemLibraries } from './runtimes/runtime.ts'
import { usedAtStart } from './used-at-start.ts'

export interface ElfInputs {
  readonly target: Target
  readonly runtime: Runtime
  readonly libraries: SystemLibraries
  readonly blob: SeaBlob
  /** Content of the file `format/licenses.ts`. */
  readonly licenses: Uint8Array
}

export function launcherOf(target: Target): string {
  return fileURLToPath(new URL(`../launcher/prebuilt/${target}/launcher.bin`, import.meta.url))
}

/** In the archive of libraries, for launcher/verify.c. */
const VERIFIED_AT_START = 'verified-at-start'

export function linkElf({ target, runtime, libraries, blob, licenses }: ElfInputs): LinkedBase {
  const launcherFile = launcherOf(target)
  const launcher = readLauncher(readFileSync(launcherFile), launcherFile)
  const contentOf = (name: string, file: string) => {
    const bytes = readFileSync(file)
    return name === 'libc.so.6' ? redirectLibc(readElf(bytes, file), launcher) : bytes
  }
  const files = [
    ...[...libraries.libraries].map(([name, { file }]) => ({
      path: name,
      data: contentOf(name, file),
      mapped: true,
    })),
    // The LGPL of glibc asks that its text comes along.
    { path: LICENSES, data: licenses },
  ]
  const node = readElf(readFileSync(runtime.file), runtime.file)
  const loader = readElf(readFileSync(libraries.loader.file), libraries.loader.file)
  const { pageSize } = machineOf(node)
  const link = (more: readonly ArchiveFile[]) => {
    const manifest = { ingot: '', entries: [], sourceMaps: false }
    const system = Buffer.concat(packArchive([...files, ...more], [], manifest, { pageSize }).chunks)
    return linkBaseImage({ node, loader, launcher, system, blob })
  }
  // The first chunk is node. Its ELF header says where the launch table is, behind the archive that the result is to lie in.
  const withUsed = ({ chunks, base }: LinkedBase<ElfBase>) =>
    link([{ path: VERIFIED_AT_START, data: usedAtStart(base.frozen, chunks[0]!.bytes, runtime.sha256) }])
  return withUsed(withUsed(link([])))
}
