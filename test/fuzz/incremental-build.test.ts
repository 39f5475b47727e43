// Whatever is done to a program between two builds: the second one is what a first one of the same files would be.

import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import fc from 'fast-check'

import { BuildError } from '../../src/base/diagnostics.ts'
import { IncrementalBuild } from '../../src/dev/incremental-build.ts'
import type { PreparedTarget } from '../../src/prepare-target.ts'
import { writeFiles } from '../support/files.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { FUZZ } from './mutation.ts'

const work = temporaryDirectory()
/** Nothing here is native, and nothing is run. */
const prepare = async () => ({ base: {} }) as PreparedTarget
const describe = async () => new Uint8Array()

const PROJECT = {
  'package.json': { name: 'app', type: 'module', dependencies: { dep: '*', other: '*' } },
  'tsconfig.json': {},
  'ingot.config.ts': 'export default {}',
  'main.ts': `import './a.ts'\nimport './lib/d.ts'\nimport './view.tsx'\nimport data from './data.json' with { type: 'json' }
console.log(data, new URL('text', import.meta.url))`,
  'a.ts': 'export const a: number = 1',
  'b.ts': 'export const b: number = 1',
  'view.tsx': 'export const view = () => <p>{1 as number}</p>',
  'data.json': {},
  'base.json': {},
  text: 'some text',
  'lib/d.ts': `import dep from 'dep'\nexport const d: unknown = dep`,
  'lib/c.cjs': 'exports.c = 1',
  'plugins/one.ts': 'export const one: number = 1',
  'node_modules/dep/package.json': { name: 'dep', main: 'index.js' },
  'node_modules/dep/index.js': 'module.exports = 1',
  'node_modules/other/package.json': { name: 'other', type: 'module', exports: './index.js' },
  'node_modules/other/index.js': 'export default 1',
  'node_modules/react/package.json': { name: 'react' },
  'node_modules/react/jsx-runtime.js': 'exports.jsx = 1',
  'node_modules/preact/package.json': { name: 'preact' },
  'node_modules/preact/jsx-runtime.js': 'exports.jsx = 2',
}

const SOURCES = {
  'main.ts': PROJECT['main.ts'],
  'a.ts': PROJECT['a.ts'],
  'b.ts': PROJECT['b.ts'],
  'view.tsx': PROJECT['view.tsx'],
  'lib/d.ts': PROJECT['lib/d.ts'],
  'lib/c.cjs': PROJECT['lib/c.cjs'],
  'plugins/one.ts': PROJECT['plugins/one.ts'],
}
const anyFile = fc.constantFrom(...(Object.keys(SOURCES) as (keyof typeof SOURCES)[]))

