// Nothing outside changes what an executable is: each variable, file, argument and descriptor that would change plain
// node, its libraries or libc is tried on a program that prints all it can see of itself. It has to print the same as in
// an empty world, frozen and cold.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { ingotBuild, REPOSITORY } from '../support/commands.ts'
import { outcomeOf, printed, runInEmptyRoot, type Outcome, type RootOptions } from '../support/empty-root.ts'
import type { Files } from '../support/files.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** Everything that they name is in this root, and would be found. */
const HOSTILE_FILES: Files = {
  'hostile/preload.cjs': 'globalThis.hostilePreload = true; console.log("hostile")\n',
  'hostile/import.mjs': 'globalThis.hostileImport = true; console.log("hostile")\n',
  'hostile/hostile-package/index.js': 'module.exports = "hostile"\n',
  'hostile/library.so': 'not a library\n',
  'hostile/libc.so.6': 'not a library\n',
  'hostile/ca.pem': 'not a certificate\n',
  'hostile/hosts': '6.6.6.6 localhost hostile-alias\n',
  'hostile/aliases': 'hostile-alias localhost\n',
  'hostile/openssl.cnf':
    'nodejs_conf = x\nopenssl_conf = x\n[x]\nssl_conf = y\nproviders = p\n[p]\nhostile = h\n[h]\nmodule = /hostile/library.so\nactivate = 1\n[y]\nsystem_default = z\n[z]\nnot = an option\n',
  'work/above/.env': 'HOSTILE=1\nNODE_OPTIONS=--no-such-option\n',
  'work/.env': 'HOSTILE=1\n',
  'work/above/.env.local': 'HOSTILE=1\n',
  'work/above/.npmrc': 'node-options=--no-such-option\nscript-shell=/hostile/none\n',
  'work/package.json': '{ "type": "commonjs", "imports": { "#hostile": "./x.js" }, "main": ',
  'work/above/package.json': '{ not JSON',
  'work/above/tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": "no" } }',
  'work/above/node.config.json': '{ "nodeOptions": { "import": ["/hostile/import.mjs"] } }',
  'work/above/bunfig.toml': 'preload = ["/hostile/preload.cjs"]\n',
  'work/above/deno.json': '{}',
  'work/above/ingot.config.ts': 'throw new Error("hostile")\n',
  'work/above/index.js': 'console.log("hostile")\n',
  'work/above/hostile-package.js': 'module.exports = "hostile"\n',
  'work/above/node_modules/hostile-package/index.js': 'module.exports = "hostile"\n',
  'work/node_modules/hostile-package/index.js': 'module.exports = "hostile"\n',
  'node_modules/hostile-package/index.js': 'module.exports = "hostile"\n',
  'home/.node_modules/hostile-package/index.js': 'module.exports = "hostile"\n',
  'home/.node_libraries/hostile-library/index.js': 'module.exports = "hostile"\n',
  'home/.node_repl_history': '.exit\n',
  'home/.npmrc': 'node-options=--no-such-option\n',
  'home/.noderc': 'hostile\n',
  'home/.config/node/node.config.json': '{}',
  'lib/node/hostile-library/index.js': 'module.exports = "hostile"\n',
  'lib/node_modules/hostile-package/index.js': 'module.exports = "hostile"\n',
  'usr/local/lib/node/hostile-library/index.js': 'module.exports = "hostile"\n',
  'etc/ld.so.preload': '/hostile/library.so\n',
  'etc/ld.so.cache': 'not a cache\n',
  'etc/ld.so.conf': '/hostile\n',
  'etc/ssl/openssl.cnf':
    'openssl_conf = x\nnodejs_conf = x\n[x]\nssl_conf = y\n[y]\nsystem_default = z\n[z]\nnot = an option\n',
  'usr/lib/ssl/openssl.cnf':
    'nodejs_conf = x\n[x]\nssl_conf = y\n[y]\nsystem_default = z\n[z]\nnot = an option\n',
  'usr/local/ssl/openssl.cnf':
    'nodejs_conf = x\n[x]\nssl_conf = y\n[y]\nsystem_default = z\n[z]\nnot = an option\n',
  'etc/ssl/fips.cnf': 'hostile\n',
  'etc/gai.conf': 'not a rule\n',
  'etc/host.conf': 'multi on\n',
  'etc/nsswitch.conf': 'hosts: files hostile dns\npasswd: hostile\n',
  'etc/resolv.conf': 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n',
  'etc/hosts': '127.0.0.1 localhost\n',
  'etc/localtime': 'not a zone\n',
  'etc/locale.conf': 'LANG=tlh\n',
  'etc/environment': 'NODE_OPTIONS=--no-such-option\n',
  ...Object.fromEntries(
    [
      'libc.so.6',
      'libm.so.6',
      'libstdc++.so.6',
      'ld-linux-x86-64.so.2',
      'libnss_hostile.so.2',
      'libnss_files.so.2',
    ].flatMap((name) =>
      ['lib64', 'lib/x86_64-linux-gnu', 'usr/lib'].map((directory) => [
        `${directory}/${name}`,
        'not a library\n',
      ]),
    ),
  ),
  'usr/lib/locale/locale-archive': 'not an archive\n',
  'usr/lib/x86_64-linux-gnu/gconv/gconv-modules': 'module INTERNAL UTF-8// hostile 1\n',
  'usr/share/zoneinfo/UTC': 'not a zone\n',
}

