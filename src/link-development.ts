// The executable of `ingot dev`: the base image with room for a program, which lies in a file beside it.

import { BuildError } from './base/diagnostics.ts'
import { planAppend } from './image/append.ts'
import { developmentPatch, fusePatch } from './image/elf/frozen.ts'
import {
  abandonExecutable,
  beginExecutable,
  extendExecutable,
  publishExecutable,
} from './output/executable.ts'
import type { PreparedBase } from './prepare-base.ts'

/**
 * @param room for so many bytes
 * @throws BuildError OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL, PAYLOAD_TOO_LARGE, HOST_PLATFORM
 */
export async function linkDevelopment(
  base: PreparedBase,
  { fuses, room }: { readonly fuses: number; readonly room: number },
  out: string,
): Promise<void> {
  const { frozen: support } = base
  if (!support) {
    throw new BuildError('HOST_PLATFORM', 'a program in development runs on linux only', {
      help: 'develop on linux, or in a container or a virtual machine of it',
    })
  }
  const image = planAppend(base, room)
  const pending = beginExecutable(base.file, out)
  try {
    await extendExecutable(pending, {
      // Nothing is written where the program would be: a hole in the file.
      offset: base.size + room,
      chunks: [image.tail],
      patches: [...image.patches, developmentPatch(support), fusePatch(support, fuses)],
    })
    await publishExecutable(pending)
  } catch (error) {
    await abandonExecutable(pending)
    throw error
  }
}
