// /proc/self/maps names what a process has mapped, and packages read it when they are loaded, to know the libc
// that they run with and so which addon fits. Here libraries and addons are parts of the executable: the launcher
// gives them their names again (launcher/maps.c), and in a build run answers without the machine.

import { CONTROL_ROOT } from '../control.ts'
import { HAS_LAUNCHER } from '../platform.ts'
import { patch, type Binding } from './requests.ts'

const OWN_MAPS = '/proc/self/maps'
const WITH_NAMES = `${CONTROL_ROOT}maps`
/** Where open has its request; who waits for an answer gets the kernel's. */
const REQUEST_AT = 3

export function installOwnMaps(binding: Binding): void {
  if (!HAS_LAUNCHER) return
  const { open, close } = binding
  /** Not where there is no /proc: an error is to name what was asked for. */
  const exists = () => {
    try {
      close(open(WITH_NAMES, 0, 0))
      return true
    } catch {
      return false
    }
  }
  for (const name of ['open', 'readFileUtf8']) {
    patch(binding, name, (native, args) => {
      const isOwn = args[0] === OWN_MAPS && args[REQUEST_AT] === undefined && exists()
      if (isOwn) args[0] = WITH_NAMES
      return native(args)
    })
  }
}
