import { viewOf } from '../../base/bytes.ts'
import { MEMORY_PAGE, type Source } from './layout.ts'
import { readMachO, type MachOFile } from './read.ts'
import { MachHeader } from './structs.ts'

/** Load commands of more bytes than this are nobody's. */
const COMMANDS_LIMIT = 2 ** 20

/**
 * The header and the load commands of a file that need not be in memory.
 * @throws BuildError IMAGE_…
 */
export function readHead({ file, size, read }: Source): MachOFile {
  const first = read(0, Math.min(size, MEMORY_PAGE))
  if (first.length < MachHeader.size) return readMachO(first, file, size)
  const end = MachHeader.size + Math.min(MachHeader.read(viewOf(first), 0).commandsSize, COMMANDS_LIMIT)
  return readMachO(end <= first.length ? first.subarray(0, end) : read(0, Math.min(size, end)), file, size)
}
