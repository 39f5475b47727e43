// Apart from cache.ts, as a start through `ingot run` needs no more of it.

import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** `$XDG_CACHE_HOME/ingot`, else `~/.cache/ingot`. */
export function cacheRoot(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME']
  // XDG Base Directory Specification: a relative path is to be ignored.
  if (base !== undefined && isAbsolute(base)) return join(base, 'ingot')
  return join(env['HOME'] ?? homedir(), '.cache', 'ingot')
}
