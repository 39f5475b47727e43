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
  for (const name of Object.keys(env)) {
    if (!name.startsWith(HIDDEN)) continue
    const rest = name.slice(1)
    const prefix = Object.keys(FIRST_LETTERS).find((known) => rest.startsWith(known))
    if (!prefix) continue // somebody's own
    env[FIRST_LETTERS[prefix] + rest] = env[name]
    delete env[name]
  }
}