/** Each would have an effect on plain node, its libraries or libc. WRITTEN is a directory that is to stay empty. */
const VARIABLES: Readonly<Record<string, string>> = {
  // ld.so, libc and libstdc++
  LD_PRELOAD: '/hostile/library.so',
  LD_LIBRARY_PATH: '/hostile',
  LD_AUDIT: '/hostile/library.so',
  LD_DEBUG: 'all',
  LD_DEBUG_OUTPUT: 'WRITTEN/ld',
  LD_SHOW_AUXV: '1',
  LD_TRACE_LOADED_OBJECTS: '1',
  LD_BIND_NOW: '1',
  LD_PROFILE: 'libc.so.6',
  LD_HWCAP_MASK: '0',
  LD_ORIGIN_PATH: '/hostile',
  GLIBC_TUNABLES: 'glibc.malloc.check=3:glibc.malloc.perturb=85:glibc.cpu.hwcaps=-AVX2_Usable',
  GLIBCXX_TUNABLES: 'glibcxx.eh_pool.obj_count=0',
  GLIBCXX_FORCE_NEW: '1',
  MALLOC_PERTURB_: '85',
  MALLOC_CHECK_: '3',
  MALLOC_TRACE: 'WRITTEN/trace',
  MALLOC_ARENA_MAX: '1',
  GCONV_PATH: '/hostile',
  LOCPATH: '/hostile',
  NLSPATH: '/hostile/%N',
  GETCONF_DIR: '/hostile',
  HOSTALIASES: '/hostile/aliases',
  LOCALDOMAIN: 'hostile',
  RES_OPTIONS: 'debug timeout:30 attempts:5',
  RESOLV_HOST_CONF: '/hostile/hosts',
  RESOLV_MULTI: 'on',
  NIS_PATH: '/hostile',
  // c-ares
  CARES_HOSTS: '/hostile/hosts',
  // OpenSSL
  OPENSSL_CONF: '/hostile/openssl.cnf',
  OPENSSL_CONF_INCLUDE: '/hostile',
  OPENSSL_MODULES: '/hostile',
  OPENSSL_ENGINES: '/hostile',
  OPENSSL_ia32cap: '0',
  OPENSSL_TRACE: 'ALL',
  OPENSSL_MALLOC_FAILURES: '1',
  OSSL_QFILTER: '*',
  QLOGDIR: 'WRITTEN',
  CTLOG_FILE: '/hostile/ca.pem',
  RANDFILE: '/hostile/ca.pem',
  LEGACY_GOST_PKCS12: '1',
  SSL_CERT_FILE: '/hostile/ca.pem',
  SSL_CERT_DIR: '/hostile',
  SSLKEYLOGFILE: 'WRITTEN/keys',
  // ICU, simdjson, simdutf, libuv
  ICU_DATA: '/hostile',
  ICU_TIMEZONE_FILES_DIR: '/hostile',
  ICU_ENABLE_TENTATIVE_ERA: 'true',
  SIMDJSON_FORCE_IMPLEMENTATION: 'fallback',
  SIMDUTF_FORCE_IMPLEMENTATION: 'fallback',
  UV_USE_IO_URING: '1',
  // node
  NODE_OPTIONS: '--require=/hostile/preload.cjs --import=/hostile/import.mjs --inspect=0 --expose-gc',
  NODE_PATH: '/hostile',
  NODE_EXTRA_CA_CERTS: '/hostile/ca.pem',
  NODE_USE_SYSTEM_CA: '1',
  NODE_USE_ENV_PROXY: '1',
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  NODE_DEBUG: 'fs,module,esm,x',
  NODE_DEBUG_NATIVE: 'MKSNAPSHOT',
  NODE_REDIRECT_WARNINGS: 'WRITTEN/warnings',
  NODE_NO_WARNINGS: '1',
  NODE_PENDING_DEPRECATION: '1',
  NODE_PENDING_PIPE_INSTANCES: '1',
  NODE_PRESERVE_SYMLINKS: '1',
  NODE_PRESERVE_SYMLINKS_MAIN: '1',
  NODE_V8_COVERAGE: 'WRITTEN/coverage',
  NODE_COMPILE_CACHE: 'WRITTEN/compile-cache',
  NODE_COMPILE_CACHE_PORTABLE: '1',
  NODE_DISABLE_COMPILE_CACHE: '1',
  NODE_ICU_DATA: '/hostile',
  NODE_SKIP_PLATFORM_CHECK: '1',
  NODE_TEST_CONTEXT: 'child-v8',
  NODE_TEST_WORKER_ID: '7',
  NODE_REPL_EXTERNAL_MODULE: '/hostile/preload.cjs',
  NODE_REPL_HISTORY: 'WRITTEN/history',
  NODE_CHANNEL_FD: '99',
  NODE_CHANNEL_SERIALIZATION_MODE: 'hostile',
  NODE_UNIQUE_ID: '1',
  WATCH_REPORT_DEPENDENCIES: '1',
  UNDICI_NO_WASM_SIMD: '1',
  // Of Ingot itself, where no fuse is open
  INGOT_RUN_AS_NODE: '1',
  '\u0001INGOT_CHILD': '1',
  '\u0001INGOT_FREEZE': '1',
  '\u0001INGOT_REHEARSE': '1',
  '\u0001INGOT_DEV': '1',
}

