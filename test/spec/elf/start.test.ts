// Every way in which the kernel can be asked to start the executable, and what it does then.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'

import {
  buildFixture,
  needTool,
  NODE,
  outputOf,
  removeDirectory,
  run,
  skip,
  skipWithoutRoot,
  type Fixture,
} from './executable.fixture.ts'

let fixture: Fixture
before(async () => {
  if (!skip) fixture = await buildFixture('elf-start')
})
after(() => fixture && removeDirectory(fixture.directory))

/** A new directory with a second name of the executable in it. */
function freshCopy(): { directory: string; file: string } {
  const directory = mkdtempSync(path.join(fixture.directory, 'copy-'))
  chmodSync(directory, 0o755)
  const file = path.join(directory, 'hello')
  linkSync(fixture.file, file)
  return { directory, file }
}

test('by absolute path', { skip }, () => {
  assert.equal(outputOf(fixture.file, []), 'hello\n')
})

test('by relative path, loading later', { skip }, () => {
  const cwd = path.join(fixture.directory, 'project')
  assert.equal(outputOf('../hello', ['fetch-later'], { cwd }), 'loaded\n')
  assert.equal(outputOf('./hello', ['fetch-later'], { cwd: fixture.directory }), 'loaded\n')
})

test('through symbolic links, loading later', { skip }, () => {
  const { directory } = freshCopy()
  symlinkSync('hello', path.join(directory, 'link'))
  symlinkSync(path.join(directory, 'link'), path.join(directory, 'link-to-link'))
  assert.equal(outputOf(path.join(directory, 'link-to-link'), ['fetch-later']), 'loaded\n')
})

test('by a name that is looked up in PATH', { skip }, () => {
  assert.equal(outputOf('/usr/bin/env', [`PATH=${fixture.directory}`, 'hello', 'fetch-later']), 'loaded\n')
})

test('by an open descriptor', { skip }, () => {
  assert.equal(
    outputOf('/bin/sh', ['-c', 'exec 9<"$1"; exec /proc/self/fd/9 fetch-later', 'sh', fixture.file]),
    'loaded\n',
  )
})

// node repeats argv[0] where it reads options: the launcher takes the dashes of one that looks like an option.
for (const argv0 of [
  ' ',
  'node',
  '/no/such/file',
  'x'.repeat(5000),
  '-sh',
  '--version',
  '--node-options=--version',
  '--import=data:text/javascript,process.exit(1)',
]) {
  test(`with argv[0] "${argv0.slice(0, 20)}"`, { skip }, () => {
    const [seen, args] = JSON.parse(outputOf(fixture.file, ['arguments', 'a', '--b'], { argv0 })) as unknown[]
    assert.equal(seen, argv0.replace(/^-+/, ''))
    assert.deepEqual(args, ['arguments', 'a', '--b'])
  })
}

for (const args of [
  ['--version'],
  ['-e', '1'],
  ['--inspect'],
  ['--'],
  [''],
  ['--node-options=--version'],
  ['é', '\u{1f600}', ' '],
]) {
  test(`arguments ${JSON.stringify(args)} belong to the program`, { skip }, () => {
    const [, seen] = JSON.parse(outputOf(fixture.file, ['arguments', ...args])) as unknown[]
    assert.deepEqual(seen, ['arguments', ...args])
  })
}

for (const args of [
  ['\u0001ingot-run', '', '-e', 'process.exit(1)'],
  ['\u0001ingot-run', '', '/no/such/script.js'],
  ['\u0001ingot-runs', '--node-options=--version'],
  ['\u0001ingot-exec', 'main.js', 'x'],
]) {
  test(`arguments ${JSON.stringify(args)} belong to the program, too`, { skip }, () => {
    const { stdout } = run(fixture.file, args)
    assert.equal(stdout, '') // the program knows no such command
    assert.deepEqual(run(fixture.file, args).status, 0)
  })
}

test('after its file was deleted it still loads a module and an addon', { skip }, () => {
  const { file } = freshCopy()
  assert.equal(outputOf(file, ['unlinked', file]), 'loaded\n')
})

