import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { BuildError } from '../base/diagnostics.ts'
import { cacheRoot } from './cache-root.ts'
import { ownName } from '../base/owner.ts'
import { cached, prune, openEntry } from './cache.ts'
import { sha256 } from './hash.ts'
import { makeHome } from './loopback.fixture.ts'

/** A recipe that counts how often it is followed. */
function recipe(text: string) {
  const made = { times: 0 }
  const fill = async (dir: string) => {
    made.times++
    mkdirSync(join(dir, 'sub'))
    writeFileSync(join(dir, 'sub/file'), text)
  }
  return { made, fill }
}

test('an entry is made once and found again, with the hashes of its files', async (t) => {
  const { cacheDir } = makeHome(t)
  const { made, fill } = recipe('content')
  const first = await cached('key', fill, cacheDir)
  const second = await cached('key', fill, cacheDir)
  assert.equal(made.times, 1)
  assert.deepEqual(second, first)
  assert.deepEqual([...first.files], [['sub/file', sha256('content')]])
  assert.equal(readFileSync(join(first.dir, 'sub/file'), 'utf8'), 'content')
  assert.deepEqual(readdirSync(cacheDir), ['key'])
})

const DAMAGES: Record<string, (dir: string) => void> = {
  'a changed byte': (dir) => writeFileSync(join(dir, 'sub/file'), 'kontent'),
  'a cut-off file': (dir) => truncateSync(join(dir, 'sub/file'), 3),
  'a missing file': (dir) => rmSync(join(dir, 'sub/file')),
  'a damaged manifest': (dir) => truncateSync(join(dir, 'ingot-manifest.json'), 10),
  'a missing manifest': (dir) => rmSync(join(dir, 'ingot-manifest.json')),
  'a changed byte with the old mtime': (dir) => {
    const { atime, mtime } = statSync(join(dir, 'sub/file'))
    writeFileSync(join(dir, 'sub/file'), 'kontent')
    utimesSync(join(dir, 'sub/file'), atime, mtime)
  },
}

for (const [name, damage] of Object.entries(DAMAGES)) {
  test(`an entry with ${name} is made again`, async (t) => {
    const { cacheDir } = makeHome(t)
    const { made, fill } = recipe('content')
    damage((await cached('key', fill, cacheDir)).dir)
    assert.equal(await openEntry('key', cacheDir), undefined)
    const { dir } = await cached('key', fill, cacheDir)
    assert.equal(made.times, 2)
    assert.equal(readFileSync(join(dir, 'sub/file'), 'utf8'), 'content')
    assert.deepEqual(readdirSync(cacheDir), ['key'])
  })
}

test('a touched file is hashed once, and then believed', async (t) => {
  const { cacheDir } = makeHome(t)
  const { made, fill } = recipe('content')
  const { dir } = await cached('key', fill, cacheDir)
  utimesSync(join(dir, 'sub/file'), 1, 1)
  const manifest = () => readFileSync(join(dir, 'ingot-manifest.json'), 'utf8')
  const before = manifest()
  await cached('key', fill, cacheDir)
  const after = manifest()
  await cached('key', fill, cacheDir)
  assert.equal(made.times, 1)
  assert.notEqual(after, before)
  assert.equal(manifest(), after)
})

test('builds at the same time share the entry of the first', async (t) => {
  const { cacheDir } = makeHome(t)
  const { fill } = recipe('content')
  const entries = await Promise.all(Array.from({ length: 8 }, () => cached('key', fill, cacheDir)))
  for (const entry of entries) assert.deepEqual(entry, entries[0])
  assert.deepEqual(readdirSync(cacheDir), ['key'])
})

test('a failed recipe leaves nothing', async (t) => {
  const { cacheDir } = makeHome(t)
  const fill = async (dir: string) => {
    writeFileSync(join(dir, 'half'), '')
    throw new Error('no more')
  }
  await assert.rejects(cached('key', fill, cacheDir), /no more/)
  assert.deepEqual(readdirSync(cacheDir), [])
})

test('what a killed build left is removed, what a running one is making is not', async (t) => {
  const { cacheDir } = makeHome(t)
  const running = ownName()
  // Numbers of processes end below this one (proc(5), pid_max).
  const killed = running.replace(/^\d+/, '4194305')
  const dirs = [killed, running].map((name) => join(cacheDir, `.tmp-${name}`))
  for (const dir of dirs) mkdirSync(dir, { recursive: true })
  await cached('key', recipe('content').fill, cacheDir)
  assert.deepEqual(
    dirs.map((dir) => existsSync(dir)),
    [false, true],
  )
})

test('pruning keeps the newest of a kind', async (t) => {
  const { cacheDir } = makeHome(t)
  for (const [i, key] of ['a-1', 'a-2', 'a-3', 'b-1'].entries()) {
    await cached(key, recipe(key).fill, cacheDir)
    utimesSync(join(cacheDir, key), 1000 + i, 1000 + i)
  }
  prune('a-', 2, cacheDir)
  assert.deepEqual(readdirSync(cacheDir).toSorted(), ['a-2', 'a-3', 'b-1'])
})

test('pruning keeps what was used last, and what another build has just opened', async (t) => {
  const { cacheDir } = makeHome(t)
  const fills = (key: string) => cached(key, recipe(key).fill, cacheDir)
  for (const [i, key] of ['a-1', 'a-2', 'a-3'].entries()) {
    await fills(key)
    utimesSync(join(cacheDir, key), 1000 + i, 1000 + i)
  }
  await fills('a-1')
  prune('a-', 1, cacheDir)
  assert.deepEqual(readdirSync(cacheDir), ['a-1'])
  await fills('a-4')
  prune('a-', 1, cacheDir)
  assert.deepEqual(readdirSync(cacheDir).toSorted(), ['a-1', 'a-4'])
})

test('a cache that cannot be written says what to do', async (t) => {
  const { env, cacheDir } = makeHome(t)
  writeFileSync(env['XDG_CACHE_HOME'] ?? '', 'a file in the way')
  await assert.rejects(cached('key', recipe('').fill, cacheDir), (error: BuildError) => {
    assert.equal(error.code, 'CACHE_UNWRITABLE')
    assert.match(error.help ?? '', /XDG_CACHE_HOME/)
    return true
  })
})

test('a read-only cache works, even if its stamps are old', async (t) => {
  const { cacheDir } = makeHome(t)
  const { made, fill } = recipe('content')
  const { dir } = await cached('key', fill, cacheDir)
  utimesSync(join(dir, 'sub/file'), 1, 1)
  chmodSync(dir, 0o555)
  // Root may write everywhere.
  const isRoot = process.getuid?.() === 0
  for (let above = dirname(dir); above !== tmpdir(); above = dirname(above)) chmodSync(above, 0o755)
  if (isRoot) process.seteuid!(NOBODY)
  try {
    await cached('key', fill, cacheDir)
  } finally {
    if (isRoot) process.seteuid!(0)
    chmodSync(dir, 0o755)
  }
  assert.equal(made.times, 1)
})

const NOBODY = 65534

test('the cache is where XDG says', () => {
  assert.equal(cacheRoot({ XDG_CACHE_HOME: '/x', HOME: '/h' }), '/x/ingot')
  assert.equal(cacheRoot({ XDG_CACHE_HOME: 'relative', HOME: '/h' }), '/h/.cache/ingot')
  assert.equal(cacheRoot({ HOME: '/h' }), '/h/.cache/ingot')
})
