// addon-cache.test.ts on Windows, as far as wine is one: through the bootstrap, from an executable.

import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { ingotBuild } from '../support/commands.ts'
import { installed } from '../support/installed.ts'
import { THOROUGH } from '../support/thorough.ts'
import { runInWine } from '../support/wine.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/addon-cache', import.meta.url))

const PROGRAM = '/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/hostname.exe'

if (THOROUGH)
  test('addons and programs are used by their copies, which are made anew if they are damaged', async () => {
    const project = await installed(FIXTURE)
    const entry = path.join(project, 'main.mjs')
    copyFileSync(path.join(FIXTURE, 'main.mjs'), entry)
    const cwd = temporaryDirectory()
    const out = path.join(cwd, 'tool.exe')
    // Any program that ends well by itself.
    copyFileSync(PROGRAM, path.join(project, 'program.exe'))
    const include = ['--include', path.join(project, 'program.exe')]
    await ingotBuild([entry, ...include, '--target', 'win32-x64', '-o', out], { cwd })
    for (const args of [[], ['damage'], []]) {
      const { status, stdout, stderr } = await runInWine(out, args, { cwd })
      assert.deepEqual([status, stderr], [0, ''])
      const { masked, isNative, addons, programs, ...program } = JSON.parse(stdout)
      assert.deepEqual([masked, isNative], [[0, 3, 2, 5], true])
      assert.deepEqual(program, { status: 0 })
      assert.match(programs.join(), /^[0-9a-f]{32}\\program\.exe/)
      const place = /^[0-9a-f]{32}\\node_modules\\bufferutil\\prebuilds\\win32-x64\\bufferutil\.node$/
      assert(
        addons.some((name: string) => place.test(name)),
        addons.join(),
      )
    }
  })
