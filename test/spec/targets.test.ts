// One command, an executable for each target. What each of them is like is for the tests of its format; here they are told
// apart by other people's eyes.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import type { BuildResult } from '../../src/base/build-result.ts'
import { TARGETS, type Target } from '../../src/base/targets.ts'
import { inspect } from '../../src/inspect.ts'
import { ingot, ingotFails } from '../support/commands.ts'
import { writeFiles } from '../support/files.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'
import { outputOf } from './elf/executable.fixture.ts'

const PROJECT = { 'package.json': { name: 'tool', type: 'module' }, 'main.ts': `console.log('hello')\n` }

const KINDS: Record<Target, RegExp> = {
  'linux-x64': /^ELF 64-bit LSB executable, x86-64, .*statically linked/,
  'linux-arm64': /^ELF 64-bit LSB executable, ARM aarch64, .*statically linked/,
  'darwin-arm64': /^Mach-O 64-bit arm64 executable/,
  'darwin-x64': /^Mach-O 64-bit x86_64 executable/,
  'win32-x64': /^PE32\+ executable \(console\) x86-64, for MS Windows/,
  'win32-arm64': /^PE32\+ executable \(console\) Aarch64, for MS Windows/,
}

if (THOROUGH)
  test('--target all: six executables of one command', async (t) => {
    const cwd = temporaryDirectory()
    writeFiles(cwd, PROJECT)
    const { stdout, stderr } = await ingot(['build', 'main.ts', '--target', 'all', '-o', 'dist/', '--json'], {
      cwd,
    })
    const { builds } = JSON.parse(stdout) as { builds: BuildResult[] }
    assert.deepEqual(
      builds.map(({ target }) => target),
      [...TARGETS],
      stderr,
    )
    const lock = readFileSync(path.join(cwd, 'ingot.lock'), 'utf8')
    for (const { target, out, size, runtime } of builds) {
      const suffix = target.startsWith('win32') ? '.exe' : ''
      assert.equal(out, path.join(cwd, 'dist', `tool-${target}${suffix}`))
      const kind = outputOf('file', ['--brief', out])
      assert.match(kind, KINDS[target])
      assert.match(lock, new RegExp(`"${runtime.origin.slice('npm:'.length)}": \\{\\s*"integrity": "sha512-`))
      const verified = await ingot(['verify', out])
      assert.equal(verified.status, 0, verified.stderr)
      assert.match(verified.stdout, /^sound +all \d+ bytes/)
      const { info } = inspect(out)
      assert.deepEqual([info.target, info.runtime.version], [target, runtime.version])
      t.diagnostic(
        `${target}  node ${runtime.version}  ${(size / 1e6).toFixed(1)} MB  ${kind.trim().slice(0, 70)}  ${verified.stdout.split('\n')[0]}`,
      )
    }
  })

test('a target that nobody has is named with the nearest, and nothing is written', async () => {
  const cwd = temporaryDirectory()
  writeFiles(cwd, PROJECT)
  const unknown = await ingotFails(['main.ts', '--target', 'linux-x46'], { cwd })
  assert.equal(unknown.error.code, 'CONFIG_TARGET')
  assert.match(unknown.error.help ?? '', /^Did you mean linux-x64\?/)
  assert.deepEqual(readdirSync(cwd).toSorted(), Object.keys(PROJECT).toSorted())
})
