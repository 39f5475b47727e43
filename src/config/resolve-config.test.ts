import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ConfigFlags } from './config.ts'
import { resolveConfig } from './resolve-config.ts'
import { temporaryProject } from './project.fixture.ts'
import { DEFAULT_FUSES, FUSES, WITHOUT_EXPORTS } from '../format/fuses.ts'

const resolveIn = async (cwd: string, flags: ConfigFlags = {}) => (await resolveConfig(flags, { cwd })).config

test('without any configuration everything has a default', async (t) => {
  const dir = temporaryProject(t, { 'package.json': { name: '@scope/hello' }, 'src/main.ts': '' })
  const { config, diagnostics } = await resolveConfig({}, { cwd: dir })
  assert.deepEqual(
    { config, diagnostics },
    {
      config: {
        projectDir: dir,
        entries: [{ name: 'main', file: join(dir, 'src/main.ts') }],
        out: join(dir, 'hello'),
        target: 'linux-x64',
        runtime: { kind: 'npm', version: '26' },
        define: {},
        include: [],
        external: [],
        native: 'allow',
        fuses: DEFAULT_FUSES,
        bundle: undefined,
        minify: false,
        sourcemap: false,
        check: false,
        start: 'auto',
      },
      diagnostics: [],
    },
  )
})

test('flags win over ingot.config.ts, which wins over package.json; lists add up', async (t) => {
  const ingot = {
    out: 'c',
    runtime: 'node@24',
    minify: true,
    define: { A: '1', B: '1', C: '1' },
    include: ['pkg/*'],
  }
  const dir = temporaryProject(t, {
    'package.json': { name: 'n', type: 'module', ingot },
    'ingot.config.ts':
      'export default { out: "b", minify: false, define: { A: "2", B: "2" }, include: ["cfg/*"], external: ["x"] }',
    'src/main.ts': '',
    'cwd/x': '',
  })
  const flags = {
    out: 'a',
    define: { A: '3' },
    include: ['flag/*', '/abs'],
    external: ['y', 'x'],
    entry: '../src/main.ts',
  }
  const config = await resolveIn(join(dir, 'cwd'), flags)
  assert.equal(config.out, join(dir, 'cwd/a'))
  assert.deepEqual(config.runtime, { kind: 'npm', version: '24' })
  assert.equal(config.minify, false)
  assert.deepEqual(config.define, { A: '3', B: '2', C: '1' })
  assert.deepEqual(config.include, [join(dir, 'cwd/flag/*'), '/abs', join(dir, 'cfg/*'), join(dir, 'pkg/*')])
  assert.deepEqual(config.external, ['y', 'x'])
})

test('a flag that is undefined hides nothing', async (t) => {
  const dir = temporaryProject(t, { 'package.json': { ingot: { minify: true } }, 'main.ts': '' })
  const { minify, bundle } = await resolveIn(dir, { minify: undefined } as unknown as ConfigFlags)
  assert.deepEqual([minify, bundle], [true, true], 'minify is about the bundle')
})

test('--config replaces the search, and its paths start from its own directory', async (t) => {
  const dir = temporaryProject(t, {
    'package.json': { name: 'n', type: 'module' },
    'ingot.config.ts': 'throw new Error("must not be loaded")',
    'etc/prod.mjs': 'export default { entry: "../app.ts", out: "prod", include: ["*.txt"] }',
    'app.ts': '',
  })
  const config = await resolveIn(dir, { config: 'etc/prod.mjs' })
  assert.deepEqual(config.entries, [{ name: 'app', file: join(dir, 'app.ts') }])
  assert.equal(config.out, join(dir, 'etc/prod'))
  assert.deepEqual(config.include, [join(dir, 'etc/*.txt')])
  await assert.rejects(resolveIn(dir, { config: 'absent.ts' }), {
    code: 'CONFIG_LOAD',
    message: `${join(dir, 'absent.ts')} does not exist`,
  })
})

test('an error names the file that it is in', async (t) => {
  const dir = temporaryProject(t, { 'package.json': '{\n  "name": nope\n}', 'main.ts': '' })
  const file = join(dir, 'package.json')
  await assert.rejects(resolveIn(dir), { code: 'CONFIG_INVALID_JSON', at: { file, line: 2, column: 11 } })
  const other = temporaryProject(t, { 'package.json': { ingot: { ouput: 'x' } }, 'main.ts': '' })
  await assert.rejects(resolveIn(other), {
    code: 'CONFIG_UNKNOWN_KEY',
    message: 'unknown key "ingot.ouput"',
    at: { file: join(other, 'package.json') },
  })
  const list = temporaryProject(t, { 'package.json': '[]', 'main.ts': '' })
  await assert.rejects(resolveIn(list), {
    code: 'CONFIG_INVALID',
    message: 'package.json must hold an object',
  })
})

