// The layers of ARCHITECTURE.md are rules of .oxlintrc.json. Each case is a file that breaks one of
// them (or just keeps it), linted under the real configuration in a directory of its own.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'

const ROOT = path.join(import.meta.dirname, '..')

/** [file, source, what lint says; undefined where it must be silent] */
const CASES: readonly (readonly [file: string, source: string, says: string | undefined])[] = [
  // Rule 1
  ['src/config/a.ts', "export { x } from '../graph/graph.ts'", 'Rule 1: config/'],
  ['src/graph/a.ts', "export { x } from '../config/resolve-config.ts'", 'Rule 1: graph/'],
  ['src/graph/b.ts', "export const x = () => import('../payload/pack.ts')", 'Rule 1: graph/'],
  ['src/graph/c.ts', "export type { X } from '../config/config.ts'", undefined],
  ['src/graph/d.ts', "export { x } from '../base/bytes.ts'", undefined],
  ['src/graph/a.test.ts', "export { x } from '../payload/pack.ts'", undefined],
  ['src/payload/a.ts', "export { x } from '../graph/trace-app.ts'", 'Rule 1: payload/'],
  ['src/payload/b.ts', "export { x } from '../runtimes/cache.ts'", 'Rule 1: payload/'],
  ['src/payload/c.ts', "export { x } from '../build.ts'", 'Rule 1: payload/'],
  ['src/image/a.ts', "export { x } from '../payload/pack.ts'", 'Rule 1: image/'],
  ['src/image/elf/a.ts', "export { x } from '../../payload/pack.ts'", 'Rule 1: image/'],
  ['src/image/elf/b.ts', "export { x } from '../sea.ts'", undefined],
  ['src/output/a.ts', "export { x } from '../runtimes/cache.ts'", 'Rule 1: output/'],
  ['src/output/oci/a.ts', "export { x } from '../../image/append.ts'", 'Rule 1: output/'],
  ['src/known/a.ts', "export { x } from '../graph/trace-app.ts'", 'Rule 1: known/'],
  ['src/known/b.ts', "export type { X } from '../payload/payload.ts'", undefined],
  ['src/known/c.ts', "export { writeFileSync } from 'node:fs'", 'Rule 5'],
  ['src/inspect/a.ts', "export { x } from '../image/elf/read.ts'", 'inspect/ reads what'],
  ['src/inspect/b.ts', "export { x } from '../image/elf/layout.ts'", undefined],
  ['src/seal/a.ts', "export { x } from '../payload/pack.ts'", 'Rule 1: seal/'],
  ['src/runtimes/a.ts', "export { x } from '../image/elf/read.ts'", 'Rule 1: runtimes/'],
  ['src/cli/a.ts', "export { x } from '../graph/trace-app.ts'", 'cli/ imports only'],
  ['src/cli/commands/a.ts', "export { x } from '../../payload/pack.ts'", 'cli/ imports only'],
  ['src/cli/commands/b.ts', "export { x } from '../../build.ts'", undefined],
  ['src/reproduce/a.ts', "export { x } from '../runtimes/cache.ts'", 'reproduce/ copies and compares'],
  ['src/report/a.ts', "export { x } from '../inspect/read-executable.ts'", 'report/ imports only'],
  ['src/report/page/a.ts', "export { x } from '../html.ts'", 'report/page/ runs in a browser'],
  ['src/report/page/b.ts', "export { join } from 'node:path'", 'report/page/ runs in a browser'],
  ['src/deploy/a.ts', "export { x } from '../inspect/read-executable.ts'", 'deploy/ imports only'],
  ['src/deploy/b.ts', "export { readFileSync } from 'node:fs'", 'deploy/ is pure'],
  ['src/doctor/a.ts', "export { x } from '../graph/trace-app.ts'", 'doctor/ looks at the machine'],
  ['src/dev/a.ts', "export { x } from '../graph/trace-app.ts'", 'Rule 1: dev/'],
  ['src/dev/b.ts', "export { x } from '../pack-payload.ts'", undefined],
  ['src/shortcut.ts', "export { x } from './graph/trace-app.ts'", 'Rule 1: only the files directly in src'],
  ['src/base/a.ts', "export { x } from '../runtimes/cache.ts'", 'base/ stands below every stage'],
  ['src/format/a.ts', "export { x } from '../base/bytes.ts'", 'format/ is shared'],
  // Rule 2
  ['src/image/c.ts', "export { readFileSync } from 'node:fs'", 'Rule 2'],
  ['src/image/elf/c.ts', "export { readFile } from 'node:fs/promises'", 'Rule 2'],
  ['src/image/elf/d.ts', 'export const x = process.pid', 'Rule 2'],
  ['src/image/elf/e.ts', 'export const x = () => Date.now()', 'Rule 2'],
  ['src/format/b.ts', 'export const x = () => new Date()', 'Rule 2'],
  ['src/format/c.ts', 'export const x = () => Math.random()', 'Rule 2'],
  [
    'src/payload/pack.ts',
    "export { readFileSync } from 'node:fs'\nexport { x } from '../graph/trace-app.ts'",
    'Rule 2',
  ],
  ['src/payload/d.ts', "export { readFileSync } from 'node:fs'", undefined],
  // Rule 3
  ['src/bootstrap/a.ts', "export { x } from '../base/bytes.ts'", 'Rule 3'],
  ['src/bootstrap/vfs/a.ts', "export { x } from '../../base/bytes.ts'", 'Rule 3'],
  ['src/bootstrap/vfs/b.ts', "export { string } from 'valibot'", 'Rule 3'],
  [
    'src/bootstrap/vfs/c.ts',
    "export { x } from '../../format/archive.ts'\nexport { join } from 'node:path'",
    undefined,
  ],
  // Rule 4
  ['src/image/macho/a.ts', "export { x } from '../elf/read.ts'", 'Rule 4'],
  ['src/image/elf/f.ts', "export { x } from '../pe/read.ts'", 'Rule 4'],
  // Rule 5
  ['src/graph/e.ts', "console.log('x')", 'Unexpected console statement'],
  ['src/graph/f.ts', 'export const x = () => process.exit(1)', "Don't use `process.exit()`"],
  ['src/graph/g.ts', "export { writeFileSync } from 'node:fs'", 'Rule 5'],
  ['src/payload/e.ts', "export { rename } from 'node:fs/promises'", 'Rule 5'],
  ['src/cli/b.ts', "console.log('x')\nprocess.exit(1)", undefined],
  ['src/output/b.ts', "export { writeFileSync } from 'node:fs'", undefined],
  // Rule 6
  ['src/graph/h.ts', "export { x } from './utils.ts'", 'Rule 6'],
  ['src/graph/i.ts', "export { x } from './path-helpers.ts'", 'Rule 6'],
  ['src/graph/camelCase.ts', 'export const x = 1', 'Filename should be in kebab-case'],
  ['src/graph/long.ts', 'export {}\n'.repeat(401), 'File has too many lines'],
  ['src/graph/cycle-a.ts', "export { y as x } from './cycle-b.ts'", 'Dependency cycle'],
  ['src/graph/cycle-b.ts', "export { x as y } from './cycle-a.ts'", 'Dependency cycle'],
  // Promises
  ['src/graph/j.ts', 'export const x = () => { Promise.reject(new Error()) }', 'Promises must be awaited'],
  [
    'src/graph/k.test.ts',
    "import { suite, test } from 'node:test'\nsuite('x', () => { test('y', async () => {}) })",
    undefined,
  ],
]

