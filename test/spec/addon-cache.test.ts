// Where macOS and Windows load addons from, driven here with addons of this system: what is compared, written, refused
// and removed does not depend on it.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { before, test } from 'node:test'

import { AddonCache, type AddonCacheOptions } from '../../src/bootstrap/addon-cache.ts'
import { installAddons, placeNative } from '../../src/bootstrap/addons.ts'
import { Archive } from '../../src/bootstrap/vfs/archive.ts'
import { packArchive } from '../../src/payload/pack.ts'
import { REPOSITORY, run, runNode } from '../support/commands.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const directory = temporaryDirectory()
const ADDON = 'node_modules/addon/build/answer.node'
const LIBRARY = 'node_modules/library/lib/libanswer.so.1'
const inside = new Map<string, Buffer>()

/** An addon that finds its library by where both lie. */
before(async () => {
  const at = (name: string) => path.join(directory, name)
  fs.writeFileSync(at('library.c'), 'int answer(void) { return 42; }')
  fs.writeFileSync(
    at('addon.c'),
    `typedef struct env *napi_env; typedef struct value *napi_value;
    int napi_create_int32(napi_env, int, napi_value *); int answer(void);
    int napi_set_named_property(napi_env, napi_value, const char *, napi_value);
    napi_value napi_register_module_v1(napi_env env, napi_value exports) {
      napi_value value;
      napi_create_int32(env, answer(), &value);
      napi_set_named_property(env, exports, "answer", value);
      return exports;
    }`,
  )
  const gcc = async (...args: string[]) => {
    const { status, stderr } = await run('gcc', ['-shared', '-fPIC', ...args], { cwd: directory })
    assert.equal(status, 0, stderr)
  }
  await gcc('-Wl,-soname,libanswer.so.1', '-o', 'libanswer.so.1', 'library.c')
  await gcc('-o', 'answer.node', 'addon.c', 'libanswer.so.1', '-Wl,-rpath,$ORIGIN/../../library/lib')
  inside.set(ADDON, fs.readFileSync(at('answer.node'))).set(LIBRARY, fs.readFileSync(at('libanswer.so.1')))
})

function cacheIn(directories: readonly string[], options: Partial<AddonCacheOptions> = {}): AddonCache {
  return new AddonCache({
    files: fs,
    directories,
    set: 'abc123',
    native: [...inside.keys()],
    read: (file) => inside.get(file)!,
    ...options,
  })
}

let made = 0
const newDirectory = () => path.join(directory, `cache-${made++}`)

function load(file: string): Record<string, unknown> {
  const module = { exports: {} }
  process.dlopen(module, file)
  return module.exports
}

const modeOf = (file: string) => (fs.statSync(file).mode & 0o777).toString(8)

test('an addon is loaded with the library that lies beside it inside', () => {
  const cache = newDirectory()
  const place = cacheIn([cache]).place(ADDON)
  assert.equal(place, path.join(cache, 'abc123', ADDON))
  assert.deepEqual(load(place), { answer: 42 })
  assert.deepEqual(
    [cache, path.dirname(place), place, path.join(cache, 'abc123', LIBRARY)].map(modeOf),
    ['700', '700', '700', '700'],
    'nobody else may read or write',
  )
})

test('a large addon of a package is loaded', () => {
  const require = createRequire(createRequire(import.meta.url).resolve('rolldown'))
  const file = require.resolve(['@rolldown', 'binding-linux-x64-gnu'].join('/'))
  const bytes = fs.readFileSync(file)
  const cache = cacheIn([newDirectory()], { native: ['rolldown.node'], read: () => bytes })
  assert.equal(typeof load(cache.place('rolldown.node'))['BindingBundler'], 'function')
})

test('what is there already is not written again', () => {
  const cache = newDirectory()
  const stampOf = (file: string) => [fs.statSync(file).ino, fs.statSync(file).mtimeMs]
  const place = cacheIn([cache]).place(ADDON)
  const stamp = stampOf(place)
  assert.deepEqual(stampOf(cacheIn([cache]).place(ADDON)), stamp)
})

