// What executables are built for, in Node's words for platforms and architectures.

export const TARGETS = [
  'linux-x64',
  'linux-arm64',
  'darwin-arm64',
  'darwin-x64',
  'win32-x64',
  'win32-arm64',
] as const

export type Target = (typeof TARGETS)[number]

/** Those whose executables bring libraries along. */
export type LinuxTarget = Extract<Target, `linux-${string}`>

export function isLinux(target: Target): target is LinuxTarget {
  return target.startsWith('linux-')
}

/** As `os`, `cpu` and `libc` of a package.json say it. */
export interface Platform {
  readonly os: 'linux' | 'darwin' | 'win32'
  readonly cpu: 'x64' | 'arm64'
  /** Of linux: the one that is embedded. */
  readonly libc?: 'glibc'
}

export function platformOf(target: Target): Platform {
  const [os, cpu] = target.split('-') as [Platform['os'], Platform['cpu']]
  return { os, cpu, ...(os === 'linux' && { libc: 'glibc' }) }
}

/** The machine that builds; undefined where Node runs and Ingot's targets do not. */
export const HOST = TARGETS.find((target) => target === `${process.platform}-${process.arch}`)

/** The only one whose processes can be frozen, on a machine of its kind. */
export const FREEZING_TARGET: Target = 'linux-x64'

/** For what is to run on the machine that builds. */
export function ofHost(): { readonly target?: Target } {
  return HOST === undefined ? {} : { target: HOST }
}
