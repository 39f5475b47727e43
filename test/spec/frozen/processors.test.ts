// On a machine whose processor can do less than the builder's a frozen executable starts cold. qemu emulates such
// machines.

import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'

import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'
import { needTool } from '../elf/executable.fixture.ts'
import { AS_BUILT, buildFrozen, skip, start } from './frozen.fixture.ts'

/** Of qemu's: without AVX2, without AVX, without anything that was not in the first x86-64. */
const PROCESSORS = ['Haswell-noTSX,-avx2,-bmi2', 'Nehalem', 'qemu64']

suite('other processors', { skip }, () => {
  const work = temporaryDirectory()
  let file: string
  let asBuilt: string
  before(async () => {
    if (skip) return
    needTool('qemu-x86_64', 'qemu-user')
    file = await buildFrozen(work, 'facts.mjs')
    const { started, stdout } = await start(file, ['digest', 'locale', 'zone'])
    assert.equal(started, 'thawed')
    asBuilt = stdout
  })

  for (const processor of THOROUGH ? PROCESSORS : PROCESSORS.slice(0, 1)) {
    test(processor, async () => {
      const { status, stdout, started } = await start(file, ['digest', 'locale', 'zone'], {
        script: `exec qemu-x86_64 -cpu "${processor}" "$@"`,
        env: { ...process.env, INGOT_START: AS_BUILT },
      })
      assert.deepEqual({ status, stdout, started }, { status: 0, stdout: asBuilt, started: 'cold' })
    })
  }
})
