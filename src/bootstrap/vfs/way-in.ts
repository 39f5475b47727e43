// Globs go from the working directory to a pattern's, directory by directory, and look at the types of what they list.
// On the way to the embedded tree lies /dev/null, which is none: whoever asks so is told that it is.

import path from 'node:path'

import { VIRTUAL_ROOT } from '../../format/archive.ts'
import { IS_WINDOWS } from '../platform.ts'
import { patch, type Answer, type Binding } from './requests.ts'

const PARENT = path.dirname(VIRTUAL_ROOT)
const ABOVE = path.dirname(PARENT)
const WAY = new RegExp(`^${ABOVE}(?:/${path.basename(PARENT)})?/?$`)
/** uv_dirent_type_t */
const UV_DIRENT_DIR = 2

type Listing = [names: unknown[], types: number[]]

export function installWayIn(binding: Binding, answer: Answer): void {
  // There the root of the drive would list what is no name of a file.
  if (IS_WINDOWS) return
  patch(binding, 'readdir', (native, args) => {
    const [given, , withTypes, request] = args
    if (!withTypes || typeof given !== 'string' || !WAY.test(given)) return native(...args)
    if (path.resolve(given) === PARENT)
      return answer(request, () => [[path.basename(VIRTUAL_ROOT)], [UV_DIRENT_DIR]])
    const shown = (listing: Listing): Listing => {
      const at = listing[0].indexOf(path.basename(PARENT))
      if (at !== -1) listing[1][at] = UV_DIRENT_DIR
      return listing
    }
    if (request === undefined) return shown(native(...args))
    if (request === binding.kUsePromises) return native(...args).then(shown)
    const { oncomplete } = request
    request.oncomplete = function (error: unknown, listing: Listing) {
      Reflect.apply(oncomplete, this, error ? [error] : [error, shown(listing)])
    }
    return native(...args)
  })
}
