// The script of a report's page as one file: a part of the published package, and in a clone made from the sources.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = path.dirname(fileURLToPath(import.meta.url))

export async function bundleReport(): Promise<string> {
  const bundled = path.join(HERE, 'report-page.js')
  if (existsSync(bundled)) return readFileSync(bundled, 'utf8')
  const { rolldown } = await import('rolldown')
  const input = path.join(HERE, 'report/page/main.ts')
  const bundle = await rolldown({ input, cwd: HERE, platform: 'browser', treeshake: true })
  const { output } = await bundle.generate({ format: 'iife', minify: true })
  await bundle.close()
  return output[0].code.trim()
}