test('its exit status is the program’s', { skip }, () => {
  assert.equal(run(fixture.file, ['exit']).status, 7)
})

/** Runs it in a root directory that holds nothing else: no /proc, no /dev. */
function inEmptyRoot(
  args: readonly string[],
  { uid = 65534, readOnly = true, name = '/hello' } = {},
): string {
  const { directory, file } = freshCopy()
  chmodSync(file, 0o555)
  const script = `
    mount --bind "$1" "$1"
    [ "$2" = rw ] || mount -o remount,bind,ro "$1"
    [ "$2" = rw ] || ! touch "$1/x" 2>/dev/null
    root=$1 uid=$3
    shift 3
    exec env -i "$(command -v chroot)" --userspec=$uid:$uid --groups= "$root" "$@"`
  const options = ['-m', '/bin/sh', '-ec', script, 'sh', directory, readOnly ? 'ro' : 'rw', String(uid)]
  return outputOf('unshare', [...options, name, ...args])
}

test('in an empty, read-only root as nobody, file mode 0555', { skip: skipWithoutRoot }, () => {
  assert.equal(inEmptyRoot([]), 'hello\n')
  assert.equal(inEmptyRoot(['fetch-later']), 'loaded\n')
})

test('in an empty root by relative path', { skip: skipWithoutRoot }, () => {
  assert.equal(inEmptyRoot(['fetch-later'], { name: './hello' }), 'loaded\n')
})

test(
  'in an empty root after its file was deleted: neither /proc nor a name leads to it',
  { skip: skipWithoutRoot },
  () => {
    assert.equal(inEmptyRoot(['unlinked', '/hello'], { uid: 0, readOnly: false }), 'loaded\n')
  },
)

test('as a user who may execute the file but not read it', { skip: skipWithoutRoot }, () => {
  const { directory, file } = freshCopy()
  const unreadable = path.join(directory, 'unreadable')
  outputOf('cp', [file, unreadable])
  chmodSync(unreadable, 0o111)
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--']
  assert.notEqual(run('setpriv', [...nobody, 'head', '-c1', unreadable]).status, 0)
  assert.equal(outputOf('setpriv', [...nobody, unreadable, 'fetch-later']), 'loaded\n')
})

for (const closed of ['<&-', '>&-', '2>&-', '<&- >&-', '>&- 2>&-', '<&- 2>&-', '<&- >&- 2>&-']) {
  test(`with standard descriptors closed: ${closed}`, { skip }, () => {
    const start = (command: string) =>
      run('/bin/sh', ['-c', `exec "$@" ${closed}`, 'sh', ...command.split(' ')], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    assert.deepEqual(start(fixture.file), start(`${NODE} ${fixture.main}`))
    assert.equal(start(`${fixture.file} exit`).status, 7)
    assert.equal(start(`${fixture.file} fetch-later`).status, 0)
  })
}

test('with no environment variable at all, and it adds none', { skip }, () => {
  assert.equal(outputOf(fixture.file, [], { env: {} }), 'hello\n')
  assert.equal(outputOf(fixture.file, ['environment-size'], { env: {} }), '[0,0]\n')
})

test('with 1000 variables', { skip }, () => {
  const env = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`VARIABLE_${i}`, `value ${i}`]))
  const size = Object.values(env).join('').length
  assert.equal(outputOf(fixture.file, ['environment-size'], { env }), `[1000,${size}]\n`)
})

test('with values of 64 KiB, sealed ones among them', { skip }, () => {
  const names = [
    'A',
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'NODE_OPTIONS',
    'NODE_PATH',
    'GLIBC_TUNABLES',
    'OPENSSL_CONF',
    'B',
    'C',
    'D',
  ]
  const env = Object.fromEntries(
    names.map((name) => [
      name,
      name
        .repeat(65536 / 16)
        .padEnd(65536, 'x')
        .slice(0, 65536),
    ]),
  )
  assert.equal(outputOf(fixture.file, ['environment-size'], { env }), `[10,${10 * 65536}]\n`)
})

