// Where everything in an executable for macOS lies, by its load commands.

import { hash } from 'node:crypto'

import { LICENSES } from '../format/licenses.ts'
import { findProgram } from '../image/macho/find.ts'
import type { Source } from '../image/macho/layout.ts'
import { entitlementsOf, isAdHoc, hasHardenedRuntime, readSignature } from '../image/macho/read-signature.ts'
import type { ExecutableFile } from './executable-file.ts'
import type { Layout } from './layout.ts'

/** @throws BuildError IMAGE_…, SIGNATURE_MISSING, SIGNATURE_MALFORMED, INSPECT_DAMAGED */
export function readMachOLayout(executable: ExecutableFile): Layout {
  const source: Source = {
    file: executable.file,
    size: executable.size,
    read: (offset, size) => executable.readUpTo(offset, size),
    sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  }
  const { blob, payload, linkedit, assets } = findProgram(source)
  const licenses = assets.get(LICENSES)
  if (!licenses) throw executable.damaged('the blob has no licences', blob.fileOffset)
  const signature = readSignature(source)
  const behind = { fileOffset: linkedit.fileOffset, size: signature.offset - linkedit.fileOffset }
  return {
    start: 'cold',
    fuses: undefined,
    // macOS's own has the hashes of all bytes.
    seal: { size: signature.size, root: signature.cdHash },
    signature: {
      identifier: signature.identifier,
      isAdHoc: isAdHoc(signature),
      hasHardenedRuntime: hasHardenedRuntime(signature),
      entitlements: entitlementsOf(signature),
    },
    sizes: {
      runtime: blob.fileOffset + behind.size,
      libraries: 0,
      bootstrap: payload.fileOffset - blob.fileOffset,
      frozen: 0,
    },
    program: payload,
    libraries: undefined,
    licenses,
    regions: [
      { part: 'runtime', name: 'node', fileOffset: 0, size: blob.fileOffset },
      {
        part: 'bootstrap',
        name: 'bootstrap',
        fileOffset: blob.fileOffset,
        size: payload.fileOffset - blob.fileOffset,
      },
      { part: 'runtime', name: 'node’s symbols and fixups', ...behind },
      { part: 'seal', name: 'code signature', fileOffset: signature.offset, size: signature.size },
    ],
  }
}