/** Of these the program gets nothing, not even to see them. */
const REMOVED = [
  ...[
    'NODE_DEBUG',
    'NODE_DEBUG_NATIVE',
    'NODE_V8_COVERAGE',
    'NODE_NO_WARNINGS',
    'NODE_TEST_CONTEXT',
    'NODE_TEST_WORKER_ID',
  ],
  ...['NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID'],
  ...['WATCH_REPORT_DEPENDENCIES', 'UNDICI_NO_WASM_SIMD', '\u0001INGOT_CHILD'],
]

/** Options of node, which are the program's arguments here. */
const ARGUMENTS: readonly (readonly string[])[] = [
  ['--inspect'],
  ['--inspect=0'],
  ['--inspect-brk=0'],
  ['--inspect-wait=0'],
  ['--inspect-port=0', 'x'],
  ['--eval', 'console.log("hostile")'],
  ['-e', 'console.log("hostile")'],
  ['-p', '1'],
  ['-pe', '1'],
  ['-r', '/hostile/preload.cjs'],
  ['--require=/hostile/preload.cjs'],
  ['--import=/hostile/import.mjs'],
  ['--experimental-loader=/hostile/import.mjs'],
  ['--env-file=/work/.env'],
  ['--experimental-config-file=/work/above/node.config.json'],
  ['--experimental-default-config-file'],
  ['--openssl-config=/hostile/openssl.cnf'],
  ['--icu-data-dir=/hostile'],
  ['--node-options=--require=/hostile/preload.cjs'],
  ['x', '--node-options=--version'],
  ['--expose-internals'],
  ['--no-disable-sigusr1'],
  ['--v8-options'],
  ['--version'],
  ['-v'],
  ['--help'],
  ['--permission'],
  ['--test'],
  ['--watch'],
  ['--run', 'x'],
  ['--check', '/hostile/preload.cjs'],
  ['--build-snapshot', '/hostile/preload.cjs'],
  ['--experimental-sea-config', '/hostile/x.json'],
  ['--prof'],
  ['--expose-gc'],
  ['--jitless'],
  ['--use-system-ca'],
  ['--tls-cipher-list=hostile'],
  ['--interactive'],
  ['--completion-bash'],
  ['--'],
  ['-'],
  ['inspect', '/hostile/preload.cjs'],
  ['/hostile/preload.cjs'],
  ['\u0001ingot-exec', 'x', 'x', 'x'],
]