/** Each makes plain node do something else, or say something. */
function hostileEnvironment(): Record<string, string> {
  const directory = path.join(fixture.directory, 'hostile')
  mkdirSync(directory, { recursive: true })
  const script = (name: string, content: string) => {
    const file = path.join(directory, name)
    outputOf('/bin/sh', ['-c', 'printf %s "$2" > "$1"', 'sh', file, content])
    return file
  }
  script('libc.so.6', 'not a library')
  const preload = script('evil.so', 'not a library either')
  return {
    LD_PRELOAD: preload,
    LD_LIBRARY_PATH: directory,
    LD_AUDIT: preload,
    LD_DEBUG: 'all',
    LD_SHOW_AUXV: '1',
    LD_TRACE_LOADED_OBJECTS: '1',
    LD_BIND_NOW: '1',
    LD_PROFILE: 'libc.so.6',
    GLIBC_TUNABLES: 'glibc.malloc.check=3:glibc.malloc.perturb=85:glibc.rtld.nns=1',
    MALLOC_PERTURB_: '85',
    GCONV_PATH: directory,
    NODE_OPTIONS: `--require=${script('x.js', 'console.log("hostile")')}`,
    NODE_PATH: directory,
    NODE_EXTRA_CA_CERTS: '/no/such/file',
    NODE_DEBUG: 'fs,module,esm',
    NODE_DEBUG_NATIVE: 'MKSNAPSHOT',
    NODE_REDIRECT_WARNINGS: path.join(directory, 'warnings'),
    NODE_PENDING_DEPRECATION: '1',
    NODE_V8_COVERAGE: path.join(directory, 'coverage'),
    NODE_COMPILE_CACHE: path.join(directory, 'compile-cache'),
    NODE_ICU_DATA: directory,
    OPENSSL_CONF: script(
      'openssl.cnf',
      'nodejs_conf = x\n[x]\nssl_conf = y\n[y]\nsystem_default = z\n[z]\nnot = an option\n',
    ),
    OPENSSL_MODULES: directory,
    OPENSSL_ENGINES: directory,
    SSL_CERT_FILE: '/no/such/file',
    SSL_CERT_DIR: '/no/such/directory',
    SSLKEYLOGFILE: path.join(directory, 'keys'),
  }
}

test('hostile variables change nothing, but the program and its children see them', { skip }, () => {
  const hostile = hostileEnvironment()
  const names = Object.keys(hostile)
  const files = outputOf('find', [fixture.directory])
  for (const env of [hostile, ...names.map((name) => ({ [name]: hostile[name] }))]) {
    assert.equal(outputOf(fixture.file, [], { env }), 'hello\n', Object.keys(env).join())
    assert.equal(outputOf(fixture.file, ['fetch-later'], { env }), 'loaded\n', Object.keys(env).join())
  }
  // What node's own JavaScript would read later.
  const { NODE_DEBUG: _, NODE_DEBUG_NATIVE: _native, NODE_V8_COVERAGE: _coverage, ...visible } = hostile
  assert.deepEqual(JSON.parse(outputOf(fixture.file, ['environment', ...names], { env: hostile })), visible)
  assert.equal(outputOf('find', [fixture.directory]), files, 'something was written')

  const harmless = {
    NODE_PATH: '/x',
    SSL_CERT_FILE: '/y',
    LD_LIBRARY_PATH: '/z',
    OPENSSL_CONF: '/w',
    MALLOC_ARENA_MAX: '2',
  }
  const seen = outputOf(fixture.file, ['child-environment'], { env: harmless }).trim().split('\n')
  assert.deepEqual(
    seen.toSorted(),
    Object.entries(harmless)
      .map(([name, value]) => `${name}=${value}`)
      .toSorted(),
  )
})

test('the hostile variables are hostile: plain node does not survive them unchanged', { skip }, () => {
  const hostile = hostileEnvironment()
  for (const name of [
    'LD_PRELOAD',
    'LD_DEBUG',
    'LD_LIBRARY_PATH',
    'NODE_OPTIONS',
    'NODE_DEBUG',
    'NODE_V8_COVERAGE',
  ]) {
    const { status, stdout, stderr } = spawnSync(NODE, ['-p', '1'], {
      env: { [name]: hostile[name] },
      encoding: 'utf8',
    })
    const wrote = name === 'NODE_V8_COVERAGE' && existsSync(hostile[name]!)
    assert(status !== 0 || stdout !== '1\n' || stderr !== '' || wrote, name)
  }
})

