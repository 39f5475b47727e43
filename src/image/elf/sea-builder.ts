// `node --build-sea` makes executables of node's own kind with LIEF and the libraries that it brings: 2.7 MB of code that
// nothing else runs (src/sea-builders.ts). The function in which all of it begins says so and is done.

import { NO_EDITS, type NodeEdits } from './edits.ts'
import { machineOf } from './machine.ts'
import type { ElfFile } from './read.ts'

/** Addresses in a node. */
export interface SeaBuilder {
  readonly start: number
  readonly end: number
  /** node::sea::BuildSingleExecutable, which returns an exit code. */
  readonly entry: number
}

/** node::ExitCode::kInvalidCommandLineArgument */
const INVALID_ARGUMENT = 9

const MESSAGE =
  'error NO_SEA_BUILDER --build-sea was left out of this executable, which loads no code from the disk\n' +
  '  help: use node, or build with "codeFromDisk": "allow"\n'

/** Nothing, on a machine whose instructions for it are not known. */
export function withoutSeaBuilder(node: ElfFile, { start, end, entry }: SeaBuilder): NodeEdits {
  const { refusal } = machineOf(node)
  if (!refusal) return NO_EDITS
  return {
    patches: [{ address: entry, bytes: refusal(MESSAGE, INVALID_ARGUMENT) }],
    cuts: [{ start, end }],
  }
}