interface Case {
  readonly args?: readonly string[]
  readonly argv0?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

interface Facts {
  /** All that has to be the same. */
  readonly same: unknown
  readonly args: readonly string[]
  readonly environment: readonly string[]
}

function readFacts({ status, signal, stdout, stderr }: Outcome): Facts {
  assert.deepEqual([status, signal], [0, null], stderr + stdout)
  const { args, environment, ...same } = JSON.parse(stdout) as Facts & Record<string, unknown>
  return { args, environment, same: { ...same, stderr: stderr.replaceAll(/\(node:\d+\)/g, '(node)') } }
}

const STARTS = { frozen: {}, cold: { INGOT_START: 'cold' } }

suite('nothing outside changes what an executable is', () => {
  const directory = temporaryDirectory()
  chmodSync(directory, 0o755)
  const program = path.join(directory, 'facts')
  const driver = path.join(directory, 'driver')
  const written = path.join(directory, 'written')
  const placed = (value: string) => value.replace('WRITTEN', written)
  let clean: unknown
  let cleanDeep: unknown

  /** In one root, so that a case costs nothing but its start. */
  async function runCases(cases: readonly Case[], options: RootOptions = {}): Promise<Outcome[]> {
    const defaults = { args: [], env: {}, cwd: '/' }
    const input = JSON.stringify({ program, cases: cases.map((one) => ({ ...defaults, ...one })) })
    const { stdout, stderr, status } = await runInEmptyRoot(driver, { ...options, input, binds: [directory] })
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout) as Outcome[]
  }

  before(async () => {
    mkdirSync(written)
    chmodSync(written, 0o777)
    const project = path.join(directory, 'project')
    cpSync(path.join(REPOSITORY, 'test/fixtures/sealed'), project, { recursive: true })
    const { start } = await ingotBuild(['main.mjs', '-o', program], { cwd: project })
    assert.equal(start.kind, 'frozen')
    await ingotBuild(['driver.mjs', '-o', driver, '--start', 'cold'], { cwd: project })
    const [plain, deep] = await runCases([{}, { env: { DEEP: '1' } }])
    clean = readFacts(plain!).same
    cleanDeep = readFacts(deep!).same
  })

  /** Each of the cases, frozen and cold. */
  function areUnchanged(
    cases: readonly (Case & { readonly title: string })[],
    options: RootOptions = {},
  ): void {
    for (const [kind, variables] of Object.entries(STARTS)) {
      suite(kind, () => {
        let outcomes: Outcome[] = []
        before(async () => {
          const given = cases.map((one) => ({ ...one, env: { ...variables, ...one.env } }))
          outcomes = await runCases(given, { files: HOSTILE_FILES, ...options })
        })
        cases.forEach(({ title, args = [], env = {} }, i) =>
          test(title, () => {
            const seen = readFacts(outcomes[i]!)
            assert.deepEqual(seen.same, env['DEEP'] ? cleanDeep : clean)
            assert.deepEqual(seen.args, args)
            const visible = Object.keys({ ...variables, ...env }).filter((name) => !REMOVED.includes(name))
            assert.deepEqual(seen.environment.toSorted(), visible.toSorted())
          }),
        )
      })
    }
  }

  suite('variables', () => {
    const each = Object.entries(VARIABLES).map(([name, value]) => ({
      title: JSON.stringify(name),
      env: { [name]: value },
    }))
    areUnchanged([
      ...each,
      { title: 'all of them, in a child and a worker too', env: { ...VARIABLES, DEEP: '1' } },
    ])
  })

  suite('arguments', () =>
    areUnchanged(ARGUMENTS.map((args) => ({ title: JSON.stringify(args.join(' ')), args }))),
  )
})