/** The program's and plain node's output of the same command. */
function both(command: string): [ours: string, theirs: string] {
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  const options = { stdio: [...stdio] }
  return [outputOf(fixture.file, [command], options), outputOf(NODE, [fixture.main, command], options)]
}

/** A frozen process has node's own descriptors from 100 on, and no rings that it shares with the kernel. */
const kindsOf = (list: string): string[] =>
  list
    .split('\n')
    .map((line) => line.replace(/^\d+ /, ''))
    .filter((kind) => !kind.includes('io_uring'))
    .toSorted()

for (const command of ['descriptors', 'child-descriptors', 'descriptors-after-load']) {
  test(`${command}: the same descriptors are open as under plain node`, { skip }, () => {
    const [ours, theirs] = both(command)
    assert.deepEqual(kindsOf(ours), kindsOf(theirs))
    assert.doesNotMatch(ours, /hello|memfd/)
  })
}

/**
 * All that a start looks at by name, besides the executable. It is what plain node looks at, too, and
 * nothing of it is needed: see the empty root.
 */
const ALLOWED = [
  /^\/proc\/self\/exe$/, // the launcher, for the shared libraries; libuv, for process.execPath
  /^\/proc\/self\/maps$/, // glibc's pthread_getattr_np; V8, for the place of its builtins
  /^\/proc\/self\/cgroup$/, // libuv, for the limit of memory, like the next ones
  /^\/proc\/meminfo$/,
  /^\/sys\/fs\/cgroup\/(?:[^/]+\/)*memory\.(?:max|high|limit_in_bytes|soft_limit_in_bytes)$/,
  /^\/proc\/version_signature$/, // libuv, for whether the kernel’s io_uring is sound
  /^\/sys\/devices\/system\/cpu\/online$/, // glibc’s get_nprocs
  /^\/sys\/devices\/system\/cpu\/cpu0\/tsc_freq_khz$/, // abseil’s clock, in V8
  /^\/dev\/null$/, // libuv’s reserve against EMFILE, when standard output is a pipe
]

/** What the addon of fetch-later asks for by itself: mimalloc and Rust’s standard library in rolldown. */
const ALLOWED_FOR_ADDON = [/^\/proc\/(?:cpuinfo|sys\/vm\/overcommit_memory)$/, /^\/sys\//, /^\/dev\/urandom$/]

for (const [command, allowed] of [
  ['hello', ALLOWED],
  ['fetch-later', [...ALLOWED, ...ALLOWED_FOR_ADDON]],
] as const) {
  test(
    `strace of ${command}: nothing outside the executable is looked at, nothing is connected to`,
    { skip },
    () => {
      needTool('strace', 'strace')
      const log = path.join(fixture.directory, `strace-${command}`)
      const options = [
        '-f',
        '-qq',
        '-o',
        log,
        '-s',
        '4096',
        '-e',
        'trace=%file,%network',
        '-e',
        'signal=none',
      ]
      outputOf('strace', [...options, fixture.file, command])
      const calls = readFileSync(log, 'utf8').split('\n').filter(Boolean)
      assert(
        calls.some((call) => call.includes('execve(')),
        'strace saw the start',
      )

      const named = calls.flatMap((call) => {
        const [, name, file] = /^\d+\s+(\w+)\([^"]*"([^"]*)"/.exec(call) ?? []
        return name === undefined || name === 'getcwd' || file === '' ? [] : [{ name, file: file! }]
      })
      const strange = named.filter(
        ({ file }) => file !== fixture.file && !allowed.some((pattern) => pattern.test(file)),
      )
      assert.deepEqual(strange, [])
      assert.deepEqual(
        calls.filter((call) => /\b(?:connect|bind|sendto|sendmsg)\(/.test(call)),
        [],
      )
    },
  )
}
