// Executables for macOS, where there is no Mac: LLVM reads them as it reads node itself, dyld's tables in them say what
// node's own say, and every page has the hash that its signature says.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { assemble } from '../../src/image/macho/assembled.fixture.ts'
import { linkMachO } from '../../src/image/macho/link.ts'
import { readMachO } from '../../src/image/macho/read.ts'
import { FUSE } from '../../src/image/macho/synthetic.fixture.ts'
import { makeBlob } from '../../src/image/elf/synthetic.fixture.ts'
import { readSeaBlob } from '../../src/image/sea.ts'
import { resolveRuntime } from '../../src/runtimes/node.ts'
import { ingot, ingotBuild, ingotFails, run } from '../support/commands.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'
import { writeNodeWithBlob } from '../support/without-launcher.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/without-launcher', import.meta.url))

/** What a tool of LLVM prints, without the first line, which is the file's name; it has nothing to complain about. */
async function llvm(tool: string, args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(`llvm-${tool}-19`, args)
  assert.equal(stderr, '', `${tool} ${args.join(' ')}`)
  assert.equal(status, 0)
  return stdout.slice(stdout.indexOf('\n') + 1)
}

interface CodeDirectory {
  readonly codeLimit: number
  readonly flags: number
  readonly identifier: string
  /** Hex; negative slots are special. */
  hashAt(slot: number): string
}

