// What an executable without native code and code from the disk does without, and that no program of its kind misses it.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import type { ImageResult } from '../../src/base/image-result.ts'
import { HOST } from '../../src/base/targets.ts'
import { ingot, ingotBuild, run, runNode } from '../support/commands.ts'
import { runInEmptyRoot, type Outcome } from '../support/empty-root.ts'
import { writeFiles } from '../support/files.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'
import { needTool } from './elf/executable.fixture.ts'

const CONFIG = `export default { icu: 'en', native: 'deny', codeFromDisk: 'deny' }\n`
const LEFT_OUT = ['names for addons', 'unwinding tables', 'type stripping', '--build-sea']
/** Bytes, of a file that starts cold. */
const LIMIT = 80e6
const EXTENSION = path.join(import.meta.dirname, '../fixtures/smallest/extension.cpp')
const TOUR = path.join(import.meta.dirname, '../fixtures/smallest/main.ts')

/** A node of which all is known. */
const RUNTIME = ['--runtime', process.execPath]

function makeProject(directory: string, source: string): string {
  return writeFiles(directory, {
    'package.json': { name: 'program', type: 'module' },
    'ingot.config.ts': CONFIG,
    'main.ts': source,
  })
}

suite('the smallest executable', { skip: HOST !== 'linux-x64' }, () => {
  const directory = temporaryDirectory()
  const file = path.join(directory, 'program')
  const project = makeProject(
    path.join(directory, 'project'),
    `
      import { spawnSync } from 'node:child_process'
      import { stripTypeScriptTypes } from 'node:module'
      import { Worker } from 'node:worker_threads'

      const strip = () => {
        try {
          return stripTypeScriptTypes('let a: number = 1')
        } catch (error) {
          return error.code + ': ' + error.message
        }
      }
      const [, , option] = process.argv
      if (option === undefined) console.log('hello')
      else if (option === 'strip') {
        console.log(strip())
        console.log(strip())
        const source = 'try { require("module").stripTypeScriptTypes("1") } catch (error) { console.log(error.code) }'
        new Worker(source, { eval: true })
      } else if (option === 'extension') {
        const { DatabaseSync } = await import('node:sqlite')
        const database = new DatabaseSync(':memory:', { allowExtension: true })
        // What is behind the guard of codeFromDisk, which has nothing against what is inside.
        const { apply } = Reflect
        let { loadExtension } = database
        Reflect.apply = (called, ...rest) => apply((loadExtension = called), ...rest)
        try {
          database.loadExtension(import.meta.filename)
        } catch {
          Reflect.apply = apply
        }
        loadExtension.call(database, process.argv[3])
      } else if (option === 'sources') {
        const texts = Object.values(process.binding('natives')).map(String)
        console.log(texts.every((text) => text.replaceAll('a', 'b').length === text.length))
      } else {
        const { status, signal, stderr } = spawnSync(process.execPath, [option, 'file'], { encoding: 'utf8' })
        console.log(status, signal, stderr)
      }
    `,
  )
  before(async () => {
    await ingotBuild(['main.ts', '-o', file, '--start', 'cold', ...RUNTIME], { cwd: project })
  })
  const say = async (...args: string[]) => {
    const { status, stdout, stderr } = await run(file, args)
    assert.equal(status, 0, stderr)
    return stdout.trim()
  }

  test('is smaller than 80 MB, and says hello where nothing else is', async () => {
    const { size } = statSync(file)
    assert(size < LIMIT, `${size} bytes`)
    const { status, stdout, stderr } = await runInEmptyRoot(file)
    assert.deepEqual([status, stdout], [0, 'hello\n'], stderr)
  })

  test('says what it is without, and where all of its bytes are', async () => {
    const { stdout } = await ingot(['inspect', file])
    assert.match(stdout, new RegExp(`^ {2}node without +${LEFT_OUT.join(', ')}$`, 'm'))
    const inspection = JSON.parse((await ingot(['inspect', file, '--json'])).stdout)
    assert.deepEqual(inspection.info.runtime.leftOut, LEFT_OUT)
    assert.equal((await ingot(['verify', file])).status, 0)
  })

  test('strips no types, in a worker neither, and says so', async () => {
    const [first, second, inWorker] = (await say('strip')).split('\n')
    assert.match(first!, /^ERR_NO_TYPESCRIPT: types cannot be stripped: /)
    assert.equal(second, first)
    assert.equal(inWorker, 'ERR_NO_TYPESCRIPT')
  })

  test('has readable sources of built-in modules, also where they are zeros', async () => {
    assert.equal(await say('sources'), 'true')
  })

  test('makes no executables of the kind of node, and says so', async () => {
    assert.match(await say('--node-options=--build-sea=config.json'), /^9 null error NO_SEA_BUILDER /)
  })

  test('ends with the message of an exception that nobody catches', { skip: !THOROUGH }, async () => {
    needTool('g++', 'g++')
    const extension = path.join(directory, 'extension.so')
    const compiled = await run('g++', ['-shared', '-fPIC', '-o', extension, EXTENSION])
    assert.equal(compiled.status, 0, compiled.stderr)
    const args = ['extension', extension]
    const [actual, expected] = [
      await run(file, args),
      await runNode([path.join(project, 'main.ts'), ...args]),
    ]
    for (const { status, signal, stdout, stderr } of [actual, expected]) {
      assert.deepEqual([status, signal, stdout], [null, 'SIGABRT', 'caught inside\nwalked\n'], stderr)
      assert.match(stderr, /terminate called after throwing .*runtime_error'\n {2}what\(\): {2}through node/)
    }
  })

  test('is two layers of a container image', { skip: !THOROUGH }, async () => {
    const args = ['image', file, '-t', 'program:1', '-o', path.join(directory, 'image'), '--json']
    const { status, stdout, stderr } = await ingot(args, { cwd: project })
    assert.equal(status, 0, stdout + stderr)
    assert.equal((JSON.parse(stdout) as ImageResult).platforms[0]?.layers.length, 2)
  })

  test('is the same when it is built again', { skip: !THOROUGH }, async () => {
    const { status, stderr } = await ingot(
      ['build', 'main.ts', '-o', `${file}-again`, '--start', 'cold', '--verify-reproducible', ...RUNTIME],
      { cwd: project },
    )
    assert.equal(status, 0, stderr)
  })

  test('is there for an older node', { skip: !THOROUGH }, async () => {
    const older = `${file}-older`
    await ingotBuild(['main.ts', '-o', older, '--start', 'cold', '--runtime', 'node@26.7.0'], {
      cwd: project,
    })
    assert.equal((await run(older, [])).stdout, 'hello\n')
    assert.match((await run(older, ['strip'])).stdout, /^ERR_NO_TYPESCRIPT: /)
  })
})

if (THOROUGH && HOST === 'linux-x64') {
  for (const start of ['cold', 'frozen']) {
    suite(`a program that uses everything, ${start}`, () => {
      const directory = temporaryDirectory()
      const file = path.join(directory, 'tour')
      before(async () => {
        const project = path.join(directory, 'project')
        writeFiles(project, { 'package.json': { name: 'tour', type: 'module' }, 'ingot.config.ts': CONFIG })
        writeFiles(project, { 'main.ts': '' })
        spawnSync('cp', [TOUR, path.join(project, 'main.ts')])
        await ingotBuild(['main.ts', '-o', file, '--start', start, ...RUNTIME], { cwd: project })
      })
      // A child of node's test runner would report to it.
      const alone = { env: { ...process.env, NODE_TEST_CONTEXT: undefined } }
      const ends = ({ status, signal }: Outcome) => [status, signal]

      test('does what it does under plain node', async () => {
        const expected = answers(await runNode([TOUR], alone))
        const actual = answers(await run(file, [], alone))
        assert(expected.size > 10)
        // In a frozen process, of any executable, https.globalAgent and crypto.constants have been looked at before.
        if (start === 'frozen') for (const all of [actual, expected]) all.delete('modules')
        assert.deepEqual(actual, expected)
      })

      test('does it where nothing else is', async () => {
        const options = { tmp: 'writable', proc: true } as const
        const { stdout, status, stderr } = await runInEmptyRoot(file, options)
        assert.equal(status, 0, stderr)
        assert.match(stdout, /^http \[200,"you asked for \/this"\]$/m)
      })

      for (const [name, message] of [
        ['abort', ''],
        ['memory', 'JavaScript heap out of memory'],
        ['reject', 'RangeError: nobody catches this'],
      ] as const) {
        test(`ends as plain node does: ${name}`, async () => {
          const actual = await run(file, [name], alone)
          const expected = await runNode([TOUR, name], alone)
          assert.deepEqual(ends(actual), ends(expected), actual.stderr)
          assert(actual.stderr.includes(message) && expected.stderr.includes(message), actual.stderr)
        })
      }
    })
  }
}

/** What each section of the tour has said. */
function answers({ status, stdout, stderr }: Outcome): Map<string, string> {
  assert.equal(status, 0, stderr)
  const lines = stdout.split('\n').flatMap((line) => {
    const [, name, answer] = /^([a-z]+) (.*)$/.exec(line) ?? []
    return name === undefined || answer === undefined ? [] : [[name, answer] as const]
  })
  return new Map(lines)
}
