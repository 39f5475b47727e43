// The base image of darwin: node and the blob, in one executable that is complete but for the program and the signature.

import { hash } from 'node:crypto'

import { BuildError } from './base/diagnostics.ts'
import { readNode } from './cut-icu.ts'
import { platformOf, type Target } from './base/targets.ts'
import { LICENSES } from './format/licenses.ts'
import type { LinkedBase } from './image/image.ts'
import { linkMachO } from './image/macho/link.ts'
import { LC_CODE_SIGNATURE } from './image/macho/constants.ts'
import { grantedIn } from './image/macho/entitlements.ts'
import { entitlementsOf, readSignature } from './image/macho/read-signature.ts'
import { readMachO, type MachOFile } from './image/macho/read.ts'
import type { SeaBlob } from './image/sea.ts'
import type { Runtime } from './runtimes/runtime.ts'

export interface MachOInputs {
  readonly target: Target
  readonly runtime: Runtime
  readonly blob: SeaBlob
  /** Locales to have data of; all without. */
  readonly icu?: readonly string[]
  /** Content of the file `format/licenses.ts`. */
  readonly licenses: Uint8Array
}

/** @throws BuildError IMAGE_… */
export function linkDarwin({ target, runtime: { file }, blob, licenses, icu }: MachOInputs): LinkedBase {
  const node = readMachO(readNode(file, icu), file)
  if (node.cpu !== platformOf(target).cpu) {
    throw new BuildError('IMAGE_WRONG_TARGET', `this node is for ${node.cpu}`, {
      at: { file, offset: 4 },
      help: `name a node for ${target} with --runtime`,
    })
  }
  const { chunks, base } = linkMachO({
    node,
    entitlements: entitlementsIn(node),
    // There is no archive of libraries, which has them elsewhere.
    blob: { ...blob, assets: [...blob.assets, [LICENSES, licenses]] },
  })
  return {
    chunks,
    base: {
      size: base.size,
      slots: [],
      tail: '',
      macho: base,
      starts: [],
      parts: {
        runtime: base.blobOffset + base.linkedit.size,
        libraries: 0,
        bootstrap: base.size - base.blobOffset,
      },
    },
  }
}

/** Undefined if it is not signed. */
function entitlementsIn({ file, size, bytes, tables }: MachOFile): string[] | undefined {
  if (!tables.some((table) => table.of === LC_CODE_SIGNATURE && table.size > 0)) return undefined
  const read = (offset: number, length: number) => bytes.subarray(offset, offset + length)
  const signature = readSignature({
    file,
    size,
    read,
    sha256: (content) => hash('sha256', content, 'buffer'),
  })
  return grantedIn(entitlementsOf(signature))
}