suite('lint', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'ingot-lint-'))
  let found: Map<string, string[]>

  before(async () => {
    for (const file of ['.oxlintrc.json', 'tsconfig.json', '.gitignore'])
      copyFileSync(path.join(ROOT, file), path.join(directory, file))
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'))
    for (const [file, source] of CASES) {
      mkdirSync(path.dirname(path.join(directory, file)), { recursive: true })
      writeFileSync(path.join(directory, file), `${source}\n`)
    }
    found = await lint(directory)
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  for (const [file, source, says] of CASES) {
    test(`${file}: ${source.split('\n')[0]!.slice(0, 80)}`, () => {
      const messages = found.get(file) ?? []
      if (says === undefined) assert.deepEqual(messages, [])
      else
        assert.ok(
          messages.some((message) => message.includes(says)),
          `expected "${says}" in ${JSON.stringify(messages)}`,
        )
    })
  }
})

test('every folder of src/ has its rule', () => {
  const config = readFileSync(path.join(ROOT, '.oxlintrc.json'), 'utf8')
  for (const entry of readdirSync(path.join(ROOT, 'src'), { withFileTypes: true })) {
    if (entry.isDirectory()) assert.match(config, new RegExp(`"src/${entry.name}/\\*`), entry.name)
  }
})

/** Messages with their help, by file. */
async function lint(directory: string): Promise<Map<string, string[]>> {
  const oxlint = path.join(ROOT, 'node_modules/oxlint/bin/oxlint')
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [oxlint, '-f', 'json', 'src'], { cwd: directory }, (_error, stdout) =>
      resolve(stdout),
    )
  })
  const { diagnostics } = JSON.parse(output) as {
    diagnostics: { message: string; help?: string; filename: string }[]
  }
  const grouped = Map.groupBy(diagnostics, (diagnostic) => diagnostic.filename)
  return new Map(
    [...grouped].map(([file, list]) => [file, list.map(({ message, help = '' }) => `${message} ${help}`)]),
  )
}
