import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryProject } from '../config/project.fixture.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

function run(bin: string, ...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...argv], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

/** A package with our bin/ingot.mjs whose engines are `engines`. */
function installed(t: TestContext, engines: string, files: Record<string, string> = {}): string {
  const version = '9.9.9'
  const dir = temporaryProject(t, {
    ...files,
    'package.json': { type: 'module', version, engines: { node: engines } },
  })
  mkdirSync(join(dir, 'bin'))
  copyFileSync(join(root, 'bin/ingot.mjs'), join(dir, 'bin/ingot.mjs'))
  return join(dir, 'bin/ingot.mjs')
}

const DIST = {
  'dist/cli.js': 'export const start = (version) => console.log("dist", version, ...process.argv.slice(2))',
}

test('in a clone the sources run', () => {
  assert.deepEqual(run(join(root, 'bin/ingot.mjs'), '--version'), {
    status: 0,
    stdout: `${manifest.version}\n`,
    stderr: '',
  })
  const { status, stderr } = run(join(root, 'bin/ingot.mjs'), 'build', '--nope')
  assert.equal(status, 2)
  assert.match(stderr, /^error CLI_UNKNOWN_OPTION/)
})

test('a published package runs dist/cli.js', (t) => {
  assert.equal(run(installed(t, '>=22', DIST), 'a', 'b').stdout, 'dist 9.9.9 a b\n')
})

const [major, minor, patch] = process.versions.node.split('.').map(Number) as [number, number, number]
for (const [engines, suits] of [
  [`^${major}.${minor}.${patch}`, true],
  [`^${major - 2}.0.0 || ^${major}.${minor}.0`, true],
  [`^${major}.${minor}.${patch + 1}`, false],
  [`^${major}.${minor + 1}.0`, false],
  [`^${major - 1}.0.0`, false],
  [`>=${major}`, true],
  [`>=${major - 1}.99.0`, true],
  [`>=${major + 1}`, false],
] as const) {
  test(`engines ${engines}: this Node ${suits ? 'suits' : 'does not suit'}`, (t) => {
    const result = run(installed(t, engines, DIST))
    if (suits) assert.equal(result.stdout, 'dist 9.9.9\n')
    else {
      assert.deepEqual(result, {
        status: 1,
        stdout: '',
        stderr: `ingot needs Node ${engines}; this is ${process.version}\n`,
      })
    }
  })
}

for (const path of ['node_modules/.bin/node', 'node_modules/node/bin/node']) {
  test(`a Node too old hands over to ${path}, with arguments, exit code and signal`, (t) => {
    const fake = '#!/bin/sh\nshift\n[ "$1" = die ] && kill -TERM $$\necho "other $*"\nexit 7\n'
    const bin = installed(t, '>=999', { ...DIST, [path]: fake })
    spawnSync('chmod', ['+x', join(dirname(bin), '..', path)])
    assert.deepEqual(run(bin, 'build', 'a b'), { status: 7, stdout: 'other build a b\n', stderr: '' })
    const { status, signal } = spawnSync(process.execPath, [bin, 'die'])
    assert.deepEqual([status, signal], [null, 'SIGTERM'])
  })
}

test('a Node too old does not hand over to itself', (t) => {
  const bin = installed(t, '>=999', { 'node_modules/.bin/x': '' })
  symlinkSync(process.execPath, join(dirname(bin), '../node_modules/.bin/node'))
  assert.equal(run(bin).status, 1)
})
