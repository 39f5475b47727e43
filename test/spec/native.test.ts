// Native code is listed, judged and can be refused; `ingot why` says how it came in.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingot, ingotBuild, ingotFails } from '../support/commands.ts'
import { copyOfExample } from '../support/example.ts'

const ADDON = '@node-rs/argon2-linux-x64-gnu'

suite('native code', () => {
  const copied = copyOfExample('addon')
  const entry = 'main.ts'

  const configure = async (native: unknown) => {
    const project = await copied
    const file = path.join(project, 'package.json')
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as object
    writeFileSync(file, JSON.stringify({ ...manifest, ingot: { native } }))
    return project
  }

  test('is listed with its package, what it links to and what leads to it', async () => {
    const { native } = await ingotBuild([entry, '-o', 'out'], { cwd: await copied })
    const [addon] = native.filter((code) => code.package === ADDON)
    assert.ok(addon)
    assert.ok(addon.needs.includes('libc.so.6'))
    assert.equal(addon.chain[0], entry)
    assert.equal(addon.chain.at(-1), addon.path)
  })

  test('is refused on request, with the chain of imports and the pure alternative', async () => {
    const project = await configure('deny')
    const { status, error } = await ingotFails([entry, '-o', 'out'], { cwd: project })
    assert.deepEqual([status, error.code], [1, 'NATIVE_DENIED'])
    assert.match(error.message, new RegExp(`${entry} -> .*argon2`))
    assert.match(error.help ?? '', /@noble\/hashes/)
  })

  test('is allowed by name', async () => {
    const project = await configure([ADDON])
    const { native } = await ingotBuild([entry, '-o', 'out'], { cwd: project })
    assert.deepEqual([...new Set(native.map((code) => code.package))], [ADDON])
  })

  test('is explained by `ingot why`, as other files are', async () => {
    const project = await copied
    const { status, stdout } = await ingot(['why', ADDON, entry], { cwd: project })
    assert.equal(status, 0)
    assert.match(stdout, /argon2\.linux-x64-gnu\.node\n {2}embedded as an asset/)
    const module = await ingot(['why', entry, entry, '--json'], { cwd: project })
    const [first] = JSON.parse(module.stdout) as { state: string; because: string }[]
    assert.deepEqual([first?.state, typeof first?.because], ['kept as a file', 'string'])
    const absent = await ingot(['why', 'left-pad', entry], { cwd: project })
    assert.deepEqual([absent.status, /is not in the executable/.test(absent.stdout)], [1, true])
  })
})
