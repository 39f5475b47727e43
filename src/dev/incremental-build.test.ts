import assert from 'node:assert/strict'
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test, type TestContext } from 'node:test'

import type { BuildOptions } from '../base/build-result.ts'
import { temporaryProject } from '../config/project.fixture.ts'
import type { PreparedTarget } from '../prepare-target.ts'
import { IncrementalBuild, type DevVersion } from './incremental-build.ts'

const PROJECT = {
  'package.json': { name: 'app', type: 'module', dependencies: { dep: '*', named: '*' } },
  'tsconfig.json': {},
  'main.ts': `import { a } from './a.ts'\nimport './lib/b.ts'\nimport './lib/side.js'\nimport dep from 'dep'
console.log(a, dep, new URL('text', import.meta.url))`,
  'a.ts': `export const a: string = 'a'`,
  'lib/b.ts': 'export const b: number = 1',
  'lib/side.js': 'globalThis.side = 1',
  text: 'text',
  'node_modules/dep/package.json': { name: 'dep', main: 'index.js' },
  'node_modules/dep/index.js': 'module.exports = 1',
  'node_modules/named/package.json': { name: 'named', main: 'index.js' },
  'node_modules/named/index.js': 'module.exports = 1',
}

class Project {
  readonly directory: string
  readonly stages: string[] = []
  readonly #builder: IncrementalBuild

  constructor(t: TestContext, files: Record<string, string | object> = {}) {
    this.directory = temporaryProject(t, { ...PROJECT, ...files })
    this.#builder = this.#newBuilder((stage) => this.stages.push(stage))
  }

  #newBuilder(onStage = (_stage: string) => {}): IncrementalBuild {
    const options: BuildOptions = {
      entry: 'main.ts',
      cwd: this.directory,
      onStage: ({ stage, state }) => state === 'start' && onStage(stage),
    }
    const prepare = async () => ({ base: {} }) as PreparedTarget
    const describe = async () => new Uint8Array()
    return new IncrementalBuild(options, { version: '0.0.0', cache: this.at('cache'), prepare, describe })
  }

  at(name: string): string {
    return path.join(this.directory, name)
  }

  write(files: Record<string, string>): string[] {
    for (const [name, content] of Object.entries(files)) writeFileSync(this.at(name), content)
    return Object.keys(files)
  }

  /** Builds, and compares with a build that knows nothing. */
  async build(changed?: readonly string[]): Promise<DevVersion> {
    this.stages.length = 0
    const version = await this.#builder.build(changed?.map((name) => this.at(name)))
    const first = await this.#newBuilder().build()
    assert.deepEqual(contentOf(version), contentOf(first))
    return version
  }

  fails(changed: readonly string[], code: string, line?: number) {
    const builds = this.#builder.build(changed.map((name) => this.at(name)))
    return assert.rejects(builds, (error: { code?: string; at?: { line?: number } }) => {
      assert.deepEqual([error.code, error.at?.line], [code, line])
      return true
    })
  }
}

function contentOf({ payload, graph, inputs, diagnostics, config }: DevVersion) {
  return { bytes: Buffer.concat(payload.chunks), hash: graph.hash, inputs, diagnostics, config }
}

const ONLY_CONTENTS: Record<string, Record<string, string>> = {
  'a string': { 'a.ts': `export const a: string = 'another'` },
  'lines before an import': { 'main.ts': `\n\n${PROJECT['main.ts']}` },
  'a comment in two modules': {
    'a.ts': `// a\n${PROJECT['a.ts']}`,
    'lib/b.ts': `// b\n${PROJECT['lib/b.ts']}`,
  },
  'a statement that takes a compiler': { 'a.ts': 'export enum a { b }' },
  'another asset': { text: 'other text' },
}