function flipByte(file: string): void {
  const bytes = fs.readFileSync(file)
  bytes[bytes.length - 1]! ^= 1
  fs.writeFileSync(file, bytes)
}

function replaceByLink(file: string): void {
  fs.rmSync(file)
  fs.symlinkSync('/etc/passwd', file)
}

for (const [what, change] of [
  ['was changed', flipByte],
  ['was cut off', (file: string) => fs.truncateSync(file, 100)],
  ['is gone', (file: string) => fs.rmSync(file)],
  ['is a link', replaceByLink],
] as const) {
  test(`a file that ${what} is written anew before anything is loaded`, () => {
    const cache = newDirectory()
    const place = cacheIn([cache]).place(ADDON)
    const library = path.join(cache, 'abc123', LIBRARY)
    change(library)
    assert.equal(cacheIn([cache]).place(ADDON), place)
    assert(fs.lstatSync(library).isFile())
    assert(fs.readFileSync(library).equals(inside.get(LIBRARY)!))
  })
}

test('a directory that others can write to is not used, and the next one is', () => {
  const [open, link, file, good] = [newDirectory(), newDirectory(), newDirectory(), newDirectory()]
  fs.mkdirSync(open)
  fs.chmodSync(open, 0o777)
  fs.symlinkSync(directory, link)
  fs.writeFileSync(file, '')
  assert.equal(cacheIn([open, link, file, good]).place(ADDON), path.join(good, 'abc123', ADDON))
  assert.throws(
    () => cacheIn([open, link, file]).place(ADDON),
    (error: NodeJS.ErrnoException) => {
      assert.equal(error.code, 'ERR_ADDON_CACHE')
      assert(error.message.includes(`${ADDON} has to be a file on the disk`))
      assert(error.message.includes(`${open}: others may write to it`))
      assert(error.message.includes(`${link}: it is not a directory`))
      assert(error.message.includes(`${file}: E`))
      return true
    },
  )
})