test('the entry decides which project it is', async (t) => {
  const dir = temporaryProject(t, {
    'package.json': { name: 'root' },
    'packages/app/package.json': { name: 'app', ingot: { minify: true } },
    'packages/app/src/cli.ts': '',
    'scripts/run.ts': '',
  })
  const app = await resolveIn(dir, { entry: ['packages/app/src/cli.ts'] })
  assert.deepEqual([app.projectDir, app.out, app.minify], [join(dir, 'packages/app'), join(dir, 'app'), true])
  const run = await resolveIn(dir, { entry: 'scripts/run.ts' })
  assert.deepEqual([run.projectDir, run.out, run.minify], [dir, join(dir, 'root'), false])
})

test('without package.json the project is the directory of the entry', async (t) => {
  const dir = temporaryProject(t, { 'a/hello.ts': '' })
  const config = await resolveIn(dir, { entry: 'a/hello.ts' })
  assert.deepEqual([config.projectDir, config.out], [join(dir, 'a'), join(dir, 'hello')])
})

test('a directory stands for its package, with its configuration', async (t) => {
  const dir = temporaryProject(t, {
    'app/package.json': { name: 'app', type: 'module', ingot: { entry: 'b.ts' } },
    'app/ingot.config.ts': 'export default { entry: "a.ts" }',
    'app/a.ts': '',
    'app/b.ts': '',
    'tool/package.json': { bin: { x: 'x.ts', y: 'y.ts' } },
    'tool/x.ts': '',
    'tool/y.ts': '',
    'plain/src/main.ts': '',
    'loop/package.json': { ingot: { entry: '.' } },
  })
  const entries = async (...entry: string[]) =>
    (await resolveIn(dir, { entry, out: 'o' })).entries.map(
      ({ name, file }) => `${name}=${file.slice(dir.length + 1)}`,
    )
  assert.deepEqual(await entries('app'), ['a=app/a.ts'])
  assert.deepEqual(await entries('plain', 'app'), ['main=plain/src/main.ts', 'b=app/b.ts'])
  assert.deepEqual(await entries('tool'), ['x=tool/x.ts', 'y=tool/y.ts'])
  assert.deepEqual(await entries('main=plain'), ['main=plain/src/main.ts'])
  await assert.rejects(entries('both=tool'), {
    code: 'ENTRY_NAME',
    message: '"both" names a package with 2 entries',
  })
  await assert.rejects(entries('loop'), {
    code: 'ENTRY_NOT_FOUND',
    message: `${join(dir, 'loop')} is a directory, not a module`,
  })
})

test('several entries share one executable', async (t) => {
  const dir = temporaryProject(t, { 'a.ts': '', 'b/a.ts': '', 'k=v.ts': '' })
  const names = async (entry: NonNullable<ConfigFlags['entry']>) =>
    (await resolveIn(dir, { entry, out: 'o' })).entries.map(({ name, file }) => [
      name,
      file.slice(dir.length + 1),
    ])
  assert.deepEqual(await names(['a.ts', 'other=b/a.ts']), [
    ['a', 'a.ts'],
    ['other', 'b/a.ts'],
  ])
  assert.deepEqual(await names({ x: 'a.ts', y: 'b/a.ts' }), [
    ['x', 'a.ts'],
    ['y', 'b/a.ts'],
  ])
  assert.deepEqual(await names('k=v.ts'), [['k=v', 'k=v.ts']])
  await assert.rejects(names(['a.ts', 'b/a.ts']), {
    code: 'ENTRY_NAME',
    message: `${join(dir, 'a.ts')} and ${join(dir, 'b/a.ts')} would both be called "a"`,
    help: `Give one of them another name: other=${join(dir, 'b/a.ts')}`,
  })
})

