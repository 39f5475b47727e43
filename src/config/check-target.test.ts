import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import type { UserConfig } from './config.ts'
import { temporaryProject } from './project.fixture.ts'
import { resolveConfig } from './resolve-config.ts'

for (const [target, ingot, code] of [
  ['linux-arm64', { fuses: { inspector: true } }, undefined],
  ['win32-x64', { fuses: { inspector: true } }, 'FUSE_TARGET'],
  ['darwin-arm64', { fuses: { coreDumps: false } }, 'FUSE_TARGET'],
  ['darwin-x64', { codeFromDisk: 'deny', fuses: { coldStart: false } }, undefined],
  ['win32-arm64', { contract: { enforce: true } }, 'CONTRACT_TARGET'],
  ['win32-x64', { contract: { env: { PORT: 'port' } } }, undefined],
] as const satisfies readonly [string, UserConfig, string | undefined][]) {
  test(`${JSON.stringify(ingot)} for ${target} is ${code ?? 'accepted'}`, async (t) => {
    const cwd = temporaryProject(t, { 'package.json': { name: 'n', ingot }, 'main.ts': '' })
    const resolved = resolveConfig({ target }, { cwd })
    if (code) await assert.rejects(resolved, { code })
    else assert.equal((await resolved).config.target, target)
  })
}

test('what Windows is told is merged key by key, and for Windows only', async (t) => {
  const cwd = temporaryProject(t, {
    'package.json': { name: 'n', ingot: { windows: { icon: 'a.ico', version: { CompanyName: 'Ada' } } } },
    'ingot.config.mjs': `export default { windows: { subsystem: 'gui' } }`,
    'main.ts': '',
  })
  const { config } = await resolveConfig({ target: 'win32-x64' }, { cwd })
  assert.deepEqual(config.windows, {
    icon: join(cwd, 'a.ico'),
    version: { CompanyName: 'Ada' },
    subsystem: 'gui',
  })
  assert.equal((await resolveConfig({ target: 'linux-x64' }, { cwd })).config.windows, undefined)
})
