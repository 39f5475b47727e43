// `ingot inspect` and `ingot licenses`: what an executable is, from its bytes. It is never run, little of it is read, and
// nothing that it says of itself is believed.

import assert from 'node:assert/strict'
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import fc from 'fast-check'

import { BuildError } from '../../src/base/diagnostics.ts'
import { ArchiveHeader } from '../../src/format/archive.ts'
import { LaunchTable } from '../../src/image/elf/layout.ts'
import { readElf } from '../../src/image/elf/read.ts'
import { FileHeader, IDENT_SIZE } from '../../src/image/elf/structs.ts'
import { inspect, noticesOf, type Inspection } from '../../src/inspect.ts'
import { readEntries } from '../../src/inspect/read-executable.ts'
import { ingot, ingotBuild } from '../support/commands.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

const PROJECT = {
  'package.json': {
    name: 'shop',
    version: '2.0.0',
    license: 'MIT',
    type: 'module',
    dependencies: { dep: '*' },
  },
  'main.ts': `import 'dep'\nconsole.log('hello')`,
  'node_modules/dep/package.json': { name: 'dep', version: '1.0.0', license: 'ISC' },
  'node_modules/dep/index.js': '',
  'node_modules/dep/LICENSE': 'You may use dep.\r\n',
  'node_modules/dep/license.js': 'this is no licence',
  'node_modules/dep/LICENSES/Other.txt': 'And this, too.',
}

