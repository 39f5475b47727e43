// A program that dies because an embedded file is not there learns how to embed it.

import { ROOT, SEPARATOR } from './platform.ts'

const MISSING = new Set(['ENOENT', 'MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'])

/** Says so on standard error, after what node prints itself is decided and before it ends. */
export function installMissingFileHint(): void {
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    const path = missingPath(error)
    if (path === undefined) return
    const name = path.slice(ROOT.length + 1).replaceAll(SEPARATOR, '/')
    process.stderr.write(
      `ingot: ${path} is not in this executable; \`ingot build --include=${name}\` embeds it\n`,
    )
  })
}

function missingPath(error: unknown): string | undefined {
  const { code, path, message } = (error ?? {}) as { code?: string; path?: string; message?: string }
  if (!MISSING.has(code ?? '')) return undefined
  const named = path ?? /'([^']+)'/.exec(message ?? '')?.[1]
  return named?.startsWith(ROOT + SEPARATOR) ? named : undefined
}