/** Read as kern/cs_blobs.h says, and by nothing of Ingot. */
function readSignature(
  file: Buffer,
  offset: number,
): { directory: CodeDirectory; blobs: Map<number, Buffer> } {
  const blobs = new Map<number, Buffer>()
  for (let i = 0; i < file.readUInt32BE(offset + 8); i++) {
    const start = offset + file.readUInt32BE(offset + 16 + 8 * i)
    blobs.set(
      file.readUInt32BE(offset + 12 + 8 * i),
      file.subarray(start, start + file.readUInt32BE(start + 4)),
    )
  }
  const bytes = blobs.get(0)!
  const hashes = bytes.readUInt32BE(16)
  const identifier = bytes.readUInt32BE(20)
  return {
    blobs,
    directory: {
      codeLimit: bytes.readUInt32BE(32),
      flags: bytes.readUInt32BE(12),
      identifier: bytes.toString('latin1', identifier, bytes.indexOf(0, identifier)),
      hashAt: (slot) => bytes.toString('hex', hashes + 32 * slot, hashes + 32 * slot + 32),
    },
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** All of them: what the kernel compares when it maps the pages. */
function assertSigned(file: Buffer, offset: number): ReturnType<typeof readSignature> {
  const signature = readSignature(file, offset)
  const { directory, blobs } = signature
  assert.equal(directory.codeLimit, offset)
  for (let page = 0; page * 4096 < offset; page++) {
    const hash = sha256(file.subarray(page * 4096, Math.min(page * 4096 + 4096, offset)))
    assert.equal(hash, directory.hashAt(page), `page ${page}`)
  }
  for (const slot of [2, 5, 7])
    assert.equal(sha256(blobs.get(slot)!), directory.hashAt(-slot), `slot ${slot}`)
  return signature
}

for (const target of ['darwin-arm64', 'darwin-x64'] as const) {
  if (THOROUGH || target === 'darwin-arm64')
    suite(target, () => {
      const directory = temporaryDirectory()
      let file = ''
      let node = ''
      before(async () => {
        const cwd = makeProject(directory, {
          'package.json': { name: '@acme/tool', version: '1.2.3-rc.4', type: 'module' },
          'main.ts': 'console.log("hello")',
        })
        file = (await ingotBuild(['main.ts', '--target', target, '-o', 'tool'], { cwd })).out
        node = (await resolveRuntime({ kind: 'npm', version: '26' }, target, { projectDir: cwd })).file
      })

      test('LLVM reads headers, sections, symbols and libraries', async () => {
        const headers = await llvm('objdump', ['--macho', '--private-headers', file])
        assert.match(headers, /segname NODE_SEA\n/)
        assert.match(headers, /sectname __NODE_SEA_BLOB\n/)
        await llvm('otool', ['-l', file])
        await llvm('readobj', ['--file-headers', '--sections', '--needed-libs', file])
        assert.match(await llvm('nm', ['-gU', file]), / T _napi_create_function\n/)
        assert.match(await llvm('objdump', ['--macho', '--info-plist', file]), /<string>acme\.tool<\/string>/)
      })

      test('dyld fixes up, exports and calls what it does in node itself', async () => {
        for (const what of ['--dyld-info', '--exports-trie', '--function-starts', '--dylibs-used']) {
          const [ours, theirs] = await Promise.all(
            [file, node].map((each) => llvm('objdump', ['--macho', what, each])),
          )
          assert(ours!.length > 100 && ours === theirs, what)
        }
        const fixups = await llvm('objdump', ['--macho', '--chained-fixups', file])
        assert.match(
          fixups,
          /seg_count = 6\n.*__PAGEZERO.*__TEXT.*__DATA_CONST.*__DATA.* = 0 \(NODE_SEA\).* = 0 \(__LINKEDIT\)/s,
        )
        // Indirect symbols have other numbers now, and the same names.
        const calls = await Promise.all(
          [file, node].map((each) => llvm('objdump', ['--macho', '--indirect-symbols', each])),
        )
        const [ours, theirs] = calls.map((text) => text.replaceAll(/^(0x\w+)\s+\d+ /gm, '$1 '))
        assert.equal(ours, theirs)
      })

      test('Apple’s order of tables in __LINKEDIT is kept, and there is no gap between them', async () => {
        const headers = await llvm('objdump', ['--macho', '--private-headers', file])
        const numbers = (pattern: RegExp) => pattern.exec(headers)!.slice(1).map(Number)
        const ofData = (command: string) =>
          numbers(new RegExp(`${command}\\n +cmdsize 16\\n +dataoff (\\d+)\\n +datasize (\\d+)`))
        const [symbols, count, strings, length] = numbers(
          /symoff (\d+)\n +nsyms (\d+)\n +stroff (\d+)\n +strsize (\d+)/,
        )
        const [indirect, indirectCount] = numbers(/indirectsymoff (\d+)\n +nindirectsyms (\d+)/)
        const tables = [
          ofData('LC_DYLD_CHAINED_FIXUPS'),
          ofData('LC_DYLD_EXPORTS_TRIE'),
          ofData('LC_FUNCTION_STARTS'),
          ofData('LC_DATA_IN_CODE'),
          [symbols, count! * 16],
          [indirect, indirectCount! * 4],
          [strings, length],
          ofData('LC_CODE_SIGNATURE'),
        ] as [offset: number, size: number][]
        const [start, size] = numbers(/segname __LINKEDIT\n.*?fileoff (\d+)\n +filesize (\d+)/s)
        let end = start
        for (const [offset, length] of tables) {
          assert.equal(offset, end)
          end = offset + length
        }
        assert.equal(end, start! + size!)
      })

      test('what strip -S makes of it is read again', async () => {
        const stripped = path.join(directory, 'stripped')
        await llvm('strip', ['-S', '-o', stripped, file])
        assert.match(
          await llvm('objdump', ['--macho', '--private-headers', stripped]),
          /sectname __NODE_SEA_BLOB\n/,
        )
      })

      test('every page has its hash, and the signature what V8 needs', async () => {
        const bytes = readFileSync(file)
        const headers = await llvm('objdump', ['--macho', '--private-headers', file])
        const [, offset] = /LC_CODE_SIGNATURE\n +cmdsize 16\n +dataoff (\d+)/.exec(headers)!.map(Number)
        const { directory, blobs } = assertSigned(bytes, offset!)
        assert.equal(directory.identifier, 'acme.tool')
        assert.equal(directory.flags, 0x10002, 'ad hoc, hardened runtime')
        assert.equal(blobs.get(2)!.toString('hex'), 'fade0c010000000c00000000', 'no requirements')
        const names = [
          ...blobs
            .get(5)!
            .toString()
            .matchAll(/<key>com\.apple\.security\.cs\.(.*)<\/key>/g),
        ].map(([, name]) => name)
        assert.deepEqual(names, [
          'allow-jit',
          'allow-unsigned-executable-memory',
          'disable-library-validation',
        ])
        const printed = await ingot(['inspect', '--entitlements', file])
        assert.equal(printed.stdout, blobs.get(5)!.subarray(8).toString())
      })

      test('verify finds it sound, and names what is damaged', async () => {
        assert.match(
          (await ingot(['verify', file])).stdout,
          /^sound .*\ncdhash +sha256:[0-9a-f]{64}\nsigned +ad hoc, as acme\.tool\n/,
        )
        const { info, signature, parts, size } = JSON.parse((await ingot(['inspect', '--json', file])).stdout)
        assert.deepEqual(
          [info.target, signature.identifier, size],
          [target, 'acme.tool', statSync(file).size],
        )
        const { runtime, bootstrap, program, seal } = parts
        assert(size - (runtime + bootstrap + program + seal) < 0x8000, 'what is left is padding')
        const damaged = path.join(directory, 'damaged')
        copyFileSync(file, damaged)
        const bytes = readFileSync(damaged)
        const at = bytes.lastIndexOf('console.log("hello")')
        bytes[at]! ^= 1
        writeFileSync(damaged, bytes)
        const { status, stderr } = await ingot(['verify', damaged])
        assert.equal(status, 1)
        assert.match(
          stderr,
          new RegExp(`at byte 0x${(at - (at % 4096)).toString(16)}  its program is damaged`),
        )
      })

      test('what only other targets have is an error that says so', async () => {
        for (const [args, code] of [
          [['fuse', file], 'FUSE_TARGET'],
          [['sign', file, '--key', 'key.pem'], 'SIGNATURE_OF_SYSTEM'],
          [['verify', file, '--key', 'key.pem'], 'SIGNATURE_OF_SYSTEM'],
        ] as const) {
          const { status, stderr } = await ingot(args)
          assert.equal(status, 1)
          assert(stderr.includes(code), stderr)
        }
      })

      if (THOROUGH)
        test('the same bytes in another directory', async () => {
          const cwd = makeProject(temporaryDirectory(), {
            'package.json': { name: '@acme/tool', version: '1.2.3-rc.4', type: 'module' },
            'main.ts': 'console.log("hello")',
          })
          const again = await ingotBuild(['main.ts', '--target', target, '-o', 'tool'], { cwd })
          assert(readFileSync(again.out).equals(readFileSync(file)))
        })
    })
}

if (THOROUGH)
  test('a program for macOS does what plain node does, in a node of this system', async () => {
    const cwd = path.join(temporaryDirectory(), 'project')
    cpSync(FIXTURE, cwd, { recursive: true })
    const include = ['--include', 'data.json', '--include', 'dependency.cjs']
    const { out } = await ingotBuild(['main.mjs', ...include, '--target', 'darwin-x64', '-o', 'tool'], {
      cwd,
    })
    const bytes = readFileSync(out)
    const segment = readMachO(bytes, out).segments.find(({ name }) => name === 'NODE_SEA')!
    const { fileOffset, size } = segment.sections[0]!
    const here = path.join(cwd, 'here')
    writeNodeWithBlob(bytes.subarray(fileOffset, fileOffset + size), here)
    // A start is told nothing by what the environment says to node.
    const env = { ...process.env, NODE_OPTIONS: '--require=/none.js' }
    const { status, stdout, stderr } = await run(here, ['--version', 'b'], { cwd: '/', env })
    assert.deepEqual([status, stderr], [0, ''])
    const data = { answer: 42 }
    assert.deepEqual(JSON.parse(stdout), {
      file: '/dev/null/app/main.mjs',
      names: ['data.json', 'dependency.cjs', 'main.mjs', 'package.json'],
      args: ['--version', 'b'],
      execArgv: [],
      results: [data, data, ['as child', data], '/dev/null/app/dependency.cjs'],
    })
  })

test('identifier, entitlements and Info.plist are the configuration’s', async () => {
  const cwd = makeProject(temporaryDirectory(), {
    'package.json': {
      name: 'tool',
      type: 'module',
      ingot: {
        target: 'darwin-arm64',
        darwin: {
          identifier: 'com.example.tool',
          infoPlist: 'my.plist',
          entitlements: ['com.apple.security.device.camera'],
        },
      },
    },
    'my.plist': '<plist version="1.0"><dict/></plist>\n',
    'main.ts': '',
  })
  const { out } = await ingotBuild(['main.ts', '-o', 'tool'], { cwd })
  assert.equal(
    await llvm('objdump', ['--macho', '--info-plist', out]),
    '<plist version="1.0"><dict/></plist>\n\n',
  )
  const { signature } = JSON.parse((await ingot(['inspect', '--json', out])).stdout)
  assert.equal(signature.identifier, 'com.example.tool')
  assert.match(signature.entitlements, /device\.camera/)
  assert.match(signature.entitlements, /allow-jit/)
})

test('what a build for macOS cannot do is an error that says what can', async () => {
  const cwd = makeProject(temporaryDirectory(), {
    'package.json': {
      name: 'tool',
      type: 'module',
      ingot: { target: 'darwin-arm64', darwin: { infoPlist: 'none.plist' } },
    },
    'main.ts': '',
    'key.pem': '',
  })
  assert.equal((await ingotFails(['main.ts'], { cwd })).error.code, 'INFO_PLIST_UNREADABLE')
  writeFileSync(path.join(cwd, 'none.plist'), Buffer.alloc(100_000, ' '))
  assert.equal((await ingotFails(['main.ts'], { cwd })).error.code, 'INFO_PLIST_TOO_LARGE')
  assert.equal(
    (await ingotFails(['main.ts', '--sign', 'key.pem'], { cwd })).error.code,
    'SIGNATURE_OF_SYSTEM',
  )
  const bytes = Buffer.from('not a Mach-O file')
  writeFileSync(path.join(cwd, 'node'), bytes)
  const { error } = await ingotFails(['main.ts', '--runtime', './node'], { cwd })
  assert.match(error.code, /^(?:RUNTIME|IMAGE)_/)
})

/** A program in assembly that calls a library, links against a stub of it, and has the fuse. */
const ASSEMBLY: Record<string, string> = {
  arm64:
    'stp x29, x30, [sp, #-16]!\n adrp x0, fuse@PAGE\n add x0, x0, fuse@PAGEOFF\n bl _puts\n ldp x29, x30, [sp], #16\n mov w0, #0\n ret',
  x86_64: 'pushq %rbp\n leaq fuse(%rip), %rdi\n callq _puts\n xorl %eax, %eax\n popq %rbp\n retq',
}
const STUB = `--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/usr/lib/libSystem.B.dylib'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ _puts, dyld_stub_binder ]
...
`

for (const arch of ['arm64', 'x86_64']) {
  for (const fixups of ['-fixup_chains', '-no_fixup_chains']) {
    if (!THOROUGH && (arch !== 'arm64' || fixups !== '-fixup_chains')) continue
    test(`what lld links for ${arch} with ${fixups} is linked with a blob, too`, async () => {
      const directory = temporaryDirectory()
      const at = (name: string) => path.join(directory, name)
      writeFileSync(at('libSystem.tbd'), STUB)
      writeFileSync(
        at('main.s'),
        `.text\n.globl _main\n.p2align 2\n_main:\n ${ASSEMBLY[arch]}\n.cstring\nfuse: .asciz "${FUSE}"\n.data\n.globl _table\n_table: .quad _main\n .quad _puts\n`,
      )
      const triple = `${arch}-apple-macos13`
      const assembled = await run('llvm-mc-19', [
        '-triple',
        triple,
        '-filetype=obj',
        at('main.s'),
        '-o',
        at('main.o'),
      ])
      assert.equal(assembled.stderr, '')
      const platform = [
        '-arch',
        arch,
        '-platform_version',
        'macos',
        '13.0',
        '13.0',
        fixups,
        '-headerpad',
        '0x400',
      ]
      const linked = await run('ld64.lld-19', [
        ...platform,
        '-o',
        at('node'),
        at('main.o'),
        at('libSystem.tbd'),
      ])
      assert.equal(linked.stderr, '')

      const node = readMachO(readFileSync(at('node')), 'node')
      const blob = readSeaBlob(makeBlob(), 'blob')
      const file = assemble(linkMachO({ node, blob }), { payload: Buffer.alloc(70_000, 'p') })
      writeFileSync(at('out'), file)
      const headers = await llvm('objdump', ['--macho', '--private-headers', at('out')])
      const [, offset] = /LC_CODE_SIGNATURE\n +cmdsize 16\n +dataoff (\d+)/.exec(headers)!.map(Number)
      assertSigned(file, offset!)
      const infos = fixups === '-fixup_chains' ? ['--dyld-info'] : ['--rebase', '--bind', '--lazy-bind']
      for (const what of [...infos, '--exports-trie']) {
        const [ours, theirs] = await Promise.all(
          ['out', 'node'].map((name) => llvm('objdump', ['--macho', what, at(name)])),
        )
        assert.equal(ours, theirs, what)
      }
      assert.match(await llvm('nm', ['-gm', at('out')]), /external _puts/)
      await llvm('strip', ['-S', '-o', at('stripped'), at('out')])
    })
  }
}
