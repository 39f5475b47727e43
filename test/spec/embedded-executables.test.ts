// Executables that a program brings along run from inside it: linked to glibc or not, with a library of
// their own, from JavaScript and from native code.

import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { ingotBuild, run, runNode } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { needTool, skip } from './elf/executable.fixture.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/executables', import.meta.url))

suite('embedded executables', { skip }, () => {
  const directory = temporaryDirectory()
  const project = path.join(directory, 'project')
  const executable = path.join(directory, 'out')
  let reference: string

  before(async () => {
    needTool('g++', 'g++') // brings libc's headers
    cpSync(FIXTURE, project, { recursive: true })
    const bin = path.join(project, 'bin')
    mkdirSync(bin)
    const compile = async (...args: string[]) => {
      const { status, stderr } = await run('gcc', args, { cwd: project })
      assert.equal(status, 0, stderr)
    }
    await compile('-shared', '-fPIC', 'library.c', '-o', 'library.so')
    chmodSync(path.join(project, 'library.so'), 0o644)
    const linked = ['executable.c', '-lm', 'library.so', '-Wl,-rpath,$ORIGIN/..']
    await compile(...linked, '-pie', '-fPIE', '-o', 'bin/independent')
    await compile(...linked, '-no-pie', '-fno-pie', '-o', 'bin/fixed')
    await compile('executable.c', '-DALONE', '-static', '-lm', '-o', 'bin/static')
    copyFileSync(path.join(project, 'bin-script.cjs'), path.join(bin, 'script.cjs'))
    chmodSync(path.join(bin, 'script.cjs'), 0o755)

    await ingotBuild(['main.mjs', '--include=bin/*', '--include=library.so', '-o', executable], {
      cwd: project,
    })
    const { status, stdout, stderr } = await runNode(['main.mjs'], { cwd: project })
    assert.deepEqual([status, stderr], [0, ''])
    reference = stdout
  })

  test('behave as on the disk, here', async () => {
    const { status, stdout, stderr } = await run(executable, [], { cwd: '/' })
    assert.deepEqual([status, stderr], [0, ''])
    assert.deepEqual(stdout.split('\n'), reference.split('\n'))
  })

  test('behave as on the disk, in an empty root with /proc', async () => {
    const { status, stdout, stderr } = await runInEmptyRoot(executable, { proc: true })
    assert.deepEqual([status, stderr], [0, ''])
    assert.deepEqual(stdout.split('\n'), reference.split('\n'))
  })

  test('behave as on the disk, in an empty root, but for /proc', async () => {
    const { status, stdout, stderr } = await runInEmptyRoot(executable)
    assert.deepEqual([status, stderr], [0, ''])
    assert.deepEqual(stdout.split('\n'), reference.split('\n'))
  })
})