test('a full disk leaves nothing behind, and is said', () => {
  const cache = newDirectory()
  const full = {
    ...fs,
    writeSync: () => {
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    },
  }
  assert.throws(() => cacheIn([cache], { files: full }).place(ADDON), /ENOSPC/)
  const left = fs
    .readdirSync(cache, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
  assert.deepEqual(
    left.map(({ name }) => name),
    ['.used'],
  )
  assert.deepEqual(load(cacheIn([cache]).place(ADDON)), { answer: 42 })
})

test('where nothing takes the place of what is loaded, what another process has written is used', () => {
  const cache = newDirectory()
  const busy = {
    ...fs,
    // As on Windows: somebody was first, and has loaded it.
    renameSync: (from: string, to: string) => {
      fs.copyFileSync(from, to)
      throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' })
    },
  } as typeof fs
  const place = cacheIn([cache], { files: busy }).place(ADDON)
  assert.deepEqual(fs.readdirSync(path.dirname(place)), ['answer.node'])
})

test('a cache that was filled and made read-only is used', () => {
  const cache = newDirectory()
  cacheIn([cache]).place(ADDON)
  const readOnly = (code: string) => () => {
    throw Object.assign(new Error('read-only'), { code })
  }
  const files = {
    ...fs,
    openSync: readOnly('EROFS'),
    writeSync: readOnly('EROFS'),
    renameSync: readOnly('EROFS'),
  }
  assert.equal(cacheIn([cache], { files }).place(ADDON), path.join(cache, 'abc123', ADDON))
})

for (const isLimited of [false, true]) {
  test(`process.dlopen of a path inside loads the copy, of a program with${isLimited ? '' : 'out'} limits`, () => {
    const files = [...inside].map(([path, data]) => ({ path, data, mapped: true }))
    const native = { set: 'dlopen', files: [...inside.keys()] }
    const manifest = { ingot: '', entries: [], sourceMaps: false, native }
    const bytes = Buffer.concat(packArchive(files, [{ path: 'link.node', target: ADDON }], manifest).chunks)
    const archive = new Archive(new Uint8Array(bytes).buffer)
    const cache = newDirectory()
    const before = { dlopen: process.dlopen, cache: process.env['XDG_CACHE_HOME'] }
    process.env['XDG_CACHE_HOME'] = cache
    try {
      const internals = { requireBuiltin: createRequire(import.meta.url) }
      installAddons(archive, placeNative(internals, archive, native, isLimited))
      const copy = path.join(cache, 'ingot/addons/dlopen', ADDON)
      assert.equal(fs.existsSync(copy), isLimited, 'before anything of the program runs')
      assert.deepEqual(load(`/dev/null/app/${ADDON}`), { answer: 42 })
      assert.deepEqual(load('/dev/null/app/link.node'), { answer: 42 })
      assert.deepEqual(load(copy), { answer: 42 }, 'others are loaded as they are')
      assert.throws(() => load('/dev/null/app/none.node'), /cannot open shared object/)
    } finally {
      process.dlopen = before.dlopen
      if (before.cache === undefined) delete process.env['XDG_CACHE_HOME']
      else process.env['XDG_CACHE_HOME'] = before.cache
    }
  })
}

const AGE_MS = 31 * 24 * 60 * 60 * 1000

function makeOld(entry: string): void {
  const then = new Date(Date.now() - AGE_MS)
  fs.utimesSync(path.join(entry, '.used'), then, then)
}

test('what nobody has used for a month is removed when something new comes, and nothing else', () => {
  const cache = newDirectory()
  for (const set of ['old', 'young', 'used-again']) cacheIn([cache], { set }).place(ADDON)
  makeOld(path.join(cache, 'old'))
  makeOld(path.join(cache, 'used-again'))
  cacheIn([cache], { set: 'used-again' }).place(ADDON)
  assert.deepEqual(fs.readdirSync(cache).toSorted(), ['old', 'used-again', 'young'], 'nothing new yet')
  cacheIn([cache], { set: 'new' }).place(ADDON)
  assert.deepEqual(fs.readdirSync(cache).toSorted(), ['new', 'used-again', 'young'])
})

/** Of a process with a cache of its own in `cache`: `load()` gives the answer. */
const loader = (cache: string) => `
  const { AddonCache } = await import(${JSON.stringify(path.join(REPOSITORY, 'src/bootstrap/addon-cache.ts'))})
  const fs = await import('node:fs')
  const inside = { '${ADDON}': 'answer.node', '${LIBRARY}': 'libanswer.so.1' }
  const cache = new AddonCache({
    files: fs, directories: [${JSON.stringify(cache)}], set: 'running', native: Object.keys(inside),
    read: (file) => fs.readFileSync(inside[file]),
  })
  const load = () => {
    const module = { exports: {} }
    process.dlopen(module, cache.place('${ADDON}'))
    return module.exports.answer
  }
  console.log(load())`

test('a process goes on with what is removed under it, and loads it again', async () => {
  const cache = newDirectory()
  const script = `${loader(cache)}
  process.stdin.once('data', () => console.log(load()))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: directory,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said = child.stdout[Symbol.asyncIterator]()
  assert.equal(String((await said.next()).value), '42\n')
  makeOld(path.join(cache, 'running'))
  cacheIn([cache], { set: 'other' }).place(ADDON)
  assert(!fs.existsSync(path.join(cache, 'running')))
  child.stdin.end('again')
  assert.equal(String((await said.next()).value), '42\n')
  assert(fs.existsSync(path.join(cache, 'running', ADDON)))
})

test('many processes that are first at once all load it', async () => {
  const cache = newDirectory()
  const runs = Array.from({ length: 8 }, () =>
    runNode(['--input-type=module', '-e', loader(cache)], { cwd: directory }),
  )
  for (const { stdout, stderr } of await Promise.all(runs)) assert.deepEqual([stdout, stderr], ['42\n', ''])
  const names = fs.readdirSync(cache, { recursive: true, encoding: 'utf8' })
  assert.deepEqual(
    names.filter((name) => name.includes('.tmp-')),
    [],
  )
})