test('an entry that does not exist is an error that names a near one', async (t) => {
  const dir = temporaryProject(t, { 'package.json': { ingot: { entry: 'nope.ts' } }, 'main.ts': '' })
  await assert.rejects(resolveIn(dir, { entry: 'main.js' }), {
    code: 'ENTRY_NOT_FOUND',
    message: `${join(dir, 'main.js')} does not exist`,
    help: `Did you mean ${join(dir, 'main.ts')}?`,
    at: undefined,
  })
  await assert.rejects(resolveIn(dir), {
    code: 'ENTRY_NOT_FOUND',
    message: `${join(dir, 'nope.ts')} does not exist`,
    help: 'Check the path of the entry module.',
    at: { file: join(dir, 'package.json') },
  })
})

test('the output is never an entry or a directory', async (t) => {
  const dir = temporaryProject(t, {
    tool: '',
    'main.ts': '',
    'bin/x': '',
    'p/package.json': { name: 'bin' },
    'p/main.ts': '',
  })
  await assert.rejects(resolveIn(dir, { entry: 'tool' }), {
    code: 'OUTPUT_PATH',
    message: `${join(dir, 'tool')} is the entry module`,
  })
  await assert.rejects(resolveIn(dir, { entry: 'p' }), {
    code: 'OUTPUT_PATH',
    message: `${join(dir, 'bin')} is a directory`,
  })
  assert.equal((await resolveIn(dir, { entry: 'main.ts', out: 'bin' })).out, join(dir, 'bin/main'))
  assert.equal((await resolveIn(dir, { entry: 'main.ts', out: 'new/' })).out, join(dir, 'new/main'))
  assert.equal((await resolveIn(dir, { entry: 'main.ts', out: '/x/y' })).out, '/x/y')
})

test('runtime is a version or a file', async (t) => {
  const dir = temporaryProject(t, { 'main.ts': '', node: '', 'bin/node': '' })
  const runtime = async (runtime: string) => (await resolveIn(dir, { entry: 'main.ts', runtime })).runtime
  for (const version of ['26', '26.10', '26.10.0']) {
    assert.deepEqual(await runtime(`node@${version}`), { kind: 'npm', version })
  }
  assert.deepEqual(await runtime('node'), { kind: 'path', file: join(dir, 'node') })
  assert.deepEqual(await runtime('./bin/node'), { kind: 'path', file: join(dir, 'bin/node') })
  const help = 'Write node@26, node@26.10.0, or the path of a node executable for the target.'
  for (const [value, reason] of [
    ['bun@1', 'is neither a version nor a file'],
    ['node@lts', 'is neither a version nor a file'],
    ['node@26.1.2.3', 'is neither a version nor a file'],
    ['./absent', 'names no file'],
    ['bin', 'is neither a version nor a file'],
  ] as const) {
    await assert.rejects(runtime(value), {
      code: 'CONFIG_RUNTIME',
      message: `runtime "${value}" ${reason}`,
      help,
    })
  }
})

for (const [title, manifest, loads] of [
  ['no configuration', { name: 'n' }, false],
  ['an "ingot" key', { name: 'n', ingot: {} }, true],
] as const) {
  test(`valibot is ${loads ? '' : 'not '}loaded with ${title}`, (t) => {
    const dir = temporaryProject(t, { 'package.json': manifest, 'main.ts': '' })
    const script = `
      const { registerHooks } = await import('node:module')
      registerHooks({ resolve(specifier, context, next) {
        if (specifier === 'valibot') console.log('loaded')
        return next(specifier, context)
      } })
      const { resolveConfig } = await import(${JSON.stringify(import.meta.resolve('./resolve-config.ts'))})
      await resolveConfig({}, { cwd: ${JSON.stringify(dir)} })`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    assert.equal(output, loads ? 'loaded\n' : '')
  })
}

for (const [ingot, target, isWithout] of [
  [{ native: 'deny', codeFromDisk: 'deny' }, 'linux-x64', true],
  [{ native: 'deny' }, 'linux-x64', false],
  [{ codeFromDisk: 'deny' }, 'linux-x64', false],
  [{ native: ['argon2'], codeFromDisk: 'deny' }, 'linux-x64', false],
  [{ native: 'deny', codeFromDisk: 'deny' }, 'linux-arm64', false],
] as const) {
  test(`${JSON.stringify(ingot)} for ${target}: ${isWithout ? 'no' : 'an'} addon can be there`, async (t) => {
    const dir = temporaryProject(t, { 'package.json': { name: 'n', ingot }, 'main.ts': '' })
    const { fuses } = await resolveIn(dir, { target })
    assert.equal((fuses & WITHOUT_EXPORTS) !== 0, isWithout)
    if (isWithout) assert.equal(fuses & FUSES.codeFromDisk, 0)
  })
}