suite('ingot inspect', () => {
  const work = temporaryDirectory()
  const cold = path.join(work, 'cold')
  const frozen = path.join(work, 'frozen')
  let project: string

  before(async () => {
    project = makeProject(work, PROJECT)
    // The node that this test compares with: there may be newer ones.
    const runtime = ['--runtime', `node@${process.versions.node}`]
    await ingotBuild(['main.ts', '--start', 'cold', '-o', cold, ...runtime], { cwd: project })
    await ingotBuild(['main.ts', '--start', 'frozen', '-o', frozen, ...runtime], { cwd: project })
  })

  test('it says what is inside, how it starts, and where its bytes are', () => {
    for (const [file, start] of [
      [cold, 'cold'],
      [frozen, 'frozen'],
    ] as const) {
      const inspection = inspect(file)
      const { info, parts, size } = inspection
      assert.deepEqual([inspection.start, size], [start, statSync(file).size])
      assert.deepEqual(
        [info.program.name, info.program.version, info.program.license],
        ['shop', '2.0.0', 'MIT'],
      )
      assert.deepEqual(
        info.packages.map((one) => [one.name, one.version, one.license, one.notices]),
        [['dep', '1.0.0', 'ISC', ['You may use dep.', 'And this, too.']]],
      )
      assert.equal(info.runtime.version, process.versions.node)
      assert.equal(parts.frozen > 0, start === 'frozen')
      // All of the file, but for what puts the parts on pages.
      const sum = Object.values(parts).reduce((total, part) => total + part, 0) - parts.info
      assert(sum <= size && sum > size - 0x20_000, `parts of ${sum} in ${size} bytes`)
      assert.deepEqual(inspection.reproducible.unless.length, start === 'frozen' ? 1 : 0)
    }
  })

  test('the files inside are where it says', () => {
    const entries = readEntries(cold)
    const bytes = readFileSync(cold)
    const main = entries.find((entry) => entry.path === 'main.ts')!
    assert.equal(bytes.toString('utf8', main.fileOffset, main.fileOffset + main.size), PROJECT['main.ts'])
    assert.equal(entries.length, inspect(cold).entryCount)
  })

  test('of 200 MB it reads less than two', async () => {
    const assets = makeProject(work, { ...PROJECT, 'asset.bin': '' })
    truncateSync(path.join(assets, 'asset.bin'), 90_000_000)
    const large = path.join(work, 'large')
    const args = ['main.ts', '--include', 'asset.bin', '--start', 'cold', '-o', large]
    await ingotBuild(args, { cwd: assets })
    assert(statSync(large).size > 200_000_000)
    inspect(large) // loads what is needed
    const read = bytesReadBy(() => inspect(large))
    assert(read > 0 && read < 100_000, `${read} bytes`)
    const { stdout } = await ingot(['inspect', large, '--json'])
    assert.equal((JSON.parse(stdout) as Inspection).size, statSync(large).size)
  })

  test('a file that cannot be run is inspected, too', () => {
    const copy = path.join(work, 'no-program')
    copyFileSync(cold, copy, constants.COPYFILE_FICLONE)
    chmodSync(copy, 0o400)
    assert.equal(inspect(copy).info.program.name, 'shop')
  })

  test('licences and notices, each text once', async () => {
    const notices = noticesOf(cold)
    const of = (name: string) => notices.find((notice) => notice.of.some((one) => one.startsWith(name)))?.text
    assert.match(of('node 26')!, /Node\.js is licensed for use as follows/)
    assert.match(of('libc6')!, /GNU LESSER GENERAL PUBLIC LICENSE|Lesser General Public/i)
    assert.match(of('gcc-12-base')!, /GCC RUNTIME LIBRARY EXCEPTION/i)
    assert.match(of('ingot ')!, /^MIT License/)
    assert.equal(of('dep 1.0.0 (ISC)'), 'You may use dep.')
    assert.equal(new Set(notices.map(({ text }) => text)).size, notices.length)
    const { stdout } = await ingot(['licenses', cold])
    for (const { of, text } of notices)
      assert(stdout.includes(`${of.join('\n')}\n`) && stdout.includes(text!))
  })

  test('what is no executable of Ingot is refused', async () => {
    const directory = path.join(work, 'directory')
    mkdirSync(directory)
    const text = path.join(project, 'main.ts')
    for (const [file, code] of [
      [path.join(work, 'missing'), 'INSPECT_UNREADABLE'],
      [directory, 'INSPECT_UNREADABLE'],
      [text, 'IMAGE_NOT_ELF'],
      ['/dev/null', 'INSPECT_UNREADABLE'],
      [process.execPath, 'IMAGE_NOT_INGOT'],
    ] as const) {
      assert.throws(() => inspect(file), { name: 'BuildError', code })
      for (const command of ['inspect', 'licenses']) {
        const { status, stdout } = await ingot([command, file, '--json'])
        assert.deepEqual([status, JSON.parse(stdout).error.code], [1, code])
      }
    }
    const { status, stderr } = await ingot(['inspect'])
    assert.equal(status, 2)
    assert.match(stderr, /error CLI_ARGUMENT/)
  })

  suite('damage', () => {
    const damaged = path.join(work, 'damaged')
    let places: Places

    before(() => {
      copyFileSync(cold, damaged, constants.COPYFILE_FICLONE)
      chmodSync(damaged, 0o600)
      places = placesIn(readFileSync(damaged))
    })

    test('each field that leads somewhere', () => {
      const u64 = (value: number) => {
        const bytes = Buffer.alloc(8)
        bytes.writeBigUInt64LE(BigInt(value))
        return bytes
      }
      const beyond = u64(2 ** 40)
      const { table, archive, info } = places
      const elf = (field: Parameters<typeof FileHeader.offsetOf>[0]) =>
        IDENT_SIZE + FileHeader.offsetOf(field)
      for (const [offset, bytes, code, at] of [
        [0, Buffer.from('no'), 'IMAGE_NOT_ELF', 0],
        [4, Buffer.from([1]), 'IMAGE_WRONG_TARGET', 4],
        [elf('programHeaderOffset'), beyond, 'IMAGE_NOT_INGOT', elf('programHeaderOffset')],
        [elf('programHeaderSize'), Buffer.from([1]), 'IMAGE_NOT_INGOT', elf('programHeaderOffset')],
        [elf('programHeaderCount'), Buffer.from([0]), 'IMAGE_NOT_INGOT', table],
        [table, Buffer.alloc(8), 'IMAGE_NOT_INGOT', table],
        [
          table + LaunchTable.offsetOf('payloadSize'),
          beyond,
          'INSPECT_DAMAGED',
          table + LaunchTable.offsetOf('payloadSize'),
        ],
        [
          table + LaunchTable.offsetOf('sealSize'),
          beyond,
          'INSPECT_DAMAGED',
          table + LaunchTable.offsetOf('sealSize'),
        ],
        [
          table + LaunchTable.offsetOf('isDevelopment'),
          u64(1),
          'INSPECT_DEVELOPMENT',
          table + LaunchTable.offsetOf('isDevelopment'),
        ],
        [archive, Buffer.alloc(4), 'INSPECT_DAMAGED', archive],
        [archive + 4, Buffer.from([99]), 'INSPECT_NOT_INGOT', archive + 4],
        ...(['size', 'infoOffset', 'manifestOffset'] as const).map(
          (field) =>
            [
              archive + ArchiveHeader.offsetOf(field),
              beyond,
              'INSPECT_DAMAGED',
              archive + ArchiveHeader.offsetOf(field),
            ] as const,
        ),
        [archive + ArchiveHeader.offsetOf('infoSize'), u64(0), 'INSPECT_NO_INFO', info],
        [info + 20, Buffer.from('damage'), 'INSPECT_DAMAGED', info],
      ] as const) {
        withBytes(damaged, offset, bytes, () =>
          assert.throws(
            () => inspect(damaged),
            (error: BuildError) => {
              assert.deepEqual([error.code, error.at], [code, { file: damaged, offset: at }])
              return true
            },
          ),
        )
      }
      assert.equal(inspect(damaged).info.program.name, 'shop')
    })

    test('anything, anywhere in what is read', () => {
      const { table, archive, info, size } = places
      const start = fc.constantFrom(0, table, table + 512, archive, info)
      const damage = fc.record({
        offset: fc.tuple(start, fc.nat(1500)).map(([from, delta]) => Math.min(from + delta, size - 8)),
        bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
      })
      fc.assert(
        fc.property(damage, ({ offset, bytes }) =>
          withBytes(damaged, offset, bytes, () => readsOrSays(damaged)),
        ),
        { seed: 26, numRuns: THOROUGH ? 3000 : 500 },
      )
    })

    test('the end is missing', () => {
      // From the end to the start, as each takes away more of the one file.
      const { size, archive, table } = places
      const cuts = [
        size - 1,
        size - 4096,
        archive + 100,
        archive,
        table + 100,
        table,
        10_000,
        64,
        63,
        16,
        3,
        0,
      ]
      for (const cut of cuts) {
        truncateSync(damaged, cut)
        assert.throws(
          () => inspect(damaged),
          (error: BuildError) => {
            assert.match(error.code, /^(?:INSPECT_DAMAGED|INSPECT_NOT_INGOT|IMAGE_NOT_INGOT|IMAGE_NOT_ELF)$/)
            assert(error.at!.offset! <= cut)
            return true
          },
        )
      }
    })
  })
})

