// `ingot fuse` shows the fuses of an executable and changes them; and how a build sets them.

import assert from 'node:assert/strict'
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { ingot, ingotBuild, ingotFails, run, type CommandOptions } from '../support/commands.ts'
import { DevSession } from '../support/dev-session.ts'
import type { Outcome } from '../support/empty-root.ts'
import { writeFiles } from '../support/files.ts'
import { HELLO, makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

const DEFAULTS = {
  runAsNode: false,
  inspector: false,
  nodeOptions: false,
  systemCa: false,
  extraCa: false,
  codeFromDisk: true,
  coreDumps: true,
  coldStart: true,
  signature: false,
}

suite('ingot fuse', () => {
  const directory = temporaryDirectory()
  const file = path.join(directory, 'program')

  before(async () => {
    await ingotBuild(['main.ts', '-o', file, '--start', 'cold'], { cwd: makeProject(directory) })
  })

  const fuse = (args: readonly string[], options?: CommandOptions): Promise<Outcome> =>
    ingot(['fuse', ...args], options)
  async function fuses(...args: string[]): Promise<Record<string, unknown>> {
    const { stdout, status, stderr } = await fuse([...args, '--json'])
    assert.equal(status, 0, stderr + stdout)
    return JSON.parse(stdout) as Record<string, unknown>
  }
  async function fails(
    args: readonly string[],
  ): Promise<{ code: string; at?: { file: string; offset?: number }; help?: string }> {
    const names = readdirSync(directory)
    const { stdout, status } = await fuse([...args, '--json'])
    assert.notEqual(status, 0)
    assert.deepEqual(readdirSync(directory), names, 'no temporary files')
    return (JSON.parse(stdout) as { error: Awaited<ReturnType<typeof fails>> }).error
  }

  test('shows them', async () => {
    assert.deepEqual(await fuses(file), {
      file,
      fuses: DEFAULTS,
      changed: [],
      hasLostSignature: false,
    })
    const { stdout } = await fuse([file])
    assert.match(stdout, /^runAsNode +off  INGOT_RUN_AS_NODE=1 makes it node$/m)
    assert.match(stdout, /^codeFromDisk +on  /m)
  })

  test('changes what is named, and nothing else of the file', async () => {
    const before = readFileSync(file)
    const changed = await fuses(file, 'inspector=on', 'coldStart=off', 'coreDumps=on')
    assert.deepEqual(changed, {
      file,
      fuses: { ...DEFAULTS, inspector: true, coldStart: false },
      changed: ['inspector', 'coldStart'],
      hasLostSignature: false,
    })
    assert.equal((await run(file, [])).stdout, 'hello from ingot\n')
    const { stdout } = await fuse([file, 'inspector=off'])
    assert.match(stdout, /^inspector +off .*\(was on\)$/m)
    await fuses(file, 'coldStart=on')
    assert(readFileSync(file).equals(before))
  })

  test('keeps mode and link, and leaves the file alone where nothing changes', async () => {
    const link = path.join(directory, 'link')
    symlinkSync('program', link)
    chmodSync(file, 0o751)
    const { ino } = statSync(file)
    assert.deepEqual((await fuses(link, 'runAsNode=off'))['changed'], [])
    assert.equal(statSync(file).ino, ino)
    assert.deepEqual((await fuses(link, 'runAsNode=on'))['changed'], ['runAsNode'])
    assert(lstatSync(link).isSymbolicLink())
    assert.notEqual(statSync(file).ino, ino)
    assert.equal(statSync(file).mode & 0o7777, 0o751)
    await fuses(file, 'runAsNode=off')
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.startsWith('.')),
      [],
    )
  })

  test('refuses what is no executable of Ingot', async () => {
    const other = path.join(directory, 'other')
    writeFileSync(other, '#!/bin/sh\n')
    assert.partialDeepStrictEqual(await fails([other, 'inspector=on']), {
      code: 'IMAGE_NOT_ELF',
      at: { file: other, offset: 0 },
    })
    copyFileSync('/bin/sh', other)
    assert.partialDeepStrictEqual(await fails([other]), { code: 'IMAGE_NOT_INGOT', at: { file: other } })
    copyFileSync(file, other)
    truncateSync(other, 1_000_000)
    assert.partialDeepStrictEqual(await fails([other, 'inspector=on']), {
      code: 'IMAGE_NOT_INGOT',
      at: { file: other },
    })
    assert.equal((await fails([path.join(directory, 'none')])).code, 'FUSE_UNREADABLE')
    assert.equal((await fails([directory])).code, 'FUSE_UNREADABLE')
  })

  test('refuses what cannot be', async () => {
    const names = [
      [['inspektor=on'], 'CLI_UNKNOWN_FUSE', 'Did you mean inspector?'],
      [['inspector'], 'CLI_OPTION_VALUE', 'Write inspector=on or inspector=off.'],
      [['inspector=1'], 'CLI_OPTION_VALUE', 'Write inspector=on or inspector=off.'],
      [['runAsNode=on', 'codeFromDisk=off'], 'FUSES_CONTRADICTORY', 'close runAsNode, or open codeFromDisk'],
      [
        ['nodeOptions=on', 'codeFromDisk=off'],
        'FUSES_CONTRADICTORY',
        'close nodeOptions, or open codeFromDisk',
      ],
    ] as const
    for (const [words, code, help] of names) {
      assert.partialDeepStrictEqual(await fails([file, ...words]), { code, help })
    }
    assert.equal((await fails([])).code, 'CLI_ARGUMENT')
    assert.deepEqual((await fuses(file))['fuses'], DEFAULTS)
  })

  suite('a build', () => {
    const project = (ingot: object) =>
      makeProject(directory, { ...HELLO, 'package.json': { name: 'hello', type: 'module', ingot } })

    test('sets them by the configuration and the command line', async () => {
      const cwd = project({ codeFromDisk: 'deny', fuses: { systemCa: true, coldStart: false } })
      const { out, start } = await ingotBuild(
        ['main.ts', '-o', 'out', '--fuse', 'extraCa', '--fuse', 'systemCa=off'],
        { cwd },
      )
      assert.equal(start.kind, 'frozen')
      assert.deepEqual((await fuses(out))['fuses'], {
        ...DEFAULTS,
        extraCa: true,
        codeFromDisk: false,
        coldStart: false,
      })
    })

    if (THOROUGH)
      test('leaves out what only addons need, where none can come, and that stays so', async () => {
        const cwd = project({ codeFromDisk: 'deny', native: 'deny' })
        const { out, size, start } = await ingotBuild(['main.ts', '-o', 'out'], { cwd })
        assert.equal(start.kind, 'frozen')
        const whole = await ingotBuild(['main.ts', '-o', 'whole'], { cwd: project({ codeFromDisk: 'deny' }) })
        assert.ok(whole.size - size > 3e6, `${size} and ${whole.size} bytes`)
        const before = await run(out, [])
        assert.equal(before.status, 0, before.stderr)
        assert.deepEqual(await run(out, [], { env: { INGOT_START: 'cold' } }), before)
        assert.partialDeepStrictEqual(await fails([out, 'codeFromDisk=on']), {
          code: 'FUSE_EXPORTS',
          help: 'build it with "codeFromDisk": "allow"',
        })
        await fuses(out, 'coreDumps=off')
        assert.deepEqual(await run(out, []), before)
        for (const command of ['verify', 'inspect']) assert.equal((await ingot([command, out])).status, 0)
      })

    if (THOROUGH)
      test('freezes no process where no start would go on from it', async () => {
        const cwd = project({ fuses: { systemCa: true } })
        const { start } = await ingotBuild(['main.ts', '-o', 'out'], { cwd })
        assert.deepEqual(start, { kind: 'cold', reason: 'with the fuse systemCa it starts cold' })
        const { error } = await ingotFails(['main.ts', '-o', 'out', '--start', 'frozen'], { cwd })
        assert.equal(error.code, 'START_NOT_FROZEN')
      })

    test('refuses what cannot be', async () => {
      const contradictory = project({ codeFromDisk: 'deny', fuses: { runAsNode: true } })
      assert.equal((await ingotFails(['main.ts'], { cwd: contradictory })).error.code, 'FUSES_CONTRADICTORY')
      const unknown = await ingotFails(['main.ts'], { cwd: project({ fuses: { inspektor: true } }) })
      assert.deepEqual(
        [unknown.error.code, unknown.error.help],
        ['CONFIG_UNKNOWN_KEY', 'Did you mean "inspector"?'],
      )
      const invalid = await ingotFails(['main.ts'], { cwd: project({ fuses: { inspector: 'on' } }) })
      assert.equal(invalid.error.message, '"ingot.fuses.inspector" must be true or false')
    })
  })

  if (THOROUGH)
    test('run and dev go by them, too, and dev by what they become', async (t) => {
      const outside = path.join(directory, 'outside.mjs')
      writeFileSync(outside, 'export default 1\n')
      const load = `import(${JSON.stringify(outside)}).then(() => 'loaded', (error) => error.code)`
      const configured = (fuses: object) => ({ name: 'app', type: 'module', ingot: { fuses } })
      const cwd = makeProject(directory, {
        'package.json': configured({ codeFromDisk: false }),
        'main.mjs': `console.log('it is', await ${load})\n`,
      })
      assert.equal((await ingot(['run', 'main.mjs'], { cwd })).stdout, 'it is ERR_CODE_FROM_DISK\n')
      assert.equal(
        (await ingot(['run', '--fuse', 'codeFromDisk', 'main.mjs'], { cwd })).stdout,
        'it is loaded\n',
      )

      const dev = new DevSession(['main.mjs'], { cwd })
      t.after(() => dev.end())
      await dev.says(/it is ERR_CODE_FROM_DISK/, 'stdout')
      writeFiles(cwd, { 'package.json': configured({ codeFromDisk: true }) })
      await dev.says(/it is loaded/, 'stdout')
    })
})
