import { FUSES, WITHOUT_EXPORTS } from '../format/fuses.ts'
import { BuildError, type Place } from '../base/diagnostics.ts'

/** These let the environment name code to run, from any place. */
const NAMING_CODE = ['runAsNode', 'nodeOptions'] as const

/** @throws BuildError FUSES_CONTRADICTORY, FUSE_EXPORTS */
export function checkFuses(fuses: number, at?: Place): number {
  const open = NAMING_CODE.find((name) => fuses & FUSES[name])
  if (open && !(fuses & FUSES.codeFromDisk)) {
    throw new BuildError(
      'FUSES_CONTRADICTORY',
      `the fuse ${open} lets the environment run code from the disk, which the closed fuse codeFromDisk forbids`,
      { ...(at && { at }), help: `close ${open}, or open codeFromDisk` },
    )
  }
  if (fuses & WITHOUT_EXPORTS && fuses & FUSES.codeFromDisk) {
    throw new BuildError(
      'FUSE_EXPORTS',
      'codeFromDisk cannot be opened: what addons from the disk would need of node was left out of this executable',
      { ...(at && { at }), help: 'build it with "codeFromDisk": "allow"' },
    )
  }
  return fuses
}