/** What may be added to a module, some of it wrong. */
const statement = fc.oneof(
  { weight: 8, arbitrary: fc.nat(9).map((n) => `export const n${n}: number = ${n}`) },
  { weight: 1, arbitrary: anyFile.map((file) => `import '#/${file}'`) },
  {
    weight: 16,
    arbitrary: fc.constantFrom(
      '// a comment',
      `import './b.ts'`,
      `import '../b.ts'`,
      `import 'dep'`,
      `import '#b'`,
      `try { require('./b') } catch {}`,
      `import('./lib/d.ts')`,
      'await import(process.argv[2])',
      `export const named = './b.ts'`,
      `export const dependency = 'other'`,
      `export const text = new URL('text', import.meta.url)`,
      `import words from './text' with { type: 'text' }`,
      `import { ready } from 'ingot/runtime'`,
      `import { onThaw } from 'ingot/runtime'`,
      'export enum E { A }',
      'console.log(DEFINED)',
      'export const here = __dirname',
      'function decorate(...args: unknown[]) {} export class C { @decorate m() {} }',
      `import type { T } from './gone.ts'`,
      `import { T } from './b.ts'\nlet t: T`,
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(`import './gone.ts'`, 'let = = 1') },
)
const source = fc
  .tuple(anyFile, fc.uniqueArray(statement, { maxLength: 2 }))
  .map(([file, lines]) => ({ file, text: [SOURCES[file], ...lines].join('\n') }))

interface Edit {
  readonly what: string
  /** Returns the paths that it has changed. */
  readonly apply: (project: string) => readonly string[]
}

function write(name: string, content: string | object): Edit {
  return at(`write ${name}: ${JSON.stringify(content)}`, name, (file) => {
    rmSync(file, { recursive: true, force: true })
    writeFiles(path.dirname(file), { [path.basename(file)]: content })
  })
}

function remove(name: string): Edit {
  return at(`remove ${name}`, name, (file) => rmSync(file, { recursive: true, force: true }))
}

function rename(from: string, to: string): Edit {
  return {
    what: `rename ${from} ${to}`,
    apply: (project) => {
      const names = [path.join(project, from), path.join(project, to)] as const
      if (existsSync(names[0]) && !existsSync(names[1])) renameSync(...names)
      return names
    },
  }
}

function at(what: string, name: string, change: (file: string) => unknown): Edit {
  return {
    what,
    apply: (project) => {
      const file = path.join(project, name)
      change(file)
      return [file]
    },
  }
}

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 12, arbitrary: source.map(({ file, text }) => write(file, text)) },
  // Mends what the others have broken.
  {
    weight: 4,
    arbitrary: fc.constantFrom(...Object.entries(PROJECT)).map(([name, content]) => write(name, content)),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      write('data.json', { changed: true }),
      write('text', 'other text'),
      write('text', '\x7fELF'),
      write('lib/d.js', 'export default 1'),
      write('lib/node_modules/dep/index.js', 'module.exports = 2'),
      write('node_modules/dep/index.js', `module.exports = require('other')`),
      write('node_modules/dep/package.json', { name: 'dep', main: 'main.js' }),
      write('node_modules/dep/main.js', 'require(process.argv[2])'),
      remove('lib/node_modules'),
      remove('node_modules/dep'),
      rename('lib', 'other-lib'),
      rename('other-lib', 'lib'),
      rename('plugins/one.ts', 'plugins/two.ts'),
      rename('a.ts', 'b.ts'),
    ),
  },
  { weight: 1, arbitrary: anyFile.map(remove) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      write('package.json', { name: 'app', type: 'commonjs' }),
      write('package.json', { name: 'app', type: 'module', imports: { '#b': './b.ts', '#/*': './*' } }),
      write('lib/package.json', { type: 'commonjs' }),
      write('tsconfig.json', { compilerOptions: { paths: { '#b': ['./b.ts'], '#/*': ['./*'] } } }),
      write('tsconfig.json', { compilerOptions: { paths: { '#b': ['./a.ts'] } } }),
      write('tsconfig.json', {
        compilerOptions: { experimentalDecorators: true, jsxImportSource: 'preact' },
      }),
      write('tsconfig.json', { extends: './base' }),
      write('base.json', { compilerOptions: { verbatimModuleSyntax: true, experimentalDecorators: true } }),
      write('lib/tsconfig.json', { compilerOptions: { verbatimModuleSyntax: true } }),
      write('ingot.config.ts', `export default { include: ['plugins/**'] }`),
      write('ingot.config.ts', `export default { include: ['lib', 'text'], external: ['dep'] }`),
      write('ingot.config.ts', `export default { define: { DEFINED: '1' } }`),
      write('ingot.config.ts', `export { default } from './settings.ts'`),
      write('settings.ts', `export default { include: ['plugins/*.ts'] }`),
      write('settings.ts', `export default { codeFromDisk: 'deny' }`),
      at('link a.ts', 'a.ts', (file) => {
        rmSync(file, { force: true })
        symlinkSync('b.ts', file)
      }),
      at('chmod text', 'text', (file) => existsSync(file) && chmodSync(file, 0o755)),
      // As editors do while they save.
      at('come and go', '4913', (file) => {
        writeFileSync(file, '')
        rmSync(file)
      }),
    ),
  },
)

interface Step {
  readonly edits: readonly Edit[]
  /** Whether the build is told what has changed. */
  readonly isTold: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  edits: fc.array(edit, { minLength: 1, maxLength: 3 }),
  isTold: fc.nat(9).map((n) => n > 0),
})

function builderOf(project: string): IncrementalBuild {
  const environment = { version: '0.0.0', cache: path.join(work, 'cache'), prepare, describe }
  return new IncrementalBuild({ cwd: project, entry: 'main.ts' }, environment)
}

/** All that a build says, or how it fails. */
async function outcomeOf(builder: IncrementalBuild, changed?: readonly string[]) {
  try {
    const { config, payload, graph, inputs, diagnostics } = await builder.build(changed)
    const bytes = Buffer.concat(payload.chunks)
    return { config, bytes, hash: graph.hash, inputs, diagnostics }
  } catch (error) {
    if (!(error instanceof BuildError)) throw error
    const { code, message, at, help } = error
    return { code, message, at, help }
  }
}

test('a build after any edits is what a first build would be', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const project = writeFiles(mkdtempSync(path.join(work, 'project-')), PROJECT)
      const builder = builderOf(project)
      assert.deepEqual(await outcomeOf(builder), await outcomeOf(builderOf(project)))
      for (const { edits, isTold } of steps) {
        const changed = edits.flatMap(({ apply }) => apply(project))
        const outcome = await outcomeOf(builder, isTold ? changed : undefined)
        assert.deepEqual(outcome, await outcomeOf(builderOf(project)))
      }
      rmSync(project, { recursive: true })
    }),
    { ...FUZZ, numRuns: Number(process.env['INGOT_FUZZ_RUNS'] ?? 40) },
  )
})