const MORE: Record<string, Record<string, string>> = {
  'another import': { 'a.ts': `${PROJECT['a.ts']}\nimport './lib/b.ts'` },
  'one import less': { 'main.ts': `import './lib/b.ts'` },
  'another path': { 'main.ts': PROJECT['main.ts'].replace("'text'", "'tsconfig.json'") },
  'a package that is named': { 'a.ts': `export const a: string = 'named'` },
  'a computed import': { 'a.ts': 'export const a = await import(process.argv[2])' },
  'a file in a package': { 'node_modules/dep/index.js': `module.exports = require('named')` },
  'compiler options': { 'tsconfig.json': '{ "compilerOptions": { "paths": { "x": ["./a.ts"] } } }' },
  'another type of modules': {
    'package.json': JSON.stringify({ ...PROJECT['package.json'], type: 'commonjs' }),
  },
  'a file that is new': { 'lib/c.ts': '' },
}

suite('an incremental build', () => {
  for (const [what, files] of Object.entries(ONLY_CONTENTS)) {
    test(`does not trace after an edit of ${what}`, async (t) => {
      const project = new Project(t)
      const first = await project.build()
      const changed = project.write(files)
      const version = await project.build(changed)
      assert.deepEqual(project.stages, ['config', 'runtime', 'payload'])
      assert.deepEqual(version.changed, changed)
      assert.equal(version.inputs, first.inputs)
      assert.equal(version.graph.hash === first.graph.hash, 'text' in files)
      // And once more, on top of what was made anew.
      project.write(
        Object.fromEntries(changed.map((name) => [name, PROJECT[name as keyof typeof PROJECT] as string])),
      )
      assert.equal((await project.build(changed)).graph.hash, first.graph.hash)
    })
  }

  for (const [what, files] of Object.entries(MORE)) {
    test(`traces after ${what}`, async (t) => {
      const project = new Project(t)
      await project.build()
      await project.build(project.write(files))
      assert(project.stages.includes('graph'))
    })
  }

  test('asks for what it depends on beside sources: mode, settings, what they import', async (t) => {
    const project = new Project(t, {
      'ingot.config.ts': `export { default } from './settings.ts'`,
      'settings.ts': 'export default {}',
      'more/one.ts': 'export {}',
    })
    await project.build()
    chmodSync(project.at('a.ts'), 0o755)
    assert.deepEqual((await project.build(['a.ts'])).changed, ['a.ts'])
    project.write({ 'settings.ts': `export default { include: ['more'], define: { DEFINED: '1' } }` })
    assert.deepEqual((await project.build(['settings.ts'])).changed, ['more/one.ts'])
    project.write({ 'a.ts': 'export const a = DEFINED' })
    assert.deepEqual((await project.build(['a.ts'])).changed, ['a.ts'])
    assert(!project.stages.includes('graph'))
    project.write({ 'more/two.ts': '' })
    assert.deepEqual((await project.build(['more/two.ts'])).changed, ['more/two.ts'])
    renameSync(project.at('more'), project.at('less'))
    assert.deepEqual((await project.build(['more', 'less'])).changed, ['more/one.ts', 'more/two.ts'])
  })

  test('says where a warning points to now', async (t) => {
    const computed = 'await import(process.argv[2])'
    const project = new Project(t, { 'a.ts': `export const a = ${computed}` })
    await project.build()
    project.write({ 'a.ts': `\n\nexport const a = ${computed}` })
    const { diagnostics } = await project.build(['a.ts'])
    assert.deepEqual(
      diagnostics.map(({ code, at }) => [code, at?.line]),
      [['DYNAMIC_IMPORT', 3]],
    )
  })

  test('follows names beside a computed import, and packages that carry other ones', async (t) => {
    const project = new Project(t, {
      // Without a place: what is included is known by its name.
      'ingot.config.ts': `export default { include: ['one.ts'] }`,
      'one.ts': 'export {}',
      'two.ts': 'export {}',
      'node_modules/dep/index.js': 'module.exports = __dirname',
      'node_modules/dep/types.d.ts': 'export {}',
      'a.ts': `export const a = (name = './one.ts') => import(name)`,
    })
    await project.build()
    project.write({ 'a.ts': `export const a = (name = './two.ts') => import(name)` })
    await project.build(['a.ts'])
    project.write({ 'node_modules/dep/index.js': `module.exports = __dirname + '/types.d.ts'` })
    const { changed } = await project.build(['node_modules/dep/index.js'])
    assert(changed?.includes('node_modules/dep/types.d.ts'))
  })

  test('compiles a module anew where its surroundings matter', async (t) => {
    const paths = (file: string) => JSON.stringify({ compilerOptions: { paths: { other: [file] } } })
    const project = new Project(t, {
      'ingot.config.ts': `export default { include: ['tsconfig.json'] }`,
      'tsconfig.json': paths('./lib/b.ts'),
      'a.ts': `import 'other'\nimport { T } from './main.ts'\nexport const a: T = 1`,
      'c.ts': '',
    })
    await project.build()
    project.write({ 'tsconfig.json': paths('./c.ts') })
    assert((await project.build(['tsconfig.json'])).changed?.includes('a.ts'))
    project.write({ 'a.ts': `import { a } from './main.ts'\nlet b: a` })
    await project.build(['a.ts'])
    project.write({ 'tsconfig.json': '{ "compilerOptions": { "verbatimModuleSyntax": true } }' })
    await project.build(['tsconfig.json'])
    project.write({ 'a.ts': `import './c.js'` })
    await project.build(['a.ts'])
    renameSync(project.at('c.ts'), project.at('c.tsx'))
    assert((await project.build(['c.ts', 'c.tsx'])).changed?.includes('a.ts'))
    project.write({ 'package.json': '{ "type": "commonjs" }' })
    assert((await project.build(['package.json'])).changed?.includes('a.ts'))
  })

  test('knows what ingot/runtime is used for', async (t) => {
    const project = new Project(t, {
      'a.ts': `import { onThaw } from 'ingot/runtime'\nexport const a = onThaw`,
    })
    await project.build()
    project.write({ 'a.ts': `import { ready } from 'ingot/runtime'\nexport const a = ready` })
    await project.build(['a.ts'])
  })

  test('fails where a first one would, and goes on from where it was', async (t) => {
    const project = new Project(t)
    await project.build()
    project.write({ 'a.ts': '\nexport const a: string = = 1', 'lib/b.ts': 'export const b: number = 2' })
    await project.fails(['a.ts', 'lib/b.ts'], 'SYNTAX_ERROR', 2)
    await project.fails([], 'SYNTAX_ERROR', 2)
    project.write({ 'a.ts': `export const a: string = 'mended'` })
    assert.deepEqual((await project.build(['a.ts'])).changed, ['a.ts', 'lib/b.ts'])

    project.write({ 'a.ts': `import './gone.ts'\nexport const a: string = ''` })
    await project.fails(['a.ts'], 'UNRESOLVED_IMPORT', 1)
    project.write({ 'gone.ts': 'export {}' })
    assert.deepEqual((await project.build(['gone.ts'])).changed, ['a.ts', 'gone.ts'])

    rmSync(project.at('main.ts'))
    await project.fails(['main.ts'], 'ENTRY_NOT_FOUND')
    project.write({ 'main.ts': PROJECT['main.ts'] })
    await project.build(['main.ts'])
  })

  test('is not troubled by what editors do', async (t) => {
    const project = new Project(t)
    await project.build()
    project.write({ 'a.ts': `export const a: string = 'saved'` })
    await project.build(['4913', 'a.ts~', 'a.ts'])
    assert(!project.stages.includes('graph'))
  })

  test('says what has changed when it was told nothing', async (t) => {
    const project = new Project(t)
    assert.equal((await project.build()).changed, undefined)
    project.write({ 'a.ts': `export const a: string = 'another'` })
    assert.deepEqual((await project.build()).changed, ['a.ts'])
    assert.deepEqual((await project.build()).changed, [])
  })
})
