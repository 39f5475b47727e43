// What a target cannot have, said before anything is built: a limit that does not hold is worse than none.

import { BuildError } from '../base/diagnostics.ts'
import { isLinux, platformOf } from '../base/targets.ts'
import { DEFAULT_FUSES, FUSE_NAMES, FUSES } from '../format/fuses.ts'
import type { ResolvedConfig } from './config.ts'

/** Those that need no launcher. A start that is always cold needs nobody to make it so. */
const FOR_ALL = FUSES.codeFromDisk | FUSES.coldStart

/** @throws BuildError COMPRESS_TARGET, FUSE_TARGET, CONTRACT_TARGET */
export function checkForTarget({ target, fuses, contract, compress }: ResolvedConfig): void {
  if (compress !== undefined && target !== 'linux-x64') {
    throw new BuildError('COMPRESS_TARGET', `an executable for ${target} cannot be compressed`, {
      help: 'leave out "compress" for this target: it is there for linux-x64',
    })
  }
  if (isLinux(target)) return
  const changed = (fuses ^ DEFAULT_FUSES) & ~FOR_ALL
  const fuse = FUSE_NAMES.find((name) => changed & FUSES[name])
  if (fuse) {
    throw new BuildError('FUSE_TARGET', `the fuse ${fuse} is there for Linux only, not for ${target}`, {
      help: 'leave it as it is by default; codeFromDisk is there for every target',
    })
  }
  if (platformOf(target).os === 'win32' && contract?.contract.enforce) {
    throw new BuildError('CONTRACT_TARGET', `a contract is not enforced on ${target} yet`, {
      at: { file: contract.file },
      help: 'set "enforce" to false for this target: it is then checked at every start all the same',
    })
  }
}
