// URLs as specifiers. A program may contain any, wrong ones on purpose too (a test of what happens then):
// they are findings for the graph, never an exception.

import { fileURLToPath } from 'node:url'

/** The path that a file: URL names; undefined for one with a host, an encoded slash or broken escapes. */
export function pathOfFileUrl(url: string): string | undefined {
  try {
    return fileURLToPath(url)
  } catch {
    return undefined
  }
}

/** The path in a relative URL, `./x.js?v=1` -> `./x.js`; broken escapes stay as they are. */
export function pathOfRelativeUrl(url: string): string {
  const path = url.replace(/[?#].*$/, '')
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
