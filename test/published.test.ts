// What a user gets from npm: the package is packed, installed into an empty project, and used there.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'

import { THOROUGH } from './support/thorough.ts'

const ROOT = path.join(import.meta.dirname, '..')

suite('the published package', { skip: !THOROUGH && 'with CI only' }, () => {
  const project = mkdtempSync(path.join(tmpdir(), 'ingot-published-'))
  // npx starts what "node" means: the one that runs the tests.
  const env = {
    ...process.env,
    PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
    NODE_TEST_CONTEXT: undefined,
  }
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: project, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  let packed: { filename: string; files: { path: string }[] }

  before(() => {
    const output = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', project], {
      cwd: ROOT,
      env,
      encoding: 'utf8',
    })
    ;[packed] = JSON.parse(output.slice(output.search(/^\[$/m))) as [typeof packed]
    writeFileSync(
      path.join(project, 'package.json'),
      JSON.stringify({ name: 'project', private: true, type: 'module' }),
    )
    writeFileSync(
      path.join(project, 'hello.ts'),
      "const name: string = 'world'\nconsole.log(`hello ${name}`)\n",
    )
    run('npm', 'install', '--silent', '--no-audit', '--no-fund', '--prefer-offline', `./${packed.filename}`)
  })
  after(() => rmSync(project, { recursive: true, force: true }))

  test('holds what it runs, and no sources', () => {
    const names = packed.files.map((file) => file.path)
    for (const name of [
      'bin/ingot.mjs',
      'dist/index.js',
      'dist/cli.js',
      'dist/bootstrap.js',
      'dist/bootstrap-win32.js',
      'dist/code-cache-worker.js',
      'dist/native.js',
      'dist/rebuild.js',
      'dist/report-page.js',
    ]) {
      assert.ok(names.includes(name), name)
    }
    assert.ok(names.includes('launcher/prebuilt/linux-x64/launcher.bin'))
    assert.ok(names.includes('launcher/prebuilt/linux-arm64/launcher.bin'))
    assert.ok(names.includes('LICENSE'))
    assert.deepEqual(
      names.filter((name) => /^(?:src|test|examples)\/|\.c$/.test(name)),
      [],
    )
  })

  test('builds a program from the command line', () => {
    run('npx', '--no-install', 'ingot', 'build', 'hello.ts', '--quiet', '-o', 'by-command')
    assert.equal(run('./by-command'), 'hello world\n')
  })

  test('builds itself', () => {
    run('npx', '--no-install', 'ingot', 'build', 'node_modules/ingot', '--quiet', '-o', 'ingot')
    run('./ingot', 'build', 'hello.ts', '--quiet', '-o', 'by-itself')
    assert.equal(run('./by-itself'), 'hello world\n')
    assert.equal(run('./ingot', 'run', 'hello.ts'), 'hello world\n')
  })

  test('gives the same bytes as a clone, and as it does itself as an executable, and proves it', () => {
    const flags = ['hello.ts', '--quiet', '--start', 'cold', '--verify-reproducible', '-o']
    run('npx', '--no-install', 'ingot', 'build', ...flags, 'by-package')
    run('./ingot', 'build', ...flags, 'by-executable')
    run(process.execPath, path.join(ROOT, 'bin/ingot.mjs'), 'build', ...flags, 'by-clone')
    const [first, ...others] = ['by-package', 'by-executable', 'by-clone'].map((name) =>
      readFileSync(path.join(project, name)),
    )
    for (const other of others) assert.ok(first!.equals(other))
    run('./ingot', 'report', 'by-package', '-o', 'report.html')
    assert.match(readFileSync(path.join(project, 'report.html'), 'utf8'), /^<!doctype html>/)
  })

  test('builds the same program from the API', () => {
    writeFileSync(
      path.join(project, 'api.mjs'),
      `import { build } from 'ingot'
       const { size, diagnostics } = await build({ entry: 'hello.ts', out: 'by-api' })
       console.log(JSON.stringify({ isExecutable: size > 100e6, diagnostics }))`,
    )
    assert.equal(run('node', 'api.mjs'), '{"isExecutable":true,"diagnostics":[]}\n')
    assert.ok(
      readFileSync(path.join(project, 'by-api')).equals(readFileSync(path.join(project, 'by-command'))),
    )
  })

  test('has types, for ingot.config.ts too', () => {
    writeFileSync(
      path.join(project, 'ingot.config.ts'),
      "import { defineConfig } from 'ingot'\nexport default defineConfig({ entry: 'hello.ts', minify: true })\n",
    )
    const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--types', '']
    run('npx', '--no-install', 'tsc', ...strict, 'ingot.config.ts')
    writeFileSync(
      path.join(project, 'wrong.ts'),
      "import { defineConfig } from 'ingot'\ndefineConfig({ minfy: true })\n",
    )
    const { stdout } = spawnSync('npx', ['--no-install', 'tsc', ...strict, 'wrong.ts'], { cwd: project, env })
    assert.match(stdout.toString(), /wrong\.ts.*TS\d+.*minfy/)
    run('npx', '--no-install', 'ingot', 'build', '--check', '--quiet', '-o', 'by-config')
    assert.equal(run('./by-config'), 'hello world\n')
  })
})
