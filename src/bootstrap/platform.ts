// The one place of the bootstrap that knows on which system it runs. It is bundled for each (bundle-bootstrap.ts), with
// `process.platform` as a constant: of what is for another system nothing is left.

import { VIRTUAL_ROOT, WINDOWS_VIRTUAL_ROOT } from '../format/archive.ts'

export const IS_WINDOWS = process.platform === 'win32'

/** Whether there is a launcher in front of node that seals the environment, and answers (control.ts). */
export const HAS_LAUNCHER = process.platform === 'linux'

/** The directory that the archive's root appears as, in the system's own spelling. */
export const ROOT: string = IS_WINDOWS ? WINDOWS_VIRTUAL_ROOT : VIRTUAL_ROOT

/** What stands between the names of a path. */
export const SEPARATOR = IS_WINDOWS ? '\\' : '/'
