// What a build says of the start that it made, and what it does with programs that cannot be frozen.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { entryFile, ownCache } from '../../support/cache.ts'
import { ingotBuild, run } from '../../support/commands.ts'
import { failsCleanly, makeProject } from '../../support/project.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { skip } from './frozen.fixture.ts'
import { THOROUGH } from '../../support/thorough.ts'

const FILES = {
  'package.json': { name: 'starts', version: '1.0.0' },
  'hello.cjs': `void process.env.ASKED_FOR\nconsole.log('hello')\n`,
  'throws.cjs': `throw new Error('at import')\n`,
  'exits.cjs': `process.exit(0)\n`,
  'exits-later.cjs': `process.on('exit', () => console.log('bye'))\nprocess.exit(5)\n`,
  'breaks.cjs': `require('node:v8').setFlagsFromString('--allow-natives-syntax')\nnew Function('%SystemBreak()')()\n`,
  'ends.cjs': `globalThis.x = 1\n`,
}

/** Of memory: what V8 and malloc have no use for any more is not in it. What a rehearsal has run is there compiled. */
const LARGEST_HELLO = 15.4e6

suite('what a build says of the start', { skip }, () => {
  const work = temporaryDirectory()
  const project = makeProject(work, FILES)
  const options = { cwd: project }
  const build = (name: string, kind: string) =>
    ingotBuild([`${name}.cjs`, '-o', `${name}-${kind}`, '--start', kind], options)

  for (const kind of ['frozen', 'auto']) {
    test(`--start ${kind} of a program that can be frozen`, async () => {
      const { start, out, size } = await build('hello', kind)
      assert.equal(start.kind, 'frozen')
      if (start.kind !== 'frozen') return
      assert.ok(start.bytes > 1e6 && start.bytes < LARGEST_HELLO, `${start.bytes} bytes`)
      assert.equal(start.barrier.length > 0, true)
      assert.ok(start.variables.includes('ASKED_FOR'))
      assert.equal(readFileSync(out).length, size)
      assert.deepEqual(await run(out, []), { status: 0, signal: null, stdout: 'hello\n', stderr: '' })
    })
  }

  test('--start cold', async () => {
    const { start, out, size } = await build('hello', 'cold')
    assert.deepEqual(start, { kind: 'cold' })
    assert.equal(readFileSync(out).length, size)
    assert.deepEqual(await run(out, []), { status: 0, signal: null, stdout: 'hello\n', stderr: '' })
  })

  for (const [name, status, stdout] of [
    ['throws', 1, ''],
    ['exits', 0, ''],
    ['exits-later', 5, 'bye\n'],
    ['ends', 0, ''],
  ] as const) {
    if (!THOROUGH && name !== 'exits-later') continue
    test(`--start auto: ${name}.cjs does as its cold executable`, async () => {
      const { start, out } = await build(name, 'auto')
      const { out: coldOut } = await build(name, 'cold')
      const [auto, cold] = [await run(out, []), await run(coldOut, [])]
      assert.deepEqual([cold.status, cold.stdout], [status, stdout])
      assert.deepEqual([auto.status, auto.stdout, auto.signal], [status, stdout, null])
      assert.equal(start.kind, 'frozen')
    })
  }

  test('--start auto of a program that ends before it does anything', async () => {
    const { start, out } = await build('breaks', 'auto')
    assert.deepEqual(start, { kind: 'cold', reason: 'the program ended in the build (SIGTRAP)' })
    assert.equal((await run(out, [])).signal, 'SIGTRAP')
  })

  test('--start frozen of a program that ends before it does anything', async () => {
    const { status, error } = await failsCleanly(project, ['breaks.cjs', '--start', 'frozen'])
    assert.equal(status, 1)
    assert.equal(error.code, 'START_NOT_FROZEN')
    assert.match(error.message, /cannot be frozen: the program ended in the build \(SIGTRAP\)/)
    assert.match(error.help!, /--start auto/)
  })
})

suite('the frozen process in the cache', { skip: skip || (!THOROUGH && 'with CI only') }, () => {
  const work = temporaryDirectory()
  const project = makeProject(work, FILES)
  let cache: Awaited<ReturnType<typeof ownCache>>
  const build = (name: string) =>
    ingotBuild(['hello.cjs', '-o', name, '--start', 'frozen'], { cwd: project, env: cache.env })
  before(async () => {
    if (skip) return
    cache = await ownCache(work)
    await build('first')
  })
  const frozenEntries = () => readdirSync(cache.root).filter((key) => key.startsWith('frozen-'))

  test('is used again', async () => {
    const { out } = await build('again')
    assert.deepEqual(readFileSync(out).equals(readFileSync(path.join(project, 'first'))), true)
    assert.equal(frozenEntries().length, 1)
  })

  for (const name of ['image.bin', 'plan.json']) {
    test(`with one wrong bit in ${name} is made again`, async () => {
      const file = entryFile(cache.root, 'frozen-', name)
      const damaged = readFileSync(file)
      damaged[damaged.length >> 1]! ^= 1
      writeFileSync(file, damaged)
      const { start, out } = await build('healed')
      assert.equal(start.kind, 'frozen')
      assert.equal(readFileSync(entryFile(cache.root, 'frozen-', name)).equals(damaged), false)
      assert.equal(frozenEntries().length, 1)
      assert.deepEqual(await run(out, []), { status: 0, signal: null, stdout: 'hello\n', stderr: '' })
    })
  }
})
