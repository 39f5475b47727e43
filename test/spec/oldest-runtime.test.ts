// The oldest node that executables can have, which lacks what newer ones have for the bootstrap: its module loaders are told of
// the embedded tree in another way (src/bootstrap/vfs/loader-overrides.ts), its node:fs has other functions below.

import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import { resolveRuntime } from '../../src/runtimes/node.ts'
import { OLDEST_RUNTIME } from '../../src/runtimes/version.ts'
import { ingotBuild, REPOSITORY, run } from '../support/commands.ts'
import { sameAsPlainNode } from '../support/compare.ts'
import { writeFiles, type Files } from '../support/files.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

const PACKAGES: Files = {
  // Not among the fixtures, as it would be in the published package's way.
  'package.json': {
    name: 'older',
    type: 'module',
    exports: { './self': './self.js' },
    imports: { '#inner': './inner.cjs' },
  },
  'node_modules/modern/package.json': {
    name: 'modern',
    exports: { '.': { import: './index.mjs', require: './index.cjs' }, './sub': './sub.js' },
  },
  'node_modules/modern/index.mjs': `import { legacy } from 'legacy'\nexport const modern = 'imported, ' + legacy\n`,
  'node_modules/modern/index.cjs': `exports.modern = 'required'\n`,
  'node_modules/modern/sub.js': `exports.sub = 'sub'\n`,
  'node_modules/legacy/package.json': { name: 'legacy', main: 'lib/main', type: 'commonjs' },
  'node_modules/legacy/lib/main.js': `exports.legacy = 'legacy ' + require('./other').other\n`,
  'node_modules/legacy/lib/other.js': `exports.other = 'other'\n`,
  'node_modules/indexed/package.json': { name: 'indexed', main: './lib/' },
  'node_modules/indexed/lib/index.js': `exports.name = 'indexed'\n`,
  // Both warn, as their main module is an ES module.
  'node_modules/module-index/package.json': { name: 'module-index', type: 'module' },
  'node_modules/module-index/index.js': `export const name = 'module-index'\n`,
  'node_modules/@scope/pack/package.json': { name: '@scope/pack', type: 'module', main: 'start' },
  'node_modules/@scope/pack/start.js': `export const name = '@scope/pack'\n`,
  'node_modules/no-main/package.json': { name: 'no-main', main: 'gone.js' },
}

suite('the oldest runtime', { skip: !THOROUGH && 'with CI only' }, () => {
  const work = temporaryDirectory()

  test('has modules, packages, workers and children as under plain node', async () => {
    const project = path.join(work, 'project')
    cpSync(path.join(REPOSITORY, 'test/fixtures/oldest-runtime'), project, { recursive: true })
    writeFiles(project, PACKAGES)
    writeFileSync(path.join(project, 'large.txt'), 'x' + 'é'.repeat(700_000) + 'the end')
    const scratch = path.join(work, 'scratch')
    mkdirSync(scratch)
    chmodSync(scratch, 0o777)
    const node = await resolveRuntime({ kind: 'npm', version: OLDEST_RUNTIME }, 'linux-x64', {
      projectDir: project,
    })
    const { start } = await sameAsPlainNode(project, 'main.mjs', {
      node,
      flags: ['--include=**/*'],
      args: [scratch],
      binds: [scratch],
      proc: true,
    })
    assert.equal(start.kind, 'frozen')
  })

  test('loads no code from the disk where it may not, and reads what it wants', async () => {
    const project = makeProject(work, {
      'package.json': { name: 'closed', type: 'module', ingot: { codeFromDisk: 'deny' } },
      'main.ts': `
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
const [file, data] = process.argv.slice(2) as [string, string]
const require = createRequire(import.meta.url)
for (const load of [() => require(file), () => import(file), () => import(file + '?again'), () => readFileSync(file, 'utf8').length, () => require(data).a]) {
  try { console.log(await load()) } catch (error: any) { console.log(error.code) }
}`,
    })
    const disk = writeFiles(path.join(work, 'disk'), {
      'other.cjs': 'exports.loaded = 1',
      'data.json': { a: 1 },
    })
    const out = path.join(project, 'closed')
    await ingotBuild(['main.ts', '-o', out, '--runtime', `node@${OLDEST_RUNTIME}`], { cwd: project })
    const args = ['other.cjs', 'data.json'].map((name) => path.join(disk, name))
    const { stdout, stderr } = await run(out, args, { cwd: disk })
    const refused = 'ERR_CODE_FROM_DISK\n'
    assert.equal(stdout, `${refused.repeat(3)}18\n1\n`, stderr)
  })
})
