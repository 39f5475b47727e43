// Plugins: a program may load code that is not in the executable, as under plain node, unless its
// configuration says that it may not.

import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingotBuild, ingotFails, runNode } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { writeFiles } from '../support/files.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START } from '../support/thorough.ts'

const MAIN = `
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { own } from './own.mjs'

const disk = process.argv[2]
const at = (name) => path.join(disk, name)
const require = createRequire(import.meta.url)
const attempt = async (title, load) => {
  try {
    console.log(title, JSON.stringify(await load()))
  } catch (error) {
    console.log(title, error.code, path.basename(error.path ?? 'none'))
  }
}
await attempt('own', () => own)
await attempt('own worker', async () => (await once(new Worker(new URL('./worker.mjs', import.meta.url)), 'message'))[0])
await attempt('import', async () => (await import(at('module.mjs'))).value)
await attempt('import of TypeScript', async () => (await import(at('typed.ts'))).value)
await attempt('import of CommonJS', async () => (await import(at('common.cjs'))).default)
await attempt('require', () => require(at('common.cjs')))
await attempt('require of a package', () => createRequire(at('x.js'))('plugin'))
await attempt('require of JSON', () => require(at('data.json')))
await attempt('import of JSON', async () => (await import(at('data.json'), { with: { type: 'json' } })).default)
await attempt('addon', () => Object.keys(require(at('addon.node'))).length > 0)
await attempt('addon, by hand', () => {
  const module = { exports: {} }
  process.dlopen(module, path.relative(process.cwd(), at('addon.node')))
  return Object.keys(module.exports).length > 0
})
await attempt('library', async () => typeof (await import('node:ffi')).dlopen(at('addon.node'), {}).lib)
await attempt('library, by hand', async () => typeof new (await import('node:ffi')).DynamicLibrary(at('addon.node')))
await attempt('extension', () => new DatabaseSync(':memory:', { allowExtension: true }).loadExtension(at('addon.node')))
await attempt('worker', async () => (await once(new Worker(at('worker.mjs')), 'message'))[0])
await attempt('preload', async () => (await once(new Worker('', { eval: true, execArgv: ['-r', at('common.cjs')] }), 'exit'))[0])
await attempt('child', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [at('common.cjs')], { encoding: 'utf8' })
  return [status, stdout, /ERR_\\w+/.exec(stderr)?.[0]]
})
await attempt('missing', () => import(at('missing.mjs')))
`
const ALLOWED = [
  'own "own"',
  'own worker "worker"',
  'import "module"',
  'import of TypeScript "typed"',
  'import of CommonJS "common"',
  'require "common"',
  'require of a package "plugin"',
  'require of JSON {"a":1}',
  'import of JSON {"a":1}',
  'addon true',
  'addon, by hand true',
  'library "object"',
  'library, by hand "object"',
  'extension ERR_LOAD_SQLITE_EXTENSION none',
  'worker "worker"',
  'preload 0',
  'child [0,"",null]',
  'missing ERR_MODULE_NOT_FOUND none',
]
const DENIED = ALLOWED.map(
  (line) =>
    ({
      'import "module"': 'import ERR_CODE_FROM_DISK module.mjs',
      'import of TypeScript "typed"': 'import of TypeScript ERR_CODE_FROM_DISK typed.ts',
      'import of CommonJS "common"': 'import of CommonJS ERR_CODE_FROM_DISK common.cjs',
      'require "common"': 'require ERR_CODE_FROM_DISK common.cjs',
      'require of a package "plugin"': 'require of a package ERR_CODE_FROM_DISK index.js',
      'addon true': 'addon ERR_CODE_FROM_DISK addon.node',
      'addon, by hand true': 'addon, by hand ERR_CODE_FROM_DISK addon.node',
      'library "object"': 'library ERR_CODE_FROM_DISK addon.node',
      'library, by hand "object"': 'library, by hand ERR_CODE_FROM_DISK addon.node',
      'extension ERR_LOAD_SQLITE_EXTENSION none': 'extension ERR_CODE_FROM_DISK addon.node',
      'worker "worker"': 'worker ERR_CODE_FROM_DISK worker.mjs',
      'preload 0': 'preload ERR_CODE_FROM_DISK common.cjs',
      'child [0,"",null]': 'child [1,"","ERR_CODE_FROM_DISK"]',
    })[line] ?? line,
)

suite('code from the disk', () => {
  const directory = temporaryDirectory()
  const project = path.join(directory, 'project')
  const disk = path.join(directory, 'disk')
  const worker = `import { parentPort } from 'node:worker_threads'\nparentPort.postMessage('worker')\n`
  writeFiles(project, {
    'package.json': { name: 'plugins', type: 'module' },
    'main.mjs': MAIN,
    'own.mjs': `export const own = 'own'\n`,
    'worker.mjs': worker,
  })
  writeFiles(disk, {
    'module.mjs': `export const value = 'module'\n`,
    'typed.ts': `export const value: string = 'typed'\n`,
    'common.cjs': `module.exports = 'common'\n`,
    'worker.mjs': worker,
    'data.json': { a: 1 },
    'node_modules/plugin/index.js': `module.exports = 'plugin'\n`,
  })
  // rolldown's: the one that every installation of Ingot has.
  const require = createRequire(import.meta.url)
  const addon = createRequire(require.resolve('rolldown')).resolve('@rolldown/binding-linux-x64-gnu')
  copyFileSync(addon, path.join(disk, 'addon.node'))

  const configure = (ingot: object) =>
    writeFiles(project, { 'package.json': { name: 'plugins', type: 'module', ingot } })
  const linesOf = async (): Promise<string[]> => {
    const out = path.join(directory, 'program')
    await ingotBuild([...START, 'main.mjs', '-o', out], { cwd: project })
    const { status, stdout, stderr } = await runInEmptyRoot(out, { args: [disk], binds: [disk], proc: true })
    assert.equal(status, 0, stderr)
    return stdout.trimEnd().split('\n')
  }

  test('is loaded as under plain node', async () => {
    const { stdout } = await runNode(['main.mjs', disk], { cwd: project })
    assert.deepEqual(stdout.trimEnd().split('\n'), ALLOWED)
    assert.deepEqual(await linesOf(), ALLOWED)
  })

  test('is not loaded where "codeFromDisk" is "deny"; data is', async () => {
    configure({ codeFromDisk: 'deny' })
    assert.deepEqual(await linesOf(), DENIED)
  })

  test('"codeFromDisk" is one of two words', async () => {
    configure({ codeFromDisk: false })
    const { error } = await ingotFails(['main.mjs', '-o', 'out'], { cwd: project })
    assert.deepEqual(
      [error.code, error.message],
      ['CONFIG_INVALID', '"ingot.codeFromDisk" must be "allow" or "deny"'],
    )
  })
})
