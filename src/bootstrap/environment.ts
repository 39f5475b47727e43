// The launcher hides the variables that would change what node is (launcher/launch.c). By now node
// has started without them: the program, and the children that it starts, see what the user set.

const HIDDEN = '\u0001'

/** First letters of the sealed names; a hidden name has lost its own. */
const FIRST_LETTERS: Record<string, string> = {
  D_: 'L',
  LIBC_TUNABLES: 'G',
  ALLOC_: 'M',
  CONV_PATH: 'G',
  OCPATH: 'L',
  LSPATH: 'N',
  ETCONF_DIR: 'G',
  OSTALIASES: 'H',
  OCALDOMAIN: 'L',
  ES_OPTIONS: 'R',
  ESOLV_HOST_CONF: 'R',
  IS_PATH: 'N',
  PENSSL_: 'O',
  SL_CERT_: 'S',
  SLKEYLOGFILE: 'S',
  ODE_: 'N',
  V_USE_IO_URING: 'U',
}

export function restoreEnvironment(): void {
  const { env } = process
  delete env.OPENSSL_CONF // the launcher's own
  let isMoved = false
  for (const name of Object.keys(env)) {
    const own = ownName(name)
    isMoved ||= own !== name
    const value = env[name]
    if (!isMoved || value === undefined) continue
    // What is set anew comes last. So is all that follows, and each keeps its place.
    delete env[name]
    env[own] = value
  }
}

function ownName(name: string): string {
  if (!name.startsWith(HIDDEN)) return name
  const rest = name.slice(1)
  const prefix = Object.keys(FIRST_LETTERS).find((known) => rest.startsWith(known))
  return prefix ? FIRST_LETTERS[prefix] + rest : name // else somebody's own
}