/** By this process. */
function bytesReadBy(act: () => void): number {
  const count = () => Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'latin1'))![1])
  const own = count()
  const between = count() - own
  const before = count()
  act()
  return count() - before - between
}

/** What is wrong is a BuildError that says where. */
function readsOrSays(file: string): void {
  for (const read of [inspect, readEntries, noticesOf]) {
    try {
      read(file)
    } catch (error) {
      assert(error instanceof BuildError, String((error as Error).stack))
      assert.match(error.code, /^(?:INSPECT|IMAGE)_/)
      const { offset } = error.at!
      assert(offset !== undefined && offset >= 0 && offset <= statSync(file).size)
    }
  }
}

function withBytes(file: string, offset: number, bytes: Uint8Array, act: () => void): void {
  const descriptor = openSync(file, 'r+')
  const before = Buffer.alloc(bytes.length)
  readSync(descriptor, before, 0, before.length, offset)
  writeSync(descriptor, bytes, 0, bytes.length, offset)
  try {
    act()
  } finally {
    writeSync(descriptor, before, 0, before.length, offset)
    closeSync(descriptor)
  }
}

/** File offsets. */
interface Places {
  readonly table: number
  readonly archive: number
  readonly info: number
  readonly size: number
}

function placesIn(bytes: Buffer): Places {
  const { header } = readElf(bytes, 'executable')
  // The headers are in the page that the launch table begins.
  const table = header.programHeaderOffset - (header.programHeaderOffset % 4096)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const { payloadFileOffset: archive } = LaunchTable.read(view, table)
  const info = archive + ArchiveHeader.read(view, archive).infoOffset
  return { table, archive, info, size: bytes.length }
}
